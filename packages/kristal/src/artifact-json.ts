import type { JsonLimits } from '@orgo/core';

/**
 * How much JSON one stored artifact, or one line of one, may hold. Wider than a request's limits: artifacts are content of a build that
 * was admitted by size, and an Exchange of a million statements must fit.
 */
export const artifactJsonLimits: JsonLimits = {
  maxBytes: 1024 * 1024 * 1024,
  maxDepth: 64,
  maxMembers: 200_000_000,
  maxString: 16 * 1024 * 1024,
};
