import {
  digestOf,
  fromBase64,
  fromHex,
  type JsonValue,
  ok,
  type Result,
  refuse,
  type TrustedKey,
  type VerifySignature,
} from '@orgo/core';
import { z } from 'zod';
import { DateTimeSchema } from './claim-ir-values.ts';

const form = {
  key_id: z.string().min(1),
  alg: z.enum(['ed25519', 'rsa-pss-sha256', 'ecdsa-p256-sha256']),
  created_at: DateTimeSchema.optional(),
};

/** A signature inside a pack manifest; `signature` is standard base64. */
export const PackSignatureSchema = z.strictObject({ ...form, signature: z.string().min(16) });

/** A signature inside an Exchange or its manifest; `signature` is URL-safe base64 without padding. */
export const ExchangeSignatureSchema = z.strictObject({
  ...form,
  signature: z.string().regex(/^[A-Za-z0-9_-]{16,}$/),
});

/** Whom a reader trusts to sign an artifact, and how a signature is checked. */
export type Signers = { keys: readonly TrustedKey[]; verify: VerifySignature };

/** Who has no opinion trusts nobody: any declared signature is one by an unknown key. */
export const nobody: Readonly<Signers> = { keys: [], verify: () => false };

/**
 * Checks every signature that an artifact declares over the SHA-256 of a payload's canonical form, as 32 bytes. None is skipped, and one that
 * cannot be checked is refused (IN-04, EX-4, RP-6). No signatures are no problem here: whether some are demanded is a matter of policy.
 * Refuses with `KEY_UNKNOWN` or `SIGNATURE_INVALID`.
 */
export function verifySignatures(
  signatures: readonly z.infer<typeof PackSignatureSchema>[] | undefined,
  payload: JsonValue,
  alphabet: 'standard' | 'url',
  { keys, verify }: Signers,
): Result<true> {
  if (signatures === undefined || signatures.length === 0) return ok(true);
  const digest = fromHex(digestOf(payload).slice('sha256:'.length));
  if (!digest.ok) return refuse('SIGNATURE_INVALID', digest.detail);
  for (const { key_id, alg, signature } of signatures) {
    const key = keys.find(({ keyid }) => keyid === key_id);
    if (!key) return refuse('KEY_UNKNOWN', `no key ${key_id} is trusted to sign it`);
    const bytes = fromBase64(signature, alphabet);
    if (!bytes.ok || alg !== key.alg || !verify(key, digest.value, bytes.value))
      return refuse('SIGNATURE_INVALID', `${key_id}: the signature is not over this content`);
  }
  return ok(true);
}
