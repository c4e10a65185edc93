import {
  type ArtifactRef,
  type BuildRecord,
  buildRecordSchema,
  type Digest,
  dsseEnvelopeSchema,
  payloadTypes,
} from '@orgo/contracts';
import {
  canonical,
  digestHex,
  digestOfBytes,
  fromUtf8,
  type JsonValue,
  ok,
  parseStrict,
  type Result,
  refuse,
  type VerifySignature,
  verifyDsse,
} from '@orgo/core';
import { artifactLimits } from '@orgo/kristal';
import { bundlePaths } from './bundle-layout.ts';
import { closingOf, foldRecord, type SealedLeaf, splitAtRecord } from './record.ts';
import { hashesHold } from './record-hash.ts';
import type { BundleFiles, VerifierRoot } from './verify-trust.ts';

/** Predicate types of the statement over a record (in-toto Statement v1). */
export const provenancePredicate = 'https://slsa.dev/provenance/v1';
export const buildRecordPredicate = 'https://orgo.dev/attestation/build-record/v1';

const mismatch = (code: 'RECORD_HASH_MISMATCH' | 'BUNDLE_STATEMENT_MISMATCH', why: string) => refuse(code, why);

/** The record: the artifact that the RECORD decision names, whole, and the same that folding the decisions gives. */
export function verifyRecord(
  files: BundleFiles,
  leaves: readonly SealedLeaf[],
  origin: string,
): Result<{ record: BuildRecord; decision: SealedLeaf }> {
  const split = splitAtRecord(leaves);
  if (split.record === null) return refuse('RECORD_NOT_FOUND', 'no RECORD decision in the bundle');
  const bytes = files.read(bundlePaths.record);
  const named = outputOf(split.record, 'build-record');
  if (bytes === undefined || named === undefined || digestOfBytes(bytes) !== named.ref)
    return mismatch('RECORD_HASH_MISMATCH', 'the record is not the one that was decided');
  const json = parseStrict(bytes, artifactLimits);
  const record = buildRecordSchema.safeParse(json.ok ? json.value : undefined);
  if (!record.success || !hashesHold(record.data as BuildRecord))
    return mismatch('RECORD_HASH_MISMATCH', 'the record does not give its own hashes');
  const { decision } = split.record;
  const closing = closingOf(decision.detail, decision.reason_codes);
  if (!closing.ok) return closing;
  const folded = foldRecord({
    tenant_id: decision.tenant_id,
    build_id: decision.build_id,
    origin,
    closing: closing.value,
    leaves: split.leaves,
    read: (ref) => files.read(bundlePaths.artifact(ref)),
  });
  if (!folded.ok) return folded;
  const text = fromUtf8(bytes);
  if (!text.ok || canonical(folded.value) !== text.value)
    return mismatch('RECORD_HASH_MISMATCH', 'the decisions fold to another record');
  return ok({ record: record.data as BuildRecord, decision: split.record });
}

/**
 * The statement over the record: signed by the gatekeeper, the artifact that the RECORD decision names, and about exactly what the record
 * names. A COMPLETED build has Exchange and pack files as subjects, every one; any other has its inputs and nothing that could pass for a result.
 */
export function verifyStatement(
  files: BundleFiles,
  record: BuildRecord,
  decision: SealedLeaf,
  context: { root: VerifierRoot; verify: VerifySignature },
): Result<true> {
  const bytes = files.read(bundlePaths.statement);
  const named = outputOf(decision, 'build-statement');
  if (bytes === undefined || named === undefined || digestOfBytes(bytes) !== named.ref)
    return mismatch('BUNDLE_STATEMENT_MISMATCH', 'not the statement that was decided');
  const json = parseStrict(bytes, artifactLimits);
  const envelope = dsseEnvelopeSchema.safeParse(json.ok ? json.value : undefined);
  if (!envelope.success) return mismatch('BUNDLE_STATEMENT_MISMATCH', 'no DSSE envelope');
  const { root, verify } = context;
  const signed = verifyDsse(envelope.data, {
    payloadType: payloadTypes.statement,
    keys: root.keysOf('gatekeeper'),
    threshold: root.threshold('gatekeeper'),
    verify,
  });
  if (!signed.ok) return signed;
  const statement = parseStrict(signed.value.payload, artifactLimits);
  if (!statement.ok) return statement;
  return agrees(statement.value, record)
    ? ok(true)
    : mismatch('BUNDLE_STATEMENT_MISMATCH', 'type, subjects or record digest differ');
}

/** Digests, in hex, that a statement over the record must have as its subjects: no more, no less. */
export function subjectsOf(record: BuildRecord): string[] {
  const { kristal } = record.outputs;
  const results =
    kristal === null ? [] : [kristal.exchange, kristal.exchange_manifest, kristal.pack_manifest, ...kristal.pack_files];
  const request = record.inputs.admitted.filter((input) => input.kind === 'build-request');
  const admitted = request.length > 0 ? request : record.inputs.admitted;
  const inputs = record.inputs.snapshots.length > 0 ? record.inputs.snapshots : admitted.map((input) => input.ref);
  const digests =
    record.outcome === 'COMPLETED' && results.length > 0 ? results.map((artifact) => artifact.ref) : inputs;
  return [...new Set(digests.map((digest) => digestHex(digest as Digest)))].sort();
}

type Statement = {
  _type?: JsonValue;
  predicateType?: JsonValue;
  subject?: { digest?: { sha256?: JsonValue } }[];
  predicate?: JsonValue;
};

function agrees(value: JsonValue, record: BuildRecord): boolean {
  const statement = value as Statement;
  if (statement._type !== 'https://in-toto.io/Statement/v1' || !Array.isArray(statement.subject)) return false;
  const completed = record.outcome === 'COMPLETED' && record.outputs.kristal !== null;
  if (statement.predicateType !== (completed ? provenancePredicate : buildRecordPredicate)) return false;
  const subjects = [...new Set(statement.subject.map((subject) => `${subject.digest?.sha256}`))].sort();
  return (
    canonical(subjects) === canonical(subjectsOf(record)) &&
    canonical(statement.predicate ?? null).includes(record.record_hash)
  );
}

const outputOf = (leaf: SealedLeaf, kind: string): ArtifactRef | undefined =>
  leaf.decision.outputs.find((output) => output.kind === kind) as ArtifactRef | undefined;
