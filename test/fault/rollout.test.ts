import type { ReleaseStatus } from '@orgo/contracts';
import type { FaultPoint } from '@orgo/store/fault-points';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeNode, type TestNode } from '../integration/release-instance.ts';
import { type FaultPlan, faultLine, releasePoints } from '../kit/faults.ts';
import { type RollbackRing, startRollbackRing } from '../kit/rollback-ring.ts';

const kill = (point: FaultPoint, pass = 1): FaultPlan => ({ point, mode: 'kill', pass });

/** Passes at which the release service dies where the first one is not the most telling: the first cohort is out and nobody knows; later looks. */
const passes: Partial<Record<FaultPoint, number>> = {
  'release.published': 2,
  'alarm.claimed': 2,
  'alarm.fired': 2,
  'alarm.deleted': 2,
};

/** Where they die, from the moment somebody asks for the release: the release service at every point that it passes on the way. */
const plans: Record<'release' | 'gatekeeper', FaultPlan[]> = {
  release: releasePoints.map((point) => kill(point, passes[point])),
  gatekeeper: [
    // the report is stored and no decision names it; a step is decided and nobody knows; it is said and the gatekeeper does not know
    kill('gate.reportStored'),
    kill('tx.afterCommit', 2),
    kill('relay.afterPublish', 2),
  ],
};
const nameOf = (part: string, { point, pass }: FaultPlan): string => `${part}-${point.toLowerCase()}-${pass}`;

let ring: RollbackRing;
const fleets = new Map<string, [TestNode, TestNode]>();

beforeAll(async () => {
  ring = await startRollbackRing();
  const names = Object.entries(plans).flatMap(([part, all]) => all.map((plan) => nameOf(part, plan)));
  for (const name of ['calm', ...names]) {
    const fleet: [TestNode, TestNode] = [makeNode(`node-${name}`, name), makeNode(`late-${name}`, name)];
    for (const { joining } of fleet) await ring.call('POST', '/nodes', joining);
    fleets.set(name, fleet);
  }
});
afterAll(() => ring?.stop());

/** A release without what differs from one to the next: its name, times and ids. */
const shapeOf = ({ status, reason_codes, release_seq, pack_seq, steps, counts, events }: ReleaseStatus) => ({
  status,
  reason_codes,
  places: [release_seq, pack_seq],
  steps: steps.map(({ name, state, counts: own, needed }) => [name, state, own, needed]),
  counts,
  events: events.map(({ type, actor }) => `${type} ${actor}`),
});

/** A word of a node that got no answer is said again: under a fresh nonce, since the old one may be used up. */
async function report(node: TestNode): Promise<void> {
  for (let tries = 0; ; tries++)
    try {
      return await ring.report({ node }, 'ACTIVATE');
    } catch (error) {
      if (tries > 9) throw error;
    }
}

/** From the asking to RELEASED, one node and then the other. Who has no answer asks again under the same key. */
async function rollOut(name: string) {
  const [canary, late] = fleets.get(name) as [TestNode, TestNode];
  const stages = [{ name: 'canary', cohort: { by: 'ids', ids: [canary.instance_id] } }];
  const strategy = { mode: 'staged', stages };
  const body = { build_id: ring.builds[0], channel: name, actor: 'ann', reason: 'a test', strategy };
  const { release_id } = await ring.call<ReleaseStatus>('POST', '/releases', body, `release-${name}`);
  const until = (holds: (release: ReleaseStatus) => boolean) => ring.until(() => ring.releaseOf(release_id), holds);
  await until(({ steps }) => steps[0]?.opened_at != null);
  // Nobody of the second cohort is offered anything while the first is not confirmed.
  expect((await ring.channelOf(name)).index.candidate?.cohorts).toHaveLength(1);
  await report(canary);
  await until(({ steps }) => steps[1]?.opened_at != null);
  await report(late);
  return shapeOf(await until(({ status }) => status === 'RELEASED'));
}

/** What is sealed about a release; a word of a node that was said again is one. */
const sealedOf = async (name: string): Promise<string[]> =>
  (await ring.sealed(name)).filter((one, at, all) => one !== 'NODE_REPORT PASS' || all[at - 1] !== one);

it('a staged release whose release service or gatekeeper is killed in the middle ends as the undisturbed one', {
  timeout: 600_000,
}, async () => {
  const calm = await rollOut('calm');
  expect(calm).toMatchObject({ status: 'RELEASED', places: [1, 1], counts: { total: 2, CONFIRMED: 2 } });
  const ended: Record<string, unknown> = {};
  const killed: string[] = [];
  for (const part of ['release', 'gatekeeper'] as const) {
    let process = await ring.run(part, plans[part][0]);
    for (const [at, plan] of plans[part].entries()) {
      const name = nameOf(part, plan);
      await ring.arm(part);
      const going = rollOut(name);
      const { signal } = await process.ended;
      if (signal === 'SIGKILL' && process.lines.includes(faultLine(plan))) killed.push(name);
      // Who comes next finishes what was left, undisturbed: its own fault waits to be armed.
      process = await ring.run(part, plans[part][at + 1]);
      ended[name] = await going;
    }
  }
  const names = [...fleets.keys()].filter((name) => name !== 'calm');
  expect(killed.sort()).toEqual([...names].sort());
  await ring.quiet();
  const log = await sealedOf('calm');
  expect(log.filter((one) => !one.startsWith('NODE_JOIN'))).toEqual([
    'RELEASE PASS',
    'RELEASE_STEP PASS',
    'NODE_REPORT PASS',
    'RELEASE_STEP PASS',
    'NODE_REPORT PASS',
    'RELEASE_CLOSE PASS',
  ]);
  for (const name of names) {
    expect([name, ended[name]]).toEqual([name, calm]);
    expect([name, await sealedOf(name)]).toEqual([name, log]);
  }
});

it('a pinned release leaves its channel pinned to it, under a sealed change, and the next one waits', async () => {
  const node = makeNode('node-pinned', 'pinned');
  await ring.call('POST', '/nodes', node.joining);
  const of = { channel: 'pinned', actor: 'ann', reason: 'for good' };
  const body = { ...of, build_id: ring.builds[0], strategy: { mode: 'pinned' } };
  const { release_id } = await ring.call<ReleaseStatus>('POST', '/releases', body, 'pinned');
  const look = () => ring.releaseOf(release_id);
  await ring.until(look, ({ steps }) => steps[0]?.opened_at != null);
  await report(node);
  await ring.until(look, ({ status }) => status === 'RELEASED');
  const { index, changes } = await ring.until(
    () => ring.channelOf('pinned'),
    ({ pin }) => pin !== null,
  );
  expect(changes[0]).toMatchObject({ kind: 'pin', status: 'DONE', actor: 'ann', log_index: expect.any(Number) });
  expect(index.current?.release_id).toBe(release_id);
  const next = await ring.call<ReleaseStatus>('POST', '/releases', { ...of, build_id: ring.builds[1] }, 'next');
  const waits = await ring.until(
    () => ring.releaseOf(next.release_id),
    ({ waiting_for }) => waiting_for?.includes('CHANNEL_PINNED') ?? false,
  );
  expect(waits).toMatchObject({ status: 'VERIFIED', release_seq: null });
});
