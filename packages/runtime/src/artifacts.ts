import type { ArtifactRef } from '@orgo/contracts';
import type { Digest, Result } from '@orgo/core';

/**
 * Content-addressed bytes of a tenant: immutable, verified on every read. A digest is not a capability: it opens nothing in
 * another tenant's space.
 */
export type ArtifactStore = {
  /**
   * Stores bytes; durable on return. Storing them again changes nothing and does not repair what is stored.
   * @throws Refused ARTIFACT_TOO_LARGE; nothing is kept then.
   */
  put(
    tenant: string,
    kind: string,
    media_type: string,
    bytes: Uint8Array | AsyncIterable<Uint8Array>,
  ): Promise<ArtifactRef>;
  /** @throws Refused ARTIFACT_NOT_FOUND, Breach HASH_MISMATCH: never other bytes. */
  get(tenant: string, ref: Digest): Promise<Uint8Array>;
  /** Size without reading; null when absent. */
  stat(tenant: string, ref: Digest): Promise<{ size: number } | null>;
  /** Bytes in pieces; the last piece may be followed by Breach HASH_MISMATCH, so act on the bytes only after the end. */
  stream(tenant: string, ref: Digest): AsyncIterable<Uint8Array>;
  /** Reads everything back. Refuses with `ARTIFACT_NOT_FOUND`, `SIZE_MISMATCH` or `HASH_MISMATCH`. */
  verify(tenant: string, ref: Digest, size: number): Promise<Result<true>>;
  /** Every artifact of a tenant, in no order. */
  list(tenant: string): AsyncIterable<{ ref: Digest; size: number }>;
};
