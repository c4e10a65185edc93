import { isDeepStrictEqual } from 'node:util';
import { givenTrust } from '@orgo/runtime/given-trust';
import { tenant } from '../integration/gatekeeper-instance.ts';
import { openHolds } from '../kit/holds.ts';
import { ownInstance } from '../kit/own-instance.ts';
import { startRollbackRing } from '../kit/rollback-ring.ts';
import type { Victim } from './blows.ts';
import { lives, type Stage, stageOf } from './lives.ts';
import { happenedIn, portraitOf } from './portrait.ts';
import { liveUnder, onePerRow } from './struck.ts';

const calm = 'calm';
/** Who is killed again and again is waited for less long than elsewhere. */
const pace = { pollMs: 100, maxPauseMs: 100, sweepMs: 100, claimMs: 500 };

/** Every life in one ring: once undisturbed, and then as often as somebody is to be killed in it. */
export async function openLives() {
  const ring = await startRollbackRing(await ownInstance(), pace);
  const holds = await openHolds(ring.instance.adminDatabaseUrl);
  const trust = await givenTrust(ring.instance.home, tenant);
  const stages: Stage[] = [];
  const names = Object.keys(lives);

  const liveAll = async (prefix: string): Promise<Stage[]> => {
    const played = names.map(async (name) => {
      const stage = await stageOf(ring, trust, `${prefix}-${name}`);
      stages.push(stage);
      await lives[name]?.(stage);
      return stage;
    });
    const all = await Promise.all(played);
    await ring.quiet();
    return all;
  };
  const undisturbed = await liveAll(calm);
  const portraits = await Promise.all(undisturbed.map((stage) => portraitOf(ring.admin, stage)));
  const happened = (await Promise.all(undisturbed.map((stage) => happenedIn(ring.admin, stage)))).flat();
  const chosen = onePerRow(happened);
  let runs = 0;

  return {
    /** Plays a life in a channel of that name; answers what is left of it when everybody has said everything. */
    async play(name: string, life: (stage: Stage) => Promise<void>): Promise<() => ReturnType<typeof portraitOf>> {
      const stage = await stageOf(ring, trust, name);
      stages.push(stage);
      await life(stage);
      return async () => {
        await ring.quiet();
        return portraitOf(ring.admin, stage);
      };
    },
    /** The rows that the lives take, by name. */
    rows: (): string[] => [...chosen.keys()].sort(),
    /** Lives all lives anew and kills the victim once at each of these rows; says where it did, where it never came to that, and what is not as it was undisturbed. */
    async under(victim: Victim, rows: readonly string[]) {
      const prefix = `${victim.replaceAll(' ', '-')}-${++runs}`;
      const byName = new Map(rows.map((row) => [chosen.get(row)?.replaceAll(`${calm}-`, `${prefix}-`) ?? row, row]));
      const { blows, never, played } = await liveUnder({ ring, holds, victim }, [...byName.keys()], () =>
        liveAll(prefix),
      );
      const differences = [];
      for (const [at, stage] of played.entries()) {
        const portrait = await portraitOf(ring.admin, stage);
        if (!isDeepStrictEqual(portrait, portraits[at]))
          differences.push({ life: names[at], was: portraits[at], is: portrait });
      }
      return { hit: blows.flat().map((name) => byName.get(name) as string), blows: blows.length, never, differences };
    },
    async close() {
      for (const { nodes } of stages) for (const node of nodes) node.remove();
      await holds.close();
      await ring.stop();
    },
  };
}
export type Lives = Awaited<ReturnType<typeof openLives>>;
