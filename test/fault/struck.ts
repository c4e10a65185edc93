import { setTimeout as pause } from 'node:timers/promises';
import type { Holds } from '../kit/holds.ts';
import type { RollbackRing } from '../kit/rollback-ring.ts';
import { strike, type Victim } from './blows.ts';
import type { Happened } from './portrait.ts';

/** How long other transactions have to come to their own stop once one stands still: one blow hits all that do. */
const gatherMs = 40;

/** What became of wishes: the names at which the victim was killed, each blow's together, and those that never came. */
export type Struck = { blows: string[][]; never: string[] };

/** Plays lives, and kills the victim whenever one of these events is written and not committed, once at each. */
export async function liveUnder<T>(
  of: { ring: RollbackRing; holds: Holds; victim: Victim },
  wanted: readonly string[],
  play: () => Promise<T>,
): Promise<Struck & { played: T }> {
  const { ring, holds, victim } = of;
  const left = new Set(wanted);
  const blows: string[][] = [];
  await holds.wish(wanted);
  let over = false;
  const playing = play().finally(() => {
    over = true;
  });
  // Whoever fails says so where it is awaited.
  playing.catch(() => undefined);
  while (!over && left.size > 0) {
    if ((await holds.look()).length === 0) {
      await pause(30);
      continue;
    }
    await pause(gatherMs);
    const hit = (await strike(ring, holds, await holds.look(), victim)).flatMap(({ names }) => names);
    for (const name of hit) left.delete(name);
    if (hit.length > 0) blows.push(hit);
  }
  await holds.drop([...left]);
  return { blows, never: [...left], played: await playing };
}

/** One event for each row that the lives took, as few transactions as a greedy choice finds. */
export function onePerRow(happened: readonly Happened[]): Map<string, string> {
  const units = new Map<string, Happened[]>();
  for (const one of happened)
    if (one.row !== null) units.set(`${one.whose} ${one.xid}`, [...(units.get(`${one.whose} ${one.xid}`) ?? []), one]);
  const chosen = new Map<string, string>();
  const fresh = (unit: readonly Happened[]): number =>
    new Set(unit.flatMap(({ row }) => (row !== null && !chosen.has(row) ? [row] : []))).size;
  for (;;) {
    const best = [...units.values()].reduce<Happened[]>((a, b) => (fresh(b) > fresh(a) ? b : a), []);
    if (fresh(best) === 0) return chosen;
    for (const { row, name } of best) if (row !== null && !chosen.has(row)) chosen.set(row, name);
  }
}
