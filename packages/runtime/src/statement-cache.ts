import type { StatementCache } from '@orgo/core';

/** Remembers at least the newest `size` keys and at most twice as many; forgetting one only costs a repeated check. */
export function statementCache(size = 4096): StatementCache {
  let young = new Set<string>();
  let old = new Set<string>();
  return {
    has: (key) => young.has(key) || old.has(key),
    add(key) {
      if (young.size >= size) {
        old = young;
        young = new Set();
      }
      young.add(key);
    },
  };
}
