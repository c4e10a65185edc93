import type { ReleaseRequirement } from '@orgo/contracts';

/** A release that has not ended and requires others; `pack_id` is null before its build was found. */
export type Requiring = {
  id: string;
  channel: string;
  pack_id: string | null;
  requires: readonly ReleaseRequirement[];
};

const leadsTo = ({ requires }: Requiring, { id, channel, pack_id }: Requiring): boolean =>
  requires.some((one) =>
    'release_id' in one ? one.release_id === id : one.channel === channel && one.pack_id === pack_id,
  );

/**
 * Releases that require one another in a circle through this one, from it on; null where there is none, or where a younger one closes it: that one gives way, so
 * that of a circle one alone ends. Ids sort by the time they were made.
 */
export function circleOf(own: string, releases: readonly Requiring[]): string[] | null {
  const older = releases.filter(({ id }) => id <= own);
  const first = older.find(({ id }) => id === own);
  if (first === undefined) return null;
  const seen = new Set<string>();
  const walk = (at: Requiring, path: string[]): string[] | null => {
    for (const next of older.filter((other) => leadsTo(at, other))) {
      if (next.id === own) return path;
      if (seen.has(next.id)) continue;
      seen.add(next.id);
      const found = walk(next, [...path, next.id]);
      if (found !== null) return found;
    }
    return null;
  };
  return walk(first, [own]);
}
