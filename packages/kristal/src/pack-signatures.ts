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
import { manifestSha256, type PackManifest } from './pack-manifest.ts';

/**
 * What a signature of a pack manifest stands on, rebuilt from the manifest by a fixed rule: the manifest has no room for it. Signed is the
 * SHA-256 of its canonical form, as 32 bytes.
 */
export function packSignaturePayload(manifest: PackManifest): JsonValue {
  return {
    artifact_kind: 'runtime_pack_manifest',
    artifact_version: 'v3',
    content_id: manifest.runtime_pack_id,
    canonicalization_profile: manifest.build.canonicalization_profile,
    canonicalization_version: '1',
    hash_alg: 'sha256',
    content_hash: `sha256:${manifestSha256(manifest)}`,
  };
}

/**
 * Checks every signature that a manifest declares: none is skipped, and one that cannot be checked is refused (RP-6). No signatures are no
 * problem here: whether some are demanded is a matter of policy. Refuses with `KEY_UNKNOWN` or `SIGNATURE_INVALID`.
 * @param keys whom the caller trusts to sign packs; nobody, if he has no opinion
 */
export function verifyPackSignatures(
  manifest: PackManifest,
  keys: readonly TrustedKey[],
  verify: VerifySignature,
): Result<true> {
  const digest = fromHex(digestOf(packSignaturePayload(manifest)).slice('sha256:'.length));
  if (!digest.ok) return refuse('SIGNATURE_INVALID', digest.detail);
  for (const { key_id, alg, signature } of manifest.signatures ?? []) {
    const key = keys.find(({ keyid }) => keyid === key_id);
    if (!key) return refuse('KEY_UNKNOWN', `no key ${key_id} is trusted to sign packs`);
    const bytes = fromBase64(signature, 'standard');
    if (!bytes.ok || alg !== key.alg || !verify(key, digest.value, bytes.value))
      return refuse('SIGNATURE_INVALID', `${key_id}: the signature is not over this manifest`);
  }
  return ok(true);
}
