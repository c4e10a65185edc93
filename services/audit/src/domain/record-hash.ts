import type { BuildRecord, Digest } from '@orgo/contracts';
import { digestOf, type JsonValue } from '@orgo/core';

/** A record before its two hashes. */
export type RecordBody = Omit<BuildRecord, 'record_hash' | 'envelope_hash'>;

/**
 * The deterministic core of a record (DT-06): what was built from what, by what, with which result. Left out: every time, `as_of` among
 * them, attempts and idempotency keys, build and tenant ids, who triggered it, reports, decisions, log positions and the trust root.
 * So two builds with the same pins and the same `as_of` have the same `record_hash`; artifacts that carry `as_of` make it differ otherwise.
 */
export function recordCore(record: RecordBody): JsonValue {
  const { schema_version, outcome, reason_codes, mandate_ref, pipeline, toolchain, contract_profile, inputs } = record;
  const { policy_selections, kristal_policy_selections, compiler, outputs, schemas } = record;
  const stages = record.stages.map(({ stage, status, adapter, inputs: from, outputs: to, reason_codes: codes }) => ({
    stage,
    status,
    adapter,
    inputs: from,
    outputs: to,
    reason_codes: codes,
  }));
  return {
    schema_version,
    outcome,
    reason_codes,
    mandate_ref,
    pipeline,
    toolchain,
    contract_profile,
    schemas,
    inputs,
    policy_selections,
    kristal_policy_selections,
    compiler,
    stages,
    outputs,
  };
}

/** Content id of the deterministic core. */
export const recordHash = (record: RecordBody): Digest => digestOf(recordCore(record));

/** Content id of everything but the two hashes. */
export function envelopeHash(record: BuildRecord | RecordBody): Digest {
  const { record_hash: _core, envelope_hash: _envelope, ...body } = record as BuildRecord;
  return digestOf(body);
}

/** The record with its hashes. */
export const withHashes = (body: RecordBody): BuildRecord => ({
  ...body,
  record_hash: recordHash(body),
  envelope_hash: envelopeHash(body),
});

/** True when both hashes are those of the record (BR-12). */
export const hashesHold = (record: BuildRecord): boolean =>
  record.record_hash === recordHash(record) && record.envelope_hash === envelopeHash(record);
