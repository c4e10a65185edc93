import type { JsonValue } from '@orgo/core';
import { canonical, compareText } from '@orgo/core';
import {
  defaultPackPolicy,
  type IngestPolicy,
  IngestPolicySchema,
  type MandateBundle,
  type MandatePolicy,
  type PackPolicy,
  PackPolicySchema,
  type PolicySelection,
  policyProblems,
  type ResolutionPolicy,
  ResolutionPolicySchema,
  type StageResult,
  stageRefusal,
  type ValidationPolicy,
  ValidationPolicySchema,
} from '@orgo/kristal';

/** What the mandate's policies say about each stage that reads policy, defaults filled in. */
export type EffectivePolicies = {
  governance: PolicySelection[];
  ingest: IngestPolicy;
  resolution: ResolutionPolicy;
  validation: ValidationPolicy;
  pack: PackPolicy;
};

const defaultIngest: IngestPolicy = { on_poison: 'stop', access_class: 'public' };

const defaultResolution: ResolutionPolicy = {
  ruleset_id: 'orgo.resolution-ladder@1',
  resolved_min_bp: 8500,
  gap_min_bp: 500,
  unresolved_below_bp: 4000,
  popularity_high_bp: 9000,
  context_low_bp: 2000,
  top_k_entity: 20,
  top_k_property: 10,
};

/** Members of each stage's policy. A mandate that names another parameter for the stage is invalid: a typo must not mean "default". */
const sections = {
  ingest: Object.keys(IngestPolicySchema.shape),
  resolve: Object.keys(ResolutionPolicySchema.shape),
  validate: Object.keys(ValidationPolicySchema.shape),
  'compile-pack': Object.keys(PackPolicySchema.shape),
} as const satisfies Record<string, readonly string[]>;
type Section = keyof typeof sections;

const strength = { MUST: 2, SHOULD: 1, MAY: 0 } as const;

/** A policy is in force from `effective_from` on and before `effective_to`. Both carry their zone, so no local time enters. */
function inForce(policy: MandatePolicy, asOf: string): boolean {
  const at = Date.parse(asOf);
  const from = policy.effective_from === undefined || Date.parse(policy.effective_from) <= at;
  return from && (policy.effective_to === undefined || at < Date.parse(policy.effective_to));
}

/**
 * Folds the policies in force at `asOf` into one policy per stage.
 * A stronger enforcement decides between two values; equal strength and other value is POLICY_CONFLICT. Refuses with
 * MANDATE_NOT_EFFECTIVE where nothing in force pins validation, MANDATE_INVALID for unknown or ill-formed parameters.
 */
export function effectivePolicies(bundle: MandateBundle, asOf: string): StageResult<EffectivePolicies> {
  const policies = bundle.policies.filter((policy) => inForce(policy, asOf));
  if (policies.length === 0)
    return stageRefusal('MANDATE_NOT_EFFECTIVE', `no policy of ${bundle.bundle_id} is in force`);
  const unknown = policies.map(unknownParameter).find((name) => name !== undefined);
  if (unknown !== undefined) return stageRefusal('MANDATE_INVALID', `unknown policy parameter ${unknown}`);

  const merged = {} as Record<Section, Record<string, JsonValue>>;
  for (const section of Object.keys(sections) as Section[]) {
    const values = mergeSection(policies, section);
    if (!values.ok) return values;
    merged[section] = values.value;
  }
  if (merged.validate.profile === undefined) {
    return stageRefusal('MANDATE_NOT_EFFECTIVE', 'no policy in force pins a validation profile');
  }
  const ingest = IngestPolicySchema.safeParse({ ...defaultIngest, ...merged.ingest });
  const resolution = ResolutionPolicySchema.safeParse({ ...defaultResolution, ...merged.resolve });
  const validation = ValidationPolicySchema.safeParse(merged.validate);
  const pack = PackPolicySchema.safeParse({ ...defaultPackPolicy, ...merged['compile-pack'] });
  if (!ingest.success) return invalid('ingest', ingest.error);
  if (!resolution.success) return invalid('resolve', resolution.error);
  if (!validation.success) return invalid('validate', validation.error);
  if (!pack.success) return invalid('compile-pack', pack.error);
  const [problem] = policyProblems(pack.data);
  if (problem) return stageRefusal('POLICY_CONFLICT', `pack policy ${problem.part}=${problem.value} is ${problem.why}`);

  return {
    ok: true,
    value: {
      governance: policies.map(selectionOf).sort(byIdentity),
      ingest: ingest.data,
      resolution: resolution.data,
      validation: validation.data,
      pack: pack.data,
    },
  };
}

/** By id, then version, then everything else: two policies under one name still have one order. */
function byIdentity(a: PolicySelection, b: PolicySelection): number {
  return (
    compareText(a.policy_id, b.policy_id) ||
    compareText(a.version, b.version) ||
    compareText(canonical(a), canonical(b))
  );
}

function selectionOf(policy: MandatePolicy): PolicySelection {
  return {
    policy_id: policy.policy_id,
    version: policy.version,
    enforcement: policy.enforcement,
    stages: [...(policy.applies_to?.stages ?? [])].sort(compareText),
    parameters: policy.parameters ?? {},
  };
}

/** The first parameter of a policy that none of its stages knows. Policies of stages outside this table are not ours to judge. */
function unknownParameter(policy: MandatePolicy): string | undefined {
  const stages = policy.applies_to?.stages ?? [];
  if (stages.length === 0 || stages.some((stage) => !(stage in sections))) return undefined;
  const known = new Set(stages.flatMap((stage): readonly string[] => sections[stage as Section]));
  const name = Object.keys(policy.parameters ?? {}).find((key) => !known.has(key));
  return name === undefined ? undefined : `${policy.policy_id}/${name}`;
}

function mergeSection(policies: readonly MandatePolicy[], section: Section): StageResult<Record<string, JsonValue>> {
  const chosen = new Map<string, { value: JsonValue; by: MandatePolicy }>();
  for (const policy of policies) {
    if (policy.applies_to?.stages && !policy.applies_to.stages.includes(section)) continue;
    for (const name of sections[section]) {
      const value = policy.parameters?.[name];
      if (value === undefined) continue;
      const other = chosen.get(name);
      const margin = other ? strength[policy.enforcement] - strength[other.by.enforcement] : 1;
      if (margin > 0) chosen.set(name, { value, by: policy });
      else if (margin === 0 && other && canonical(other.value) !== canonical(value)) {
        return stageRefusal(
          'POLICY_CONFLICT',
          `${section}.${name}: ${other.by.policy_id} and ${policy.policy_id} say different things with equal force`,
        );
      }
    }
  }
  return { ok: true, value: Object.fromEntries([...chosen].map(([name, { value }]) => [name, value])) };
}

function invalid(stage: string, error: { issues: { message: string; path: PropertyKey[] }[] }) {
  const [issue] = error.issues;
  return stageRefusal('MANDATE_INVALID', `${stage} policy: ${issue?.path.join('.')} ${issue?.message}`);
}
