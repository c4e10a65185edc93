import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBreakers } from '../kit/breakers.ts';
import { type FaultPlan, faultLine } from '../kit/faults.ts';
import { falterSignal, type Part, type ProcessRing, parts, startProcessRing } from '../kit/process-ring.ts';
import type { TestProcess } from '../kit/processes.ts';
import { ringPlaces, texts } from '../kit/schedule.ts';
import { openSchedules } from './schedules.ts';

/** Builds start at the beginning, and those that go on start no other: what breaks the start comes first. */
const plansOf = (part: Part): FaultPlan[] =>
  ringPlaces
    .filter(({ service }) => service === part)
    .map(({ point }): FaultPlan => ({ point, mode: 'kill', pass: 1 }))
    .sort((a, b) => Number(b.point.startsWith('start.')) - Number(a.point.startsWith('start.')));

/** A stage has three attempts: no build may lose more than two. */
const mostFalters = 2;
const lanes = 3;
/** A process may end otherwise, as when its server was full for a moment; it is started again as it would be in production. */
const tries = 3;

// Every part is a process. Each dies by kill -9 at each of its points, one after the other, and is started again with the next point planned, while builds go on.
describe('the ring whose processes are killed at each point', () => {
  let ring: ProcessRing;
  let schedules: Awaited<ReturnType<typeof openSchedules>>;
  const living = new Map<Part, TestProcess>();

  beforeAll(async () => {
    ring = await startProcessRing();
    await Promise.all(parts.map(async (part) => living.set(part, await ring.run(part))));
    schedules = await openSchedules({ ...ring, breakers: createBreakers() });
  });
  afterAll(async () => {
    await schedules?.close();
    await ring?.stop();
  });

  it('ends every build as the undisturbed run does', { timeout: 600_000 }, async () => {
    const killed: string[] = [];
    const problems: string[] = [];
    const builds = new Set<{ falters: number }>();
    let left = parts.length;
    let alarmsWanted = false;

    const diesAt = async (part: Part, plan: FaultPlan): Promise<boolean> => {
      const process = await ring.run(part, plan);
      living.set(part, process);
      const { signal } = await process.ended;
      return signal === 'SIGKILL' && process.lines.includes(faultLine(plan));
    };
    const dies = async (part: Part): Promise<void> => {
      // The first one dies wherever it is; each after it at its own point.
      await living.get(part)?.end('SIGKILL');
      for (const plan of plansOf(part)) {
        if (part === 'orchestrator') alarmsWanted = plan.point.startsWith('alarm.');
        for (let n = 0; n < tries && !killed.includes(`${part} ${plan.point}`); n++)
          if (await diesAt(part, plan)) killed.push(`${part} ${plan.point}`);
      }
      if (part === 'orchestrator') alarmsWanted = false;
      living.set(part, await ring.run(part));
      left--;
    };
    /** An alarm is set for the next attempt of a stage that the world let fail. */
    const falter = (): void => {
      const adapter = living.get('adapter');
      const ready = adapter?.lines.length === 1;
      if (!alarmsWanted || !ready || [...builds].some(({ falters }) => falters === mostFalters)) return;
      for (const build of builds) build.falters++;
      process.kill(adapter.pid, falterSignal);
    };
    const goesOn = async (): Promise<void> => {
      for (let n = 0; left > 0; n++) {
        const build = { falters: 0 };
        builds.add(build);
        falter();
        const ended = await schedules.runOne({
          seed: 0,
          text: texts[n % texts.length] ?? 'one',
          course: { way: 'passes' },
          points: [],
          roads: [],
          blow: null,
        });
        builds.delete(build);
        problems.push(...ended.problems);
      }
    };
    await Promise.all([...parts.map(dies), ...Array.from({ length: lanes }, goesOn)]);
    expect(problems).toEqual([]);
    expect(killed.sort()).toEqual(ringPlaces.map(({ service, point }) => `${service} ${point}`).sort());
  });
});
