import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ArcFault, arcs, type PointFault, roadFaults } from '../kit/breakers.ts';
import { type FaultRing, startFaultRing } from '../kit/fault-ring.ts';
import { ringPlaces, type Schedule, texts } from '../kit/schedule.ts';
import { openSchedules } from './schedules.ts';

type Schedules = Awaited<ReturnType<typeof openSchedules>>;

/** A stage that the world lets fail is tried again after a while: an alarm, which is what alarms need to be seen at work. */
const retried: PointFault = { service: 'adapter', point: 'adapter.stored', mode: 'throw', pass: 2 };
let made = 0;
const of = (points: PointFault[], roads: ArcFault[] = []): Schedule => ({
  seed: 0,
  text: texts[made++ % texts.length] ?? 'one',
  course: { way: 'passes' },
  points,
  roads,
  blow: null,
});
/** Some points are passed after a build has ended, and are reached by the next one. */
const tries = 4;

// Every place of the ring breaks, alone and early, and the build ends as the undisturbed one. Each fault is shown to have fired.
describe('the ring with a fault at each point', () => {
  let ring: FaultRing;
  let schedules: Schedules;

  beforeAll(async () => {
    ring = await startFaultRing();
    schedules = await openSchedules(ring);
  });
  afterAll(async () => {
    await schedules?.close();
    await ring?.stop();
  });

  /** Plays a fault until it has fired; answers what went wrong. */
  const broken = async (schedule: Schedule, name: string): Promise<string[]> => {
    for (let n = 0; n < tries; n++) {
      const { fired, problems } = await schedules.runOne(schedule);
      if (problems.length > 0) return problems.map((problem) => `${name}: ${problem}`);
      if (fired.includes(name)) return [];
    }
    return [`${name} never fired`];
  };
  const inLanes = async <T>(of: readonly T[], run: (one: T) => Promise<string[]>): Promise<string[]> => {
    const left = [...of];
    const found: string[] = [];
    const lane = async (): Promise<void> => {
      for (let one = left.shift(); one !== undefined; one = left.shift()) found.push(...(await run(one)));
    };
    await Promise.all(Array.from({ length: 12 }, lane));
    return found;
  };

  it.each(['throw', 'crash'] as const)(
    '%s: same state, outputs and log',
    async (mode) => {
      const problems = await inLanes(ringPlaces, ({ service, point }) => {
        const fault: PointFault = { service, point, mode, pass: 1 };
        return broken(of(point.startsWith('alarm.') ? [fault, retried] : [fault]), `${service} ${point} ${mode}`);
      });
      expect(problems).toEqual([]);
      expect(ring.problems).toEqual([]);
    },
    240_000,
  );

  it('every road delays, doubles, loses, leaves unanswered and reorders: same state, outputs and log', async () => {
    const ways = arcs.flatMap((arc) => roadFaults.map((kind): ArcFault => ({ arc, kind, nth: 1 })));
    const problems = await inLanes(ways, (way) => broken(of([], [way]), `${way.arc} ${way.kind}`));
    expect(problems).toEqual([]);
  }, 240_000);
});
