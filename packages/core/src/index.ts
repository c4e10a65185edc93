export * from './result.ts';
export { fromUtf8, utf8, utf8Length } from './text.ts';
export { sha256, sha256Hex } from '#sha256';
export { fromHex, toHex } from './hex.ts';
export { defaultLimits, type JsonLimits, type JsonValue } from './json-limits.ts';
export { parseStrict } from './strict-json.ts';
export { CanonicalError, canonical, canonicalBytes } from './canonical.ts';
export { type Digest, digestHex, digestOf, digestOfBytes, isDigest } from './digest.ts';
