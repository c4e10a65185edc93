import { fromBase64 } from './base64.ts';
import { pae } from './pae.ts';
import { ok, type Result, refuse } from './result.ts';
import { isOfItsAlg, keyIdentity, type TrustedKey, type VerifySignature } from './signature.ts';

/** The DSSE v1 JSON envelope. `payload` and `sig` are base64 in either alphabet. */
export type DsseEnvelope = {
  payloadType: string;
  payload: string;
  signatures: { keyid: string; sig: string }[];
};

/** Bounds the signature checks one envelope can cause. */
const maxSignatures = 64;

/** Trusted keys in the order worth trying: the hint first, but every key, because the hint proves nothing. */
const byHint = (keys: readonly TrustedKey[], hint: string): TrustedKey[] => [
  ...keys.filter((key) => key.keyid === hint),
  ...keys.filter((key) => key.keyid !== hint),
];

/**
 * Verifies a multi-signature envelope against the trusted keys of one role (DSSE v1 protocol, multi-signature part).
 * Counts distinct keys by their material: a key that signs twice, or is listed under two ids, counts once.
 * On success gives the very bytes that were signed (parse these, never the envelope again) and the ids of the trusted
 * keys that signed them.
 *
 * Refuses with `PAYLOAD_TYPE_MISMATCH`, `BASE64_MALFORMED`, `SIGNATURE_MISSING`, `KEY_UNKNOWN` (no signature names a trusted key and none
 * verifies), `SIGNATURE_INVALID` (a trusted key is named, none verifies), `ALG_MISMATCH` (nor can it) or `THRESHOLD_NOT_MET`.
 */
export const verifyDsse = (
  envelope: DsseEnvelope,
  expect: { payloadType: string; keys: readonly TrustedKey[]; threshold: number; verify: VerifySignature },
): Result<{ payload: Uint8Array; keyids: string[] }> => {
  const { payloadType, keys, threshold, verify } = expect;
  if (envelope.payloadType !== payloadType) {
    return refuse('PAYLOAD_TYPE_MISMATCH', `expected ${payloadType}`);
  }
  if (envelope.signatures.length > maxSignatures) {
    return refuse('SIGNATURE_INVALID', `more than ${maxSignatures} signatures`);
  }
  const payload = fromBase64(envelope.payload, 'either');
  if (!payload.ok) return payload;

  const message = pae(payloadType, payload.value);
  const signers = new Map<string, string>();
  for (const { keyid, sig } of envelope.signatures) {
    const signature = fromBase64(sig, 'either');
    if (!signature.ok) return signature;
    const signer = byHint(keys, keyid).find(
      (key) => !signers.has(keyIdentity(key)) && verify(key, message, signature.value),
    );
    if (signer !== undefined) signers.set(keyIdentity(signer), signer.keyid);
  }

  // A threshold below one would accept an unsigned envelope.
  if (signers.size >= Math.max(1, threshold)) return ok({ payload: payload.value, keyids: [...signers.values()] });
  if (envelope.signatures.length === 0) return refuse('SIGNATURE_MISSING', 'the envelope has no signature');
  if (signers.size > 0) {
    return refuse('THRESHOLD_NOT_MET', `${signers.size} of ${threshold} keys signed`);
  }
  const named = keys.filter((key) => envelope.signatures.some(({ keyid }) => key.keyid === keyid));
  if (named.length === 0) return refuse('KEY_UNKNOWN', 'no signature is by a trusted key');
  return named.some(isOfItsAlg)
    ? refuse('SIGNATURE_INVALID', 'no signature verifies')
    : refuse('ALG_MISMATCH', 'the key is not of the algorithm its root lists');
};
