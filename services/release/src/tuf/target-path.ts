import type { Digest } from '@orgo/contracts';
import { digestHex } from '@orgo/core';

/** Where a target lies below the repository: its name with its hash before it (TUF 1.0 section 6.2.2, consistent snapshots). */
export const targetFilePath = (target: string, digest: Digest): string => {
  const at = target.lastIndexOf('/') + 1;
  return `targets/${target.slice(0, at)}${digestHex(digest)}.${target.slice(at)}`;
};
