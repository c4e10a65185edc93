import { type ArtifactRef, pipelines } from '@orgo/contracts';
import { buildRequest, corpus, gazetteerArtifacts, type MandateBundle, mandates } from '@orgo/corpora';
import { mandateBundleId, PinnedContextSchema, StageMemory } from '@orgo/kristal';
import { describe, expect, it } from 'vitest';
import { runPin } from './core.ts';

const asOf = '2026-11-20T10:00:00.000Z';
const resources = gazetteerArtifacts().map(({ artifact }) => artifact);
const request = buildRequest(corpus('reader').files, resources, 'grounded');

type Given = {
  mandate?: unknown;
  request?: unknown;
  pipeline?: unknown;
  asOf?: string;
  config?: { [k: string]: string };
};

async function pin(given: Given = {}) {
  const memory = new StageMemory();
  const all: Record<string, unknown> = {
    mandate: mandates.grounded,
    'build-request': request,
    pipeline: pipelines.kristal,
    ...('mandate' in given ? { mandate: given.mandate } : {}),
    ...('request' in given ? { 'build-request': given.request } : {}),
    ...('pipeline' in given ? { pipeline: given.pipeline } : {}),
  };
  const inputs: ArtifactRef[] = [];
  for (const [kind, value] of Object.entries(all)) if (value !== undefined) inputs.push(memory.putJson(kind, value));
  const { result, outputs } = await memory.run(runPin, inputs, given.asOf ?? asOf, given.config ?? {});
  if (!result.ok) return { code: result.code, detail: result.detail };
  return { code: undefined, context: PinnedContextSchema.parse(await memory.json(outputs[0] as ArtifactRef)), result };
}

type Policy = MandateBundle['policies'][number];
const [first, ...rest] = mandates.grounded.policies as [Policy, ...Policy[]];

/** The default mandate with other policies, under the id its content gives. */
function withPolicies(policies: unknown[]): unknown {
  const bundle = { ...mandates.grounded, policies } as MandateBundle;
  return { ...bundle, bundle_id: mandateBundleId(bundle) };
}

const packPolicy = (parameters: unknown, more: object = {}) => ({
  ...first,
  policy_id: 'pack',
  parameters,
  applies_to: { stages: ['compile-pack'] },
  ...more,
});

describe('pin', () => {
  it('fixes mandate, policies, resources, profile and tools', async () => {
    const { context, result } = await pin();
    expect(context).toMatchObject({
      mandate: { bundle_id: mandates.grounded.bundle_id, mandate_id: 'orgo.default.grounded' },
      validation: { profile: 'grounded', allow_partial: true, confidence_min_bp: 5000 },
      ingest: { on_poison: 'stop' },
      pack: { ordering: 'SPO', paging: 'CURSOR' },
      resources: { entities: { kind: 'gazetteer-entities' }, properties: { kind: 'gazetteer-properties' } },
      contract_profile: { profile_id: 'kristal-v3.0-orgo.1', schema_set_id: 'orgo-native-1' },
    });
    expect(context?.governance.map((policy) => policy.policy_id)).toEqual([
      'orgo.ingest',
      'orgo.resolution',
      'orgo.validation',
    ]);
    expect(Object.keys(context?.tools ?? {})).toEqual(
      (pipelines.kristal?.stages ?? []).map(({ stage }) => stage).sort(),
    );
    expect(result?.value.diagnostics).toEqual([]);
  });

  it('holds no time: another as_of gives the same bytes', async () => {
    const again = await pin({ asOf: '2027-01-01T00:00:00.000Z' });
    expect(again.context).toEqual((await pin()).context);
  });

  it('takes the validation profile from the mandate, whatever is asked for', async () => {
    const { context, result } = await pin({ request: { ...request, profile: 'exploratory' } });
    expect(context?.validation.profile).toBe('grounded');
    expect(result?.value.diagnostics).toEqual([{ code: 'VALIDATION_PROFILE_OVERRIDDEN', count: 1 }]);
  });

  it('lets the stronger policy decide between two values', async () => {
    const weak = { ...first, policy_id: 'weak', enforcement: 'SHOULD', parameters: { allow_partial: false } };
    const { context } = await pin({ mandate: withPolicies([weak, first, ...rest]) });
    expect(context?.validation.allow_partial).toBe(true);
    expect(context?.governance).toHaveLength(4);
  });

  it('counts a policy from its first instant on, and no longer at its last', async () => {
    const ending = { ...first, effective_to: asOf };
    expect((await pin({ mandate: withPolicies([ending, ...rest]) })).code).toBe('MANDATE_NOT_EFFECTIVE');
    const starting = { ...first, effective_from: asOf };
    expect((await pin({ mandate: withPolicies([starting, ...rest]) })).code).toBeUndefined();
  });
});

const stages = pipelines.kristal?.stages ?? [];
const unpinnedTool = stages.map((stage, i) =>
  i === 2 ? { ...stage, config: { tool: { name: 'x', version: 'latest' } } } : stage,
);

describe('pin refuses', () => {
  it.each<[string, string, Given]>([
    ['no mandate', 'MANDATE_MISSING', { mandate: undefined }],
    ['a mandate that is none', 'MANDATE_INVALID', { mandate: { kind: 'mandate_bundle' } }],
    ['a mandate under a wrong id', 'MANDATE_INVALID', { mandate: { ...mandates.grounded, bundle_id: 'mandate:x' } }],
    ['a mandate not yet in force', 'MANDATE_NOT_EFFECTIVE', { asOf: '2025-12-31T23:59:59.999Z' }],
    ['a mandate without a validation policy', 'MANDATE_NOT_EFFECTIVE', { mandate: withPolicies(rest) }],
    ['a parameter nobody knows', 'MANDATE_INVALID', { mandate: withPolicies([packPolicy({ orderng: 'SPO' }), first]) }],
    [
      'a threshold that is no number',
      'MANDATE_INVALID',
      { mandate: withPolicies([policyOf('confidence_min_bp', 'low')]) },
    ],
    [
      'two equal policies that differ',
      'POLICY_CONFLICT',
      { mandate: withPolicies([first, policyOf('allow_partial', false)]) },
    ],
    [
      'a pack policy outside the portable set',
      'POLICY_CONFLICT',
      { mandate: withPolicies([first, packPolicy({ ordering: 'OPS' })]) },
    ],
    ['a request that is none', 'REQUEST_INVALID', { request: { ...request, documents: 'all' } }],
    ['a missing gazetteer', 'BLUEPRINT_UNPINNED', { request: { ...request, resources: resources.slice(0, 1) } }],
    [
      'two gazetteers of a kind',
      'BLUEPRINT_UNPINNED',
      { request: { ...request, resources: [...resources, ...resources] } },
    ],
    ['a pipeline that is none', 'BLUEPRINT_UNPINNED', { pipeline: { pipeline_id: 'kristal' } }],
    ['a tool called latest', 'BLUEPRINT_UNPINNED', { pipeline: { ...pipelines.kristal, stages: unpinnedTool } }],
    ['an unknown contract profile', 'BLUEPRINT_UNPINNED', { config: { contract_profile: 'kristal-v9' } }],
    [
      'a contract profile named like a member of every object',
      'BLUEPRINT_UNPINNED',
      { config: { contract_profile: 'constructor' } },
    ],
  ])('%s', async (_, code, given) => {
    expect((await pin(given)).code).toBe(code);
  });
});

function policyOf(name: string, value: unknown) {
  return { ...first, policy_id: 'other', parameters: { ...first.parameters, [name]: value } };
}
