import {
  type ArtifactRef,
  type BuildRecord,
  buildRecordSchema,
  dsseEnvelopeSchema,
  payloadTypes,
} from '@orgo/contracts';
import {
  canonical,
  digestOfBytes,
  fromUtf8,
  ok,
  parseStrict,
  type Result,
  refuse,
  type VerifySignature,
  verifyDsse,
} from '@orgo/core';
import { statementOf } from '@orgo/core/record-statement';
import { artifactLimits } from '@orgo/kristal';
import { bundlePaths } from './bundle-layout.ts';
import { closingOf, foldRecord, type SealedLeaf, splitAtRecord } from './record.ts';
import { hashesHold } from './record-hash.ts';
import type { BundleFiles, VerifierRoot } from './verify-trust.ts';

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
 * The statement over the record: signed by the gatekeeper, the artifact that the RECORD decision names, and word for word what follows from
 * the record: whoever holds the gatekeeper's key can claim no other builder, parameters or materials.
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
  const recordRef = outputOf(decision, 'build-record');
  return recordRef !== undefined && canonical(statement.value) === canonical(statementOf(record, recordRef))
    ? ok(true)
    : mismatch('BUNDLE_STATEMENT_MISMATCH', 'not what follows from the record');
}

const outputOf = (leaf: SealedLeaf, kind: string): ArtifactRef | undefined =>
  leaf.decision.outputs.find((output) => output.kind === kind) as ArtifactRef | undefined;
