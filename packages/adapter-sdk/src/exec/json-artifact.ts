import type { JsonLimits } from '@orgo/core';

/** How much JSON an artifact may be: the host holds it in memory to read it strictly. */
export const jsonArtifactLimits: JsonLimits = {
  maxBytes: 268_435_456,
  maxDepth: 128,
  maxMembers: 10_000_000,
  maxString: 16_777_216,
};
