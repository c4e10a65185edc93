import type { GateDecision } from '@orgo/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBreakers } from '../kit/breakers.ts';
import { type FaultPlan, faultLine } from '../kit/faults.ts';
import { type ProcessRing, startProcessRing } from '../kit/process-ring.ts';
import type { TestProcess } from '../kit/processes.ts';
import { openSchedules } from './schedules.ts';

const late: FaultPlan = { point: 'adapter.signed', mode: 'pause', pass: 1 };
/** Its second output is of the next stage: what it refuses meanwhile stores none. */
const next: FaultPlan = { point: 'adapter.stored', mode: 'pause', pass: 2 };

// A worker stands still with its signed reply in memory until its lease has run out and another has done the work, and then goes on.
describe('a worker that is paused beyond its lease', () => {
  let ring: ProcessRing;

  beforeAll(async () => {
    ring = await startProcessRing();
    await Promise.all((['audit', 'gatekeeper', 'orchestrator'] as const).map((part) => ring.run(part)));
  });
  afterAll(() => ring?.stop());

  const decisionsOf = async (build: string): Promise<GateDecision[]> => {
    const text = `SELECT convert_from(leaf, 'UTF8') AS leaf FROM audit.log_leaf WHERE build_id = $1 ORDER BY idx`;
    const { rows } = await ring.admin.query<{ leaf: string }>(text, [build]);
    return rows.map(({ leaf }) => JSON.parse(leaf) as GateDecision);
  };
  /** Looks until the log holds one about the build that fits; the test's own time is the limit. */
  const sealed = async (build: string, fits: (decision: GateDecision) => boolean): Promise<GateDecision> => {
    for (;;) {
      const found = (await decisionsOf(build)).find(fits);
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  it('is refused when it comes back: one output, and the refusal is sealed', async () => {
    const calmWorker = await ring.run('adapter');
    const schedules = await openSchedules({ ...ring, breakers: createBreakers() });
    await calmWorker.end();
    const paused = await ring.run('adapter', late);
    let second: TestProcess | undefined;
    try {
      const ended = schedules.runOne({
        seed: 0,
        text: 'one',
        course: { way: 'passes' },
        points: [],
        roads: [],
        blow: null,
      });
      await paused.said(faultLine(late));
      const { rows } = await ring.admin.query<{ id: string }>(
        `SELECT id FROM orchestrator.build WHERE phase NOT IN ('COMPLETED', 'FAILED')`,
      );
      const build = rows[0]?.id ?? '';
      await sealed(build, ({ kind }) => kind === 'FENCE');
      // The build goes on with the second worker, which is held in the next stage so that the build is still on when the first comes back.
      second = await ring.run('adapter', next);
      await second.said(faultLine(next));
      const stages = async () => (await decisionsOf(build)).filter(({ kind }) => kind === 'STAGE');
      expect((await stages()).map(({ stage, verdict }) => [stage, verdict])).toEqual([['echo-1', 'PASS']]);

      process.kill(paused.pid, 'SIGCONT');
      const refusal = await sealed(build, ({ reason_codes }) => reason_codes.includes('REPLY_STALE_ATTEMPT'));
      expect(refusal).toMatchObject({ kind: 'REFUSAL', stage: 'echo-1', authorizations: [] });
      process.kill(second.pid, 'SIGCONT');
      expect((await ended).problems).toEqual([]);
      expect((await stages()).filter(({ stage }) => stage === 'echo-1')).toHaveLength(1);
    } finally {
      for (const one of [paused, second]) if (one !== undefined) process.kill(one.pid, 'SIGCONT');
      await schedules.close();
    }
  });
});
