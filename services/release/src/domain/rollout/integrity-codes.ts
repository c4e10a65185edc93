import type { ReasonCode } from '@orgo/contracts';

/**
 * What no healthy world gives: bytes, keys or an order that were tampered with. One node that says one of these stops its release at once, whatever the
 * threshold.
 */
const integrityCodes: ReadonlySet<string> = new Set<ReasonCode>([
  'HASH_MISMATCH',
  'FILE_MISSING',
  'FILE_UNDECLARED',
  'FILE_HASH_MISMATCH',
  'FILE_SIZE_MISMATCH',
  'PATH_UNSAFE',
  'MANIFEST_SCHEMA_INVALID',
  'MANIFEST_ID_MISMATCH',
  'EXCHANGE_ID_MISMATCH',
  'EXCHANGE_MANIFEST_MISMATCH',
  'SIGNATURE_INVALID',
  'SIGNATURE_MISSING',
  'KEY_UNKNOWN',
  'KEY_NOT_TRUSTED_FOR_ROLE',
  'THRESHOLD_NOT_MET',
  'ALG_MISMATCH',
  'PAYLOAD_TYPE_MISMATCH',
  'TRUST_ROOT_INVALID',
  'RELEASE_SUBSTITUTED',
  'RELEASE_UNAUTHORIZED',
  'PROOF_INVALID',
  'CHECKPOINT_SIGNATURE_INVALID',
  'TARGET_NOT_FOR_CHANNEL',
  'PACK_INDEX_INVALID',
]);

export const isIntegrityCode = (code: string): boolean => integrityCodes.has(code);
/** For a query that looks for one of them. */
export const integrityCodeList: readonly string[] = [...integrityCodes];
