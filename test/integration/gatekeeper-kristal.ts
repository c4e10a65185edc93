import { compileExchange } from '@orgo/adapter-compile-exchange';
import { compilePack } from '@orgo/adapter-compile-pack';
import { runExecute } from '@orgo/adapter-execute';
import { runExtract } from '@orgo/adapter-extract';
import { runIngest } from '@orgo/adapter-ingest';
import { runPin } from '@orgo/adapter-pin';
import { runRender } from '@orgo/adapter-render';
import { runResolve } from '@orgo/adapter-resolve';
import {
  type ArtifactRef,
  type Digest,
  type Pipeline,
  payloadTypes,
  pipelines,
  type ReleaseStepFacts,
} from '@orgo/contracts';
import { canonicalBytes, digestOf, pae, releaseStepHash, toBase64 } from '@orgo/core';
import { buildRequest, type CorpusName, corpus, gazetteerArtifacts, mandates } from '@orgo/corpora';
import { checkRender } from '@orgo/gatekeeper/check-render-core';
import { validateBatch } from '@orgo/gatekeeper/validate-core';
import { type MandateBundle, mandateBundleId, type StageCore } from '@orgo/kristal';
import { newId } from '@orgo/runtime/ids';
import { asOf, type Driven, type Gatekeeper, tenant } from './gatekeeper-instance.ts';

const pipeline = pipelines.kristal as Pipeline;
const cores: Readonly<Record<string, StageCore>> = {
  pin: runPin,
  ingest: runIngest,
  extract: runExtract,
  resolve: runResolve,
  validate: validateBatch,
  'compile-exchange': compileExchange,
  'compile-pack': compilePack,
  render: runRender,
  'check-render': checkRender,
  execute: runExecute,
};

/** The real core of a stage. */
export const coreOf = (stage: string): StageCore => cores[stage] as StageCore;

/** What a build's inputs are stored and signed with. */
type Store = { platform: Pick<Gatekeeper['platform'], 'artifacts' | 'keyring'>; putJson: Gatekeeper['putJson'] };

/** A mandate bundle whose id is its content, changed as a test likes. */
export function mandate(change: (bundle: MandateBundle) => MandateBundle = (bundle) => bundle): MandateBundle {
  const bundle = change(structuredClone(mandates.grounded) as unknown as MandateBundle);
  return { ...bundle, bundle_id: mandateBundleId(bundle) };
}

/** An operator's signature over a mandate, as it is admitted beside it. */
export async function mandateSignature(
  gate: Pick<Store, 'platform'>,
  bytes: Uint8Array,
  role = 'operator',
): Promise<unknown> {
  const signer = await gate.platform.keyring.signer(tenant, role);
  const sig = toBase64(signer.sign(pae(payloadTypes.mandate, bytes)));
  return { payloadType: payloadTypes.mandate, payload: toBase64(bytes), signatures: [{ keyid: signer.key_id, sig }] };
}

/** A build of real documents under a signed mandate, `left` of them left out: everything is stored, nothing is admitted. */
export async function kristalBuild(
  gate: Store,
  names: readonly CorpusName[],
  bundle: MandateBundle = mandate(),
  left = 0,
): Promise<Driven> {
  const { artifacts } = gate.platform;
  const whole = names.flatMap((name) => corpus(name).files);
  const files = whole.slice(0, whole.length - left);
  for (const { media_type, bytes } of files) await artifacts.put(tenant, 'document', media_type, bytes);
  const resources: ArtifactRef[] = [];
  for (const { artifact, bytes } of gazetteerArtifacts())
    resources.push(await artifacts.put(tenant, artifact.kind, artifact.media_type, bytes));
  const [request, mandateRef, signature, snapshot] = [
    await gate.putJson('build-request', buildRequest(files, resources, 'grounded')),
    await gate.putJson('mandate', bundle),
    await gate.putJson('mandate-signature', await mandateSignature(gate, canonicalBytes(bundle))),
    await gate.putJson('pipeline', pipeline),
  ];
  const pins = { pipeline_ref: snapshot.ref, mandate_ref: mandateRef.ref, as_of: asOf };
  return { build_id: newId('bld'), pipeline, pins, admitted: [request, mandateRef, signature, snapshot] };
}

/** Runs the real core of a stage under its authorization and stores what it gives; nothing is replied yet. */
export async function workOf(gate: Gatekeeper, build: Driven, stage: string): Promise<ArtifactRef[]> {
  const { artifacts } = gate.platform;
  const { inputs } = await gate.authorization(build, stage);
  const config = build.pipeline.stages.find((definition) => definition.stage === stage)?.config ?? {};
  const read = (ref: string): Promise<Uint8Array> => artifacts.get(tenant, ref as Digest);
  const result = await coreOf(stage)({ asOf, config, inputs, read });
  if (!result.ok) throw new Error(`${stage}: ${result.code} ${result.detail}`);
  const outputs: ArtifactRef[] = [];
  for (const { kind, media_type, bytes } of result.value.outputs)
    outputs.push(await artifacts.put(tenant, kind, media_type, bytes));
  return outputs;
}

/** Works and replies stage by stage, up to but not including `until`. */
export async function runStages(gate: Gatekeeper, build: Driven, until?: string): Promise<void> {
  for (const { stage } of build.pipeline.stages) {
    if (stage === until) return;
    const outputs = await workOf(gate, build, stage);
    const result = await gate.reply(build, stage, { outputs });
    const { verdict, reason_codes } = await gate.stageDecision(build, stage);
    if (verdict !== 'PASS') throw new Error(`${stage}: ${result.outcome} ${verdict} ${reason_codes}`);
  }
}

/** The only step of a release: everybody at once. */
const everybody: ReleaseStepFacts = {
  step: 0,
  name: 'all',
  kind: 'open',
  cohort: digestOf({ by: 'all' }),
  enrolled_through: 1,
  members: 1,
  confirm_threshold: 100,
  quorum_percent: 100,
  soak_ms: 0,
};
export const stepsOf = (release_id: string): Digest[] => [releaseStepHash(release_id, 1, everybody)];
/** The claim to open it, for a pack under a number of its channel. */
export const stepOf = ({ pack_id }: { pack_id: string }, channel: string, pack_seq: number) => ({
  claim: 'RELEASE_STEP' as const,
  detail: {
    ...{ generation: 1, channel, pack_id, pack_seq, facts: everybody },
    ...{ excluded: [], counts: null, analysis: [], promoted: null, acts: [] },
  },
});
