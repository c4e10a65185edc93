import { type ArtifactRef, type Digest, type GateDecision, type Pipeline, pipelineSchema } from '@orgo/contracts';
import { type JsonValue, ok, parseStrict, type ReasonCode, type Result, refuse } from '@orgo/core';
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
  verifyExchangeManifest,
  verifyPackSignatures,
} from '@orgo/kristal';

/** Bytes of an artifact by reference, verified by whoever supplies them. */
export type ReadArtifact = (ref: Digest) => Uint8Array | undefined;

/** What a record says that the decisions only name by digest. Null where the build did not come that far, or where it was closed as unreadable. */
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

/** What folding reads of accepted outputs, and the contract of each. */
const contracts = {
  'pinned-context': PinnedContextSchema,
  'snapshot-set': SnapshotSetSchema,
  'exchange-manifest': ExchangeManifestSchema,
  'pack-manifest': PackManifestSchema,
} as const;
type Kind = keyof typeof contracts;

/** What is judged beside the shape, as the gate that accepted it did: a declared signature is never passed over (IN-04). */
const signed: { [K in Kind]?: (value: never) => Result<unknown> } = {
  'exchange-manifest': (manifest: ExchangeManifest) => verifyExchangeManifest(manifest),
  'pack-manifest': (manifest: PackManifest) => verifyPackSignatures(manifest),
};

/** The artifacts that folding a record reads. */
export function recordReads(decisions: readonly GateDecision[]): Digest[] {
  const admission = decisions.find((decision) => decision.kind === 'ADMISSION');
  const outputs = acceptedOutputs(decisions).filter((output) => Object.hasOwn(contracts, output.kind));
  return [
    ...(admission === undefined ? [] : [admission.pipeline_ref as Digest]),
    ...outputs.map((output) => output.ref),
  ];
}

/** An artifact that folding wants and cannot have, and why. */
export type Unreadable = { ref: Digest; code: ReasonCode };

/**
 * What of `recordReads` cannot be had when a build is closed, sorted by reference. What is found here is sealed in the RECORD decision and skipped by
 * every later fold, whatever the bytes are by then. A pipeline that can be read and does not parse is none of it: that is why a build was rejected.
 */
export function unreadableOf(
  decisions: readonly GateDecision[],
  read: (ref: Digest) => Result<Uint8Array>,
): Unreadable[] {
  const found = new Map<Digest, ReasonCode>();
  const kindOf = new Map(acceptedOutputs(decisions).map(({ ref, kind }) => [ref, kind]));
  for (const ref of recordReads(decisions)) {
    const bytes = read(ref);
    const kind = kindOf.get(ref);
    const checked = bytes.ok && kind !== undefined ? parsed(kind as Kind, ref, bytes.value) : bytes;
    if (!checked.ok) found.set(ref, checked.code);
  }
  return [...found].map(([ref, code]) => ({ ref, code })).sort((a, b) => (a.ref < b.ref ? -1 : 1));
}

/**
 * Reads what a record needs beside the decisions. A pipeline that does not parse is why a build was rejected, so it is null; what `unreadable` lists is
 * null too; anything else was accepted by a gate and must parse. Refuses with `GATE_EVIDENCE_MISSING`, `GATE_CONTRACT_INVALID` or what a signature in a
 * manifest is refused with.
 */
export function readRecordArtifacts(
  decisions: readonly GateDecision[],
  read: ReadArtifact,
  unreadable: readonly Digest[],
): Result<RecordArtifacts> {
  const admission = decisions.find((decision) => decision.kind === 'ADMISSION');
  const outputs = acceptedOutputs(decisions);
  const one = <T>(kind: Kind): Result<T | null> => {
    const found = outputs.find((output) => output.kind === kind);
    return found === undefined || unreadable.includes(found.ref)
      ? ok(null)
      : (parsed(kind, found.ref, read(found.ref)) as Result<T>);
  };
  const context = one<PinnedContext>('pinned-context');
  if (!context.ok) return context;
  const snapshots = one<SnapshotSet>('snapshot-set');
  if (!snapshots.ok) return snapshots;
  const exchangeManifest = one<ExchangeManifest>('exchange-manifest');
  if (!exchangeManifest.ok) return exchangeManifest;
  const packManifest = one<PackManifest>('pack-manifest');
  if (!packManifest.ok) return packManifest;
  return ok({
    pipeline: pipelineOf(admission?.pipeline_ref as Digest | undefined, read, unreadable),
    context: context.value,
    snapshots: snapshots.value,
    exchangeManifest: exchangeManifest.value,
    packManifest: packManifest.value,
  });
}

function pipelineOf(ref: Digest | undefined, read: ReadArtifact, unreadable: readonly Digest[]): Pipeline | null {
  if (ref === undefined || unreadable.includes(ref)) return null;
  const json = jsonOf(read(ref));
  const pipeline = json.ok ? pipelineSchema.safeParse(json.value) : undefined;
  return pipeline?.success ? pipeline.data : null;
}

function parsed(kind: Kind, ref: Digest, bytes: Uint8Array | undefined): Result<unknown> {
  const json = jsonOf(bytes);
  if (!json.ok) return json;
  const value = contracts[kind].safeParse(json.value);
  if (!value.success) return refuse('GATE_CONTRACT_INVALID', `${kind} ${ref} does not match its contract`);
  const judged = signed[kind]?.(value.data as never);
  return judged === undefined || judged.ok ? ok(value.data) : judged;
}

function jsonOf(bytes: Uint8Array | undefined): Result<JsonValue> {
  return bytes === undefined
    ? refuse('GATE_EVIDENCE_MISSING', 'an artifact the record needs cannot be read')
    : parseStrict(bytes, artifactLimits);
}
