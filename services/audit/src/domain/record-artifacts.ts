import { type ArtifactRef, type Digest, type GateDecision, type Pipeline, pipelineSchema } from '@orgo/contracts';
import { type JsonValue, ok, parseStrict, type Result, refuse } from '@orgo/core';
import {
  artifactLimits,
  type ExchangeManifest,
  ExchangeManifestSchema,
  type PackManifest,
  PackManifestSchema,
  type PinnedContext,
  PinnedContextSchema,
  type SnapshotSet,
  SnapshotSetSchema,
} from '@orgo/kristal';

/** Bytes of an artifact by reference, verified by whoever supplies them. */
export type ReadArtifact = (ref: Digest) => Uint8Array | undefined;

/** What a record says that the decisions only name by digest. Null where the build did not come that far. */
export type RecordArtifacts = {
  pipeline: Pipeline | null;
  context: PinnedContext | null;
  snapshots: SnapshotSet | null;
  exchangeManifest: ExchangeManifest | null;
  packManifest: PackManifest | null;
};

/** Outputs of accepted stages: what a stage that failed left behind is evidence, not a fact to build on. */
export const acceptedOutputs = (decisions: readonly GateDecision[]): ArtifactRef[] =>
  decisions
    .filter((decision) => decision.kind === 'STAGE' && decision.verdict === 'PASS')
    .flatMap((decision) => decision.outputs as ArtifactRef[]);

const kinds = ['pinned-context', 'snapshot-set', 'exchange-manifest', 'pack-manifest'] as const;

/** The artifacts that folding a record reads. */
export function recordReads(decisions: readonly GateDecision[]): Digest[] {
  const admission = decisions.find((decision) => decision.kind === 'ADMISSION');
  const outputs = acceptedOutputs(decisions).filter((output) => kinds.some((kind) => kind === output.kind));
  return [
    ...(admission === undefined ? [] : [admission.pipeline_ref as Digest]),
    ...outputs.map((output) => output.ref),
  ];
}

/**
 * Reads what a record needs beside the decisions. A pipeline that does not parse is why a build was rejected, so it is null; anything
 * else was accepted by a gate and must parse. Refuses with `GATE_EVIDENCE_MISSING` or `GATE_CONTRACT_INVALID`.
 */
export function readRecordArtifacts(decisions: readonly GateDecision[], read: ReadArtifact): Result<RecordArtifacts> {
  const admission = decisions.find((decision) => decision.kind === 'ADMISSION');
  const outputs = acceptedOutputs(decisions);
  const one = <T>(
    kind: (typeof kinds)[number],
    schema: { safeParse(value: unknown): { success: boolean; data?: T } },
  ): Result<T | null> => {
    const found = outputs.find((output) => output.kind === kind);
    if (found === undefined) return ok(null);
    const json = jsonOf(read(found.ref));
    if (!json.ok) return json;
    const parsed = schema.safeParse(json.value);
    return parsed.success
      ? ok(parsed.data as T)
      : refuse('GATE_CONTRACT_INVALID', `${kind} ${found.ref} does not match its contract`);
  };
  const context = one<PinnedContext>('pinned-context', PinnedContextSchema);
  if (!context.ok) return context;
  const snapshots = one<SnapshotSet>('snapshot-set', SnapshotSetSchema);
  if (!snapshots.ok) return snapshots;
  const exchangeManifest = one<ExchangeManifest>('exchange-manifest', ExchangeManifestSchema);
  if (!exchangeManifest.ok) return exchangeManifest;
  const packManifest = one<PackManifest>('pack-manifest', PackManifestSchema);
  if (!packManifest.ok) return packManifest;
  const pipeline = admission === undefined ? undefined : jsonOf(read(admission.pipeline_ref as Digest));
  const parsed = pipeline?.ok ? pipelineSchema.safeParse(pipeline.value) : undefined;
  return ok({
    pipeline: parsed?.success ? parsed.data : null,
    context: context.value,
    snapshots: snapshots.value,
    exchangeManifest: exchangeManifest.value,
    packManifest: packManifest.value,
  });
}

function jsonOf(bytes: Uint8Array | undefined): Result<JsonValue> {
  return bytes === undefined
    ? refuse('GATE_EVIDENCE_MISSING', 'an artifact the record needs cannot be read')
    : parseStrict(bytes, artifactLimits);
}
