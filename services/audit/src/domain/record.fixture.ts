import { type ArtifactRef, type Digest, type GateDecision, type Pipeline, pipelines } from '@orgo/contracts';
import { blankDecision, canonicalBytes, digestOf, type JsonValue } from '@orgo/core';
import type { RecordClosing, RecordSource, SealedLeaf } from './record.ts';

/** Sealed decisions of one build, for tests: an echo pipeline whose second stage is a validation gate. */
export const build_id = 'bld_0198c0de-0000-7000-8000-000000000001';
const echo = pipelines.echo as Pipeline;
export const pipeline: Pipeline = {
  ...echo,
  stages: echo.stages.slice(0, 3).map((stage, i) => (i === 1 ? { ...stage, gate: 'validation' as const } : stage)),
};
export const pipelineRef = digestOf(pipeline);

export const artifact = (kind: string, seed: JsonValue = kind): ArtifactRef => ({
  kind,
  ref: digestOf([kind, seed]),
  media_type: 'application/json',
  size: 10,
});

const at = (second: number): string => `2026-11-20T12:00:${`${second}`.padStart(2, '0')}.000Z`;

/** The decision given `second` seconds after the build began. */
export const decision = (second: number, more: Partial<GateDecision>): GateDecision =>
  blankDecision({
    kind: 'STAGE',
    verdict: 'PASS',
    tenant_id: 'acme',
    build_id,
    attempt: 1,
    epoch: 1,
    final: true,
    subject_digest: digestOf(second),
    subject_key_id: 'k',
    actor: 'adapter:echo',
    pipeline_ref: pipelineRef,
    mandate_ref: digestOf('mandate'),
    as_of: at(0),
    at: at(second),
    duration_ms: 7,
    ...more,
  });

export const admission = decision(1, {
  kind: 'ADMISSION',
  inputs: [artifact('echo-request')],
  detail: { orgo: '1.2.3' },
});
export const stage = (second: number, name: string, more: Partial<GateDecision> = {}): GateDecision =>
  decision(second, {
    stage: name,
    adapter: { name: 'echo', version: '1.0.0' },
    outputs: [artifact('echo-text', name)],
    ...more,
  });

/** Leaves at the indexes of a log that others use too. */
export const leavesOf = (...decisions: GateDecision[]): SealedLeaf[] =>
  decisions.map((one, i) => ({ index: 10 + 3 * i, digest: digestOf(one), decision: one }));

export const closing = (outcome: RecordClosing['outcome'], reason_codes: string[] = []): RecordClosing => ({
  outcome,
  reason_codes,
  trigger: { type: 'manual', actor: 'ann', reason: 'a test' },
  rerun_of: null,
  unreadable: [],
});

export const sourceOf = (leaves: readonly SealedLeaf[], more: Partial<RecordSource> = {}): RecordSource => ({
  tenant_id: 'acme',
  build_id,
  origin: 'orgo.local/test/acme',
  closing: closing('COMPLETED'),
  leaves,
  read: (ref: Digest) => (ref === pipelineRef ? canonicalBytes(pipeline as unknown as JsonValue) : undefined),
  ...more,
});
