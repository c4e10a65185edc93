import {
  type ArtifactRef,
  type BuildOutcome,
  type BuildRecord,
  buildOutcomes,
  type Digest,
  digestSchema,
  type GateDecision,
  nativeAlone,
  schemasUsedSchema,
  triggerTypes,
} from '@orgo/contracts';
import { canonical, type JsonValue, ok, type Result, refuse } from '@orgo/core';
import { acceptedOutputs, type ReadArtifact, type RecordArtifacts, readRecordArtifacts } from './record-artifacts.ts';
import { type RecordBody, withHashes } from './record-hash.ts';

/** A decision of a build as the log holds it. */
export type SealedLeaf = { index: number; digest: Digest; decision: GateDecision };

type Trigger = BuildRecord['trigger'];

/** How the gatekeeper closes the build: what the RECORD decision will say, and says afterwards. */
export type RecordClosing = {
  outcome: BuildOutcome;
  reason_codes: string[];
  trigger: Trigger;
  rerun_of: string | null;
  /** Artifacts that could not be read when the build was closed, sorted: no fold reads them, and what they would say is empty. */
  unreadable: Digest[];
};

/** Everything a record is folded from. `leaves` are those of the build, in log order, without the RECORD decision and what came after it. */
export type RecordSource = {
  tenant_id: string;
  build_id: string;
  origin: string;
  closing: RecordClosing;
  leaves: readonly SealedLeaf[];
  read: ReadArtifact;
};

const isObject = (value: unknown): value is Record<string, JsonValue> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Sorted and each once, so that a closing has one form; undefined for anything else. */
function unreadableIn(value: JsonValue | undefined): Digest[] | undefined {
  if (value === undefined) return [];
  if (!Array.isArray(value) || !value.every((ref) => digestSchema.safeParse(ref).success)) return undefined;
  const refs = value as Digest[];
  return refs.every((ref, i) => i === 0 || (refs[i - 1] as Digest) < ref) ? refs : undefined;
}

/** Reads the closing from the detail of a RECORD decision or from a fold request. Refuses with `CLAIM_MALFORMED`. */
export function closingOf(detail: unknown, reasonCodes: readonly string[]): Result<RecordClosing> {
  if (!isObject(detail) || !isObject(detail.trigger)) return refuse('CLAIM_MALFORMED', 'no closing');
  const outcome = buildOutcomes.find((known) => known === detail.outcome);
  const type = triggerTypes.find((known) => known === (detail.trigger as Record<string, JsonValue>).type);
  const { actor, reason } = detail.trigger;
  const rerun_of = detail.rerun_of ?? null;
  if (outcome === undefined || type === undefined || typeof actor !== 'string' || typeof reason !== 'string')
    return refuse('CLAIM_MALFORMED', 'no closing');
  if (rerun_of !== null && typeof rerun_of !== 'string') return refuse('CLAIM_MALFORMED', 'no closing');
  const unreadable = unreadableIn(detail.unreadable);
  if (unreadable === undefined) return refuse('CLAIM_MALFORMED', 'what is unreadable is no sorted list of digests');
  return ok({ outcome, reason_codes: [...reasonCodes], trigger: { type, actor, reason }, rerun_of, unreadable });
}

/** The leaves that a record is folded from, and the RECORD decision if it was given: what comes after it is no part of the record. */
export function splitAtRecord(leaves: readonly SealedLeaf[]): { leaves: SealedLeaf[]; record: SealedLeaf | null } {
  const at = leaves.findIndex((leaf) => leaf.decision.kind === 'RECORD');
  return at < 0
    ? { leaves: [...leaves], record: null }
    : { leaves: leaves.slice(0, at), record: leaves[at] as SealedLeaf };
}

/**
 * Folds the Build Record of a build from its sealed decisions and the artifacts they name (BR-01 to BR-18). Nothing else enters, so whoever
 * holds the evidence gets the same bytes. Refuses with `RECORD_NOT_FOUND` (never admitted), `GATE_EVIDENCE_MISSING` (also for a build that is said to have
 * completed although something could not be read) or `GATE_CONTRACT_INVALID`.
 */
export function foldRecord(source: RecordSource): Result<BuildRecord> {
  const { leaves, closing } = source;
  const decisions = leaves.map((leaf) => leaf.decision);
  const admission = decisions.find((decision) => decision.kind === 'ADMISSION');
  const [first] = leaves;
  const last = leaves.at(-1);
  if (admission === undefined || first === undefined || last === undefined)
    return refuse('RECORD_NOT_FOUND', 'no admission of that build is in the log');
  if (closing.outcome === 'COMPLETED' && closing.unreadable.length > 0)
    return refuse('GATE_EVIDENCE_MISSING', `no build completed with ${closing.unreadable[0]} unreadable`);
  const artifacts = readRecordArtifacts(decisions, source.read, closing.unreadable);
  if (!artifacts.ok) return artifacts;
  const { pipeline, context, snapshots, packManifest } = artifacts.value;
  const stages = stageRows(leaves);
  const validation = validationOf(decisions, artifacts.value);
  const body: RecordBody = {
    schema_version: '2.0.0',
    tenant_id: source.tenant_id,
    build_id: source.build_id,
    outcome: closing.outcome,
    reason_codes: closing.reason_codes,
    created_at: admission.at,
    ended_at: last.decision.at,
    as_of: admission.as_of,
    trigger: closing.trigger,
    rerun_of: closing.rerun_of,
    mandate_ref: admission.mandate_ref,
    pipeline: {
      pipeline_id: pipeline?.pipeline_id ?? 'unreadable',
      version: pipeline?.version ?? '0.0.0',
      ref: admission.pipeline_ref,
    },
    toolchain: toolchainOf(admission, stages),
    contract_profile: context === null ? null : (plain(context.contract_profile) as Record<string, JsonValue>),
    schemas: schemasOf(admission),
    inputs: {
      admitted: admission.inputs,
      snapshot_set_ref: refOf(decisions, 'snapshot-set')?.ref ?? null,
      snapshots: (snapshots?.snapshots ?? []).map((snapshot) => snapshot.ref as Digest),
      resources: Object.values(context?.resources ?? {}) as ArtifactRef[],
    },
    policy_selections: plain(context?.governance ?? []) as Record<string, JsonValue>[],
    kristal_policy_selections:
      context === null ? null : { pinned: plain(context.pack), compiled: plain(packManifest?.policies ?? null) },
    compiler: compilerOf(artifacts.value),
    stages,
    outputs: {
      validation,
      kristal: validation.status === 'PASS' && closing.outcome === 'COMPLETED' ? kristalOf(decisions) : null,
    },
    decisions: leaves.map(({ digest, index, decision: { kind, verdict, stage, attempt } }) => ({
      digest,
      log_index: index,
      kind,
      verdict,
      stage,
      attempt,
    })),
    log: { origin: source.origin, first_index: first.index, last_index: last.index },
    trust_root_version: Math.max(...decisions.map((decision) => decision.root_version)),
  };
  return ok(withHashes(body));
}

/** Members that a parser left `undefined` are absent, as in the bytes. */
const plain = (value: unknown): JsonValue => JSON.parse(JSON.stringify(value)) as JsonValue;

const refOf = (decisions: readonly GateDecision[], kind: string): ArtifactRef | undefined =>
  acceptedOutputs(decisions).find((output) => output.kind === kind);

/** One row per stage that was decided, as its last decision left it, in the order in which they began. */
function stageRows(leaves: readonly SealedLeaf[]): RecordBody['stages'] {
  const at = new Map(leaves.map((leaf) => [leaf.digest as string, leaf.decision.at]));
  const rows = new Map<string, RecordBody['stages'][number]>();
  for (const { index, digest, decision } of leaves) {
    const { kind, verdict, stage } = decision;
    if (
      kind !== 'STAGE' ||
      stage === null ||
      (verdict !== 'PASS' && verdict !== 'FAIL' && verdict !== 'ERROR' && verdict !== 'SKIP')
    )
      continue;
    const { attempt, adapter, idem_key, inputs, outputs, reason_codes, report, duration_ms } = decision;
    const started_at = at.get(decision.rests_on[0] ?? '') ?? decision.at;
    rows.set(stage, {
      stage,
      status: verdict,
      attempt,
      adapter,
      idem_key,
      inputs,
      outputs,
      reason_codes,
      report,
      decision_digest: digest,
      log_index: index,
      started_at,
      ended_at: decision.at,
      duration_ms,
    });
  }
  return [...rows.values()];
}

function toolchainOf(admission: GateDecision, stages: RecordBody['stages']): Record<string, string> {
  const tools = stages.flatMap(({ stage, adapter }) =>
    adapter === null ? [] : [[stage, `${adapter.name}@${adapter.version}`] as const],
  );
  const orgo = admission.detail.orgo;
  return { ...Object.fromEntries(tools), orgo: typeof orgo === 'string' ? orgo : 'unknown' };
}

/** What the admission says that artifacts are held against. */
function schemasOf({ detail }: GateDecision): RecordBody['schemas'] {
  const told = schemasUsedSchema.safeParse(detail.schemas);
  return told.success ? told.data : nativeAlone;
}

/** The gate's verdict about the validation report: what the gatekeeper decided, not what the report says of itself. */
function validationOf(
  decisions: readonly GateDecision[],
  { pipeline }: RecordArtifacts,
): RecordBody['outputs']['validation'] {
  const gate = pipeline?.stages.find((stage) => stage.gate === 'validation')?.stage;
  const decision = decisions.findLast(
    (one) => one.kind === 'STAGE' && one.stage === gate && (one.verdict === 'PASS' || one.verdict === 'FAIL'),
  );
  if (gate === undefined || decision === undefined) return { status: 'NOT_RUN', report_ref: null, codes: [] };
  const report = decision.outputs.find((output) => output.kind === 'validation-report');
  const told = isObject(decision.detail.validation) ? decision.detail.validation.codes : undefined;
  const codes =
    Array.isArray(told) && told.length > 0 ? told.filter((code) => typeof code === 'string') : decision.reason_codes;
  return { status: decision.verdict as 'PASS' | 'FAIL', report_ref: report?.ref ?? null, codes };
}

function compilerOf({ exchangeManifest }: RecordArtifacts): RecordBody['compiler'] {
  if (exchangeManifest === null) return null;
  const { build, canonicalization_profile, canonicalization_version } = exchangeManifest;
  return {
    name: build.compiler_name,
    version: build.compiler_version,
    config_hash: build.config_hash,
    canonicalization_profile,
    canonicalization_version,
  };
}

function kristalOf(decisions: readonly GateDecision[]): RecordBody['outputs']['kristal'] {
  const outputs = acceptedOutputs(decisions);
  const one = (kind: string): ArtifactRef | undefined => outputs.find((output) => output.kind === kind);
  const id = (name: string): JsonValue | undefined =>
    decisions.findLast((decision) => decision.kind === 'STAGE' && typeof decision.detail[name] === 'string')?.detail[
      name
    ];
  const [exchange, exchange_manifest, pack_manifest] = [
    one('exchange'),
    one('exchange-manifest'),
    one('pack-manifest'),
  ];
  const [kristal_id, pack_id] = [id('kristal_id'), id('pack_id')];
  if (exchange === undefined || exchange_manifest === undefined || pack_manifest === undefined) return null;
  if (typeof kristal_id !== 'string' || typeof pack_id !== 'string') return null;
  const pack_files = outputs.filter((output) => output.kind === 'pack-file');
  return { kristal_id: kristal_id as Digest, exchange, exchange_manifest, pack_id, pack_manifest, pack_files };
}

/** Canonical text of a record: the bytes of the artifact `build-record`. */
export const recordText = (record: BuildRecord): string => canonical(record);
