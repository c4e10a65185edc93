import type { JsonValue, Result } from '@orgo/core';
import { manifestSha256, type PackManifest } from './pack-manifest.ts';
import { nobody, type Signers, verifySignatures } from './signatures.ts';

/**
 * What a signature of a pack manifest stands on, rebuilt from the manifest by a fixed rule: the manifest has no room for it.
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
 * Checks every signature that a manifest declares (RP-6). Refuses with `KEY_UNKNOWN` or `SIGNATURE_INVALID`.
 * @param signers whom the caller trusts to sign packs
 */
export function verifyPackSignatures(manifest: PackManifest, signers: Signers = nobody): Result<true> {
  return verifySignatures(manifest.signatures, packSignaturePayload(manifest), 'standard', signers);
}
