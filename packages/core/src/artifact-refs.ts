import type { ArtifactRef } from '@orgo/contracts';
import { canonical } from './canonical.ts';
import { compareText } from './text.ts';

/** The order in which whatever is signed lists artifacts: by kind, then by reference. */
export const compareRefs = (a: ArtifactRef, b: ArtifactRef): number =>
  compareText(a.kind, b.kind) || compareText(a.ref, b.ref);

/** In the order of `compareRefs`, exact duplicates left out: how an authorization lists its inputs and a decision its outputs. */
export function sortRefs(refs: readonly ArtifactRef[]): ArtifactRef[] {
  const sorted = [...refs].sort(compareRefs);
  return sorted.filter((ref, i) => i === 0 || canonical(ref) !== canonical(sorted[i - 1]));
}

/** True when both lists name the same artifacts, whatever their order. */
export const sameRefs = (a: readonly ArtifactRef[], b: readonly ArtifactRef[]): boolean =>
  canonical(sortRefs(a)) === canonical(sortRefs(b));
