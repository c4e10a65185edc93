import type { Digest } from '@orgo/contracts';
import { sha256Hex } from '#sha256';
import { canonical } from './canonical.ts';

export type { Digest };

const shape = /^sha256:[0-9a-f]{64}$/;

/**
 * Content id of stored bytes: `sha256:` and 64 lowercase hex digits (FIPS 180-4).
 * @example digestOfBytes(new Uint8Array()) // 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
 */
export const digestOfBytes = (bytes: Uint8Array): Digest => `sha256:${sha256Hex(bytes)}`;

/** Content id of well-formed text, which is stored as UTF-8: `digestOfBytes(utf8(text))`. */
export const digestOfText = (text: string): Digest => `sha256:${sha256Hex(text)}`;

/**
 * Content id of a JSON value: the digest of its RFC 8785 bytes, so equal to `digestOfBytes(canonicalBytes(value))`.
 * Throws `CanonicalError` for what is not JSON.
 */
export const digestOf = (value: unknown): Digest => digestOfText(canonical(value));

/**
 * The content id of nothing, `digestOf(null)`: what a pipeline, a mandate or a key is called where there is none.
 * A digest all the same, so that what is signed has one form and nobody can take an absence for a zero.
 */
export const digestOfNothing: Digest = digestOf(null);

/** The 64 hex digits of a digest. */
export const digestHex = (digest: Digest): string => digest.slice(7);

/** True for `sha256:` and 64 lowercase hex digits, nothing else. */
export const isDigest = (text: unknown): text is Digest => typeof text === 'string' && shape.test(text);
