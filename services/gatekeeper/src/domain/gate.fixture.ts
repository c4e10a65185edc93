import {
  type ArtifactRef,
  type Digest,
  type GateClaim,
  type Pipeline,
  pipelines,
  type StageCommand,
  type StageReply,
  stageOf,
} from '@orgo/contracts';
import { blankClaim, digestOf, digestOfNothing, type JsonValue, sortRefs } from '@orgo/core';
import { decideGate } from './decide.ts';
import type { DecisionSend } from './decision.ts';
import { evolveGate } from './evolve.ts';
import type {
  AdmitFacts,
  ArtifactFact,
  ClaimInput,
  CloseFacts,
  FreezeInput,
  GateInput,
  MandatePolicyFact,
  ReplyInput,
  SchemaSet,
  ValidationFact,
} from './facts.ts';
import { type GateState, initialGate } from './state.ts';

/** Inputs of the gate for tests: a world with one build, in the words of the ring. */
export const tenant_id = 'acme';
export const build_id = 'bld_0198c0de-0000-7000-8000-000000000001';
export const asOf = '2026-11-20T12:00:00.000Z';
export const now = '2026-11-20T12:00:01.000Z';

export const artifact = (kind: string, seed: JsonValue = kind, media_type = 'application/json'): ArtifactRef => ({
  kind,
  ref: digestOf({ kind, seed }),
  media_type,
  size: 10,
});

export const fact = (ref: ArtifactRef, more: Partial<ArtifactFact> = {}): ArtifactFact => ({
  artifact: ref,
  bytes: null,
  contract: null,
  official: null,
  links: [],
  ids: {},
  files: null,
  ...more,
});

export const policy = (more: Partial<MandatePolicyFact> = {}): MandatePolicyFact => ({
  policy_id: 'p',
  version: '1.0.0',
  enforcement: 'MUST',
  effective_from: null,
  effective_to: null,
  rules: [{ type: 'validation_gate', channels: null, set_id: null }],
  ...more,
});

const common = (digest: Digest) => ({
  tenant_id,
  build_id,
  digest,
  key_id: 'ed25519:test',
  root_version: 1,
});

export const claim = (more: Partial<GateClaim> = {}): GateClaim =>
  blankClaim({
    claim: 'ADMIT',
    tenant_id,
    build_id,
    idem_key: digestOf('idem'),
    as_of: asOf,
    actor: 'ann@example.org',
    ...more,
  });

export const claimInput = (
  more: Partial<GateClaim>,
  facts: { admit?: AdmitFacts; close?: CloseFacts } = {},
): ClaimInput & { now: string } => {
  const body = claim(more);
  return {
    ...common(digestOf(body)),
    type: 'claim',
    claim: body,
    admit: facts.admit ?? null,
    close: facts.close ?? null,
    now,
  };
};

export const freezeInput = (outcome: string, more: Partial<GateClaim> = {}): FreezeInput & { now: string } => {
  const body = claim({ claim: 'CLOSE', detail: { outcome }, ...more });
  return { ...common(digestOf(body)), type: 'freeze', claim: body, now };
};

export const pipelineOf = (name: 'kristal' | 'echo'): Pipeline => pipelines[name] as Pipeline;

/** A claim to admit a build of a pipeline, with everything it asks for. */
export function admitInput(
  pipeline: Pipeline,
  more: { policies?: MandatePolicyFact[]; facts?: Partial<AdmitFacts>; claim?: Partial<GateClaim> } = {},
) {
  const pipelineArtifact = artifact('pipeline', pipeline as JsonValue);
  const mandated = pipeline.admission.includes('mandate');
  const inputs = pipeline.admission.map((kind) => (kind === 'pipeline' ? pipelineArtifact : artifact(kind)));
  const admit: AdmitFacts = {
    artifacts: inputs.map((ref) => fact(ref)),
    pipeline: { ok: true, pipeline },
    mandate: mandated ? { ok: true, bundle_id: 'mandate:x', policies: more.policies ?? [policy()] } : null,
    after: [],
    schemas: null,
    orgo: '0.0.0-test',
    ...more.facts,
  };
  const mandate_ref = mandated ? artifact('mandate').ref : digestOfNothing;
  return claimInput(
    { claim: 'ADMIT', inputs, pipeline_ref: pipelineArtifact.ref, mandate_ref, ...more.claim },
    { admit },
  );
}

/** Outputs as the stage's definition declares them, the least number of each. */
export const declaredOutputs = (pipeline: Pipeline, stage: string, seed: JsonValue = stage): ArtifactRef[] =>
  (stageOf(pipeline, stage)?.outputs ?? []).flatMap(({ kind, media_type, min }) =>
    Array.from({ length: min }, (_, i) => artifact(kind, [seed, i], media_type)),
  );

type ReplyOptions = {
  stage: string;
  epoch?: number;
  attempt?: number;
  status?: StageReply['status'];
  seed?: JsonValue;
  outputs?: ArtifactFact[];
  validation?: ValidationFact | null;
  schemas?: SchemaSet | null;
  reply?: Partial<StageReply>;
  command?: Partial<StageCommand>;
  adapter?: string;
};

/** A reply to the command that the orchestrator would issue in this state. */
export function replyInput(state: GateState, options: ReplyOptions): ReplyInput & { now: string } {
  const pipeline = state.admission?.pipeline as Pipeline;
  const stage = options.stage;
  const gate = state.stages[stage];
  const definition = stageOf(pipeline, stage);
  const epoch = options.epoch ?? gate?.fence ?? 1;
  const command: StageCommand = {
    v: 1,
    tenant_id,
    build_id,
    stage,
    adapter: definition?.adapter ?? stage,
    attempt: options.attempt ?? epoch,
    epoch,
    idem_key: digestOf(['idem', stage]),
    authorization_digest: gate?.authorization ?? digestOfNothing,
    inputs: gate?.inputs ?? [],
    config: definition?.config ?? {},
    as_of: asOf,
    not_after: '2026-11-20T13:00:00.000Z',
    ...options.command,
  };
  const status = options.status ?? 'ok';
  const outputs =
    options.outputs ??
    (status === 'ok' ? declaredOutputs(pipeline, stage, options.seed ?? stage).map((ref) => fact(ref)) : []);
  const reply: StageReply = {
    v: 1,
    tenant_id,
    build_id,
    stage,
    attempt: command.attempt,
    epoch,
    idem_key: command.idem_key,
    command_digest: digestOf(command),
    authorization_digest: command.authorization_digest,
    status,
    reason_codes: [],
    detail: '',
    outputs: sortRefs(outputs.map((output) => output.artifact)),
    adapter: { name: command.adapter, version: '1.0.0' },
    diagnostics: [],
    metrics: {},
    duration_ms: 5,
    ...options.reply,
  };
  return {
    ...common(digestOf(reply)),
    type: 'reply',
    reply,
    adapter: options.adapter ?? command.adapter,
    command: { ok: true, command },
    command_digest: digestOf(command),
    outputs,
    validation: options.validation ?? (definition?.gate === 'validation' ? { verdict: 'PASS', codes: [] } : null),
    schemas: options.schemas ?? null,
    now,
  };
}

/** One step: decides, folds, and tells what was said. */
export function step(state: GateState, input: GateInput) {
  const outcome = decideGate(state, input);
  const after = (outcome.events ?? []).reduce(evolveGate, state);
  const [send] = outcome.sends ?? [];
  return { outcome, state: after, send: send as DecisionSend | undefined, decision: send?.decision };
}

/** The state after admission and a PASS of each stage before `stage` (of all stages where none is named). */
export function stateBefore(pipeline: Pipeline, stage?: string): GateState {
  let { state } = step(initialGate({ tenant_id, id: build_id }), admitInput(pipeline));
  for (const definition of pipeline.stages) {
    if (definition.stage === stage) return state;
    state = step(state, replyInput(state, { stage: definition.stage })).state;
  }
  return state;
}
