import {
  type ArtifactRef,
  type BuildRequest,
  buildRequestSchema,
  type Pipeline,
  pipelineSchema,
} from '@orgo/contracts';
import type { JsonValue } from '@orgo/core';
import {
  type ContractProfile,
  contractProfiles,
  diagnosticsOf,
  gazetteerKinds,
  jsonOutput,
  kristalV3Profile,
  MandateBundleSchema,
  mandateBundleId,
  type PinnedContextBody,
  pinnedContextHash,
  profileDigest,
  type ResourcePins,
  readInput,
  referenceTools,
  type StageCore,
  type StageResult,
  stageRefusal,
  type Tool,
} from '@orgo/kristal';
import { effectivePolicies } from './policies.ts';

/**
 * Stage 0 of a Kristal build (ST-01..ST-05): fixes everything a build depends on into one immutable object.
 *
 * Inputs `build-request`, `mandate`, `pipeline`; output `pinned-context`. Same inputs, same bytes: `as_of` only decides which policies
 * are in force. The validation profile is the mandate's, whatever the request asks for. Refuses with MANDATE_MISSING, MANDATE_INVALID, MANDATE_NOT_EFFECTIVE, POLICY_CONFLICT, BLUEPRINT_UNPINNED,
 * REQUEST_INVALID. Whether the mandate is signed or revoked is judged where trust roots are held, not here.
 */
export const runPin: StageCore = async (ctx) => {
  if (!ctx.inputs.some((input) => input.kind === 'mandate'))
    return stageRefusal('MANDATE_MISSING', 'no mandate was admitted');
  const mandate = await readInput(ctx, 'mandate', MandateBundleSchema, 'MANDATE_INVALID');
  if (!mandate.ok) return mandate;
  const bundle = mandate.value.value;
  const expected = mandateBundleId(bundle);
  if (bundle.bundle_id !== expected) {
    return stageRefusal('MANDATE_INVALID', `bundle_id is ${bundle.bundle_id}, its content says ${expected}`);
  }
  const request = await readInput(ctx, 'build-request', buildRequestSchema, 'REQUEST_INVALID');
  if (!request.ok) return request;
  const pipeline = await readInput(ctx, 'pipeline', pipelineSchema, 'BLUEPRINT_UNPINNED');
  if (!pipeline.ok) return pipeline;

  const policies = effectivePolicies(bundle, ctx.asOf);
  if (!policies.ok) return policies;
  const resources = pinResources(request.value.value);
  if (!resources.ok) return resources;
  const tools = pinTools(pipeline.value.value);
  if (!tools.ok) return tools;
  const profile = pinProfile(ctx.config);
  if (!profile.ok) return profile;

  const { governance, ingest, resolution, validation, pack } = policies.value;
  const body: PinnedContextBody = {
    kind: 'pinned-context',
    context_version: '1',
    mandate: { ref: mandate.value.ref, bundle_id: bundle.bundle_id, mandate_id: bundle.mandate.mandate_id },
    build_request_ref: request.value.ref,
    pipeline: {
      ref: pipeline.value.ref,
      pipeline_id: pipeline.value.value.pipeline_id,
      version: pipeline.value.value.version,
    },
    contract_profile: profile.value,
    contract_profile_ref: profileDigest(profile.value),
    governance,
    ingest,
    resolution,
    validation,
    pack,
    resources: resources.value,
    tools: tools.value,
    canonicalization: profile.value.canonicalization,
  };
  const context = { ...body, pinned_context_hash: pinnedContextHash(body) };
  return {
    ok: true,
    value: {
      outputs: [jsonOutput('pinned-context', context)],
      metrics: { policies: governance.length, tools: Object.keys(tools.value).length },
      diagnostics: diagnosticsOf(
        request.value.value.profile === validation.profile ? [] : ['VALIDATION_PROFILE_OVERRIDDEN'],
      ),
    },
  };
};

/** The contract profile that the stage's config names, else Kristal v3. An unknown id fails closed. */
function pinProfile(config: JsonValue): StageResult<ContractProfile> {
  const id = (config as { contract_profile?: JsonValue } | null)?.contract_profile ?? kristalV3Profile.profile_id;
  const profile = typeof id === 'string' && Object.hasOwn(contractProfiles, id) ? contractProfiles[id] : undefined;
  return profile
    ? { ok: true, value: profile }
    : stageRefusal('BLUEPRINT_UNPINNED', `no contract profile ${JSON.stringify(id)}`);
}

/** Both gazetteers exactly once, hints at most once. Anything else means that a stage would have to choose. */
function pinResources(request: BuildRequest): StageResult<ResourcePins> {
  const of = (kind: string) => request.resources.filter((resource) => resource.kind === kind) as ArtifactRef[];
  const [entities, ...moreEntities] = of(gazetteerKinds.entities);
  const [properties, ...moreProperties] = of(gazetteerKinds.properties);
  const [hints, ...moreHints] = of(gazetteerKinds.hints);
  if (!entities || !properties || moreEntities.length + moreProperties.length + moreHints.length > 0) {
    return stageRefusal('BLUEPRINT_UNPINNED', 'the build request must pin each gazetteer once and hints at most once');
  }
  return { ok: true, value: { entities, properties, ...(hints ? { hints } : {}) } };
}

/** The tool of each stage: what the pipeline's config pins, else the reference tool. A version is exact or it is no pin. */
function pinTools(pipeline: Pipeline): StageResult<Record<string, Tool>> {
  const tools: Record<string, Tool> = {};
  for (const { stage, config } of pipeline.stages) {
    const pinned = (config.tool ?? referenceTools[stage as keyof typeof referenceTools]) as Partial<Tool> | undefined;
    if (typeof pinned?.name !== 'string' || !/^\d+\.\d+\.\d+$/.test(pinned.version ?? '')) {
      return stageRefusal('BLUEPRINT_UNPINNED', `stage ${stage} has no tool with an exact version`);
    }
    tools[stage] = { name: pinned.name, version: pinned.version as string };
  }
  return { ok: true, value: tools };
}
