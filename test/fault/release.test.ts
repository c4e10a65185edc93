import { setTimeout as pause } from 'node:timers/promises';
import type { ReleaseStatus } from '@orgo/contracts';
import { canonical } from '@orgo/core';
import { Fault } from '@orgo/runtime/errors';
import type { FaultPoint, FaultPoints } from '@orgo/store/fault-points';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNodeInstance } from '../integration/konnaxion-node-instance.ts';
import { packIdOf, readerPack } from '../integration/konnaxion-node-packs.ts';
import { makeNode, startRelease, tenant } from '../integration/release-instance.ts';
import { type ArcFault, type Armed, createBreakers, type Life, roadFaults } from '../kit/breakers.ts';
import { againPoints, allFaultPoints, releasePoints } from '../kit/faults.ts';
import { ringPlaces } from '../kit/schedule.ts';

/** Fails the next pass of a point that a test names. */
function nextFault() {
  let armed: FaultPoint | undefined;
  const faults: FaultPoints = {
    at(point) {
      if (point !== armed) return;
      armed = undefined;
      throw new Fault('INTERNAL_ERROR', `planned at ${point}`);
    },
  };
  return {
    faults,
    arm(point: FaultPoint): void {
      armed = point;
    },
    fired: (): boolean => armed === undefined,
  };
}

/** Without alarms: what each does is broken here, not how it comes to be done. */
const points = releasePoints.filter((point) => !point.startsWith('alarm.'));
const nodePoints = ['node.beforeSwitch', 'node.switched', 'node.beforeReport', 'node.reported'] as const;

/** Roads on which messages of a release travel over the bus. */
const releaseRoads = ['claim', 'receipt', 'question'] as const;
/**
 * What the road between a node and the release service does to a report. A node that has no answer says it again under another nonce: `unanswered` is heard
 * twice and `lost` once; `doubled` is the same bytes twice.
 */
const reportRoads = ['delayed', 'doubled', 'lost', 'unanswered', 'overtaken'] as const;
const delayMs = 200;
type ReportRoad = (typeof reportRoads)[number] | null;

describe('a release with a fault at each point and on each road', () => {
  const next = nextFault();
  const breakers = createBreakers();
  const life: Life = { service: 'test', over: false, passed: 0, end() {} };
  let rel: Awaited<ReturnType<typeof startRelease>>;
  let made = 0;

  beforeAll(async () => {
    rel = await startRelease({ faults: next.faults, road: (_party, bus) => breakers.busOf(life, bus) });
  });
  afterAll(() => rel?.stop());

  /** Says by `road` that the pack runs. */
  const reported = async (node: ReturnType<typeof makeNode>, id: string, road: ReportRoad): Promise<void> => {
    const before = await rel.reportOf(node, id, {
      attempt: { type: 'VERIFY', status: 'SUCCEEDED', reason_code: null },
      active_pack_id: null,
      last_known_good: null,
      highest_activated_seq: 0,
    });
    if (road === 'overtaken') {
      expect((await rel.report(node, id)).status).toBe(202);
      expect((await rel.send(node, before)).body).toMatchObject({ status: 403, code: 'REPORT_REPLAYED' });
      return;
    }
    if (road === 'lost') await rel.reportOf(node, id);
    if (road === 'unanswered') expect((await rel.report(node, id)).status).toBe(202);
    const report = await rel.reportOf(node, id);
    if (road === 'delayed') await pause(delayMs);
    let answer = await rel.send(node, report);
    while (answer.status >= 500) answer = await rel.send(node, report);
    expect(answer.status).toBe(202);
    if (road === 'doubled') expect((await rel.send(node, report)).status).toBe(202);
  };

  /** From a build to an active pack in a channel of its own; who has no answer asks again under the same key. */
  const played = async ({
    point,
    way,
    report = null,
  }: {
    point?: FaultPoint;
    way?: ArcFault;
    report?: ReportRoad;
  } = {}) => {
    const channel = `c${made++}`;
    const node = makeNode(`n-${channel}`, channel);
    expect((await rel.join(node)).status).toBe(201);
    const { build_id, pack } = await rel.build();
    if (point !== undefined) next.arm(point);
    const broken: Armed<ArcFault> | undefined = way && breakers.armArc(tenant, way);
    const create = () => rel.create(build_id, channel, { 'idempotency-key': channel });
    let begun = await create();
    while (begun.status >= 500) begun = await create();
    const id = begun.body.release_id as string;
    await rel.opened(id);
    await reported(node, id, report);
    const end: ReleaseStatus = await rel.until(id, 'RELEASED');
    expect([way, broken?.fired]).toEqual([way, way && true]);
    await rel.peers.settled();
    // A nonce is good once: whatever else came about this node was no second report.
    const claimed = rel.peers.claims.filter(
      ({ claim }) => claim.claim === 'NODE_REPORT' && claim.detail.instance_id === node.instance_id,
    );
    return {
      reports: new Set(claimed.map(({ claim }) => canonical(claim))).size,
      status: end.status,
      reason_codes: end.reason_codes,
      release_seq: end.release_seq,
      active: (await rel.targets(id)).map((of) => [of.state, of.active_pack_id === pack.pack_id]),
      events: end.events.map(({ type }) => type),
    };
  };

  it('ends as the undisturbed one, at each', { timeout: 600_000 }, async () => {
    const calm = await played();
    expect(calm).toMatchObject({ status: 'RELEASED', active: [['CONFIRMED', true]] });
    for (const point of points) {
      expect([point, await played({ point })]).toEqual([point, calm]);
      expect([point, next.fired()]).toEqual([point, true]);
    }
    for (const arc of releaseRoads)
      for (const kind of roadFaults) {
        const way: ArcFault = { arc, kind, nth: 1 };
        expect([way, await played({ way })]).toEqual([way, calm]);
      }
    const ended = await Promise.all(reportRoads.map((report) => played({ report })));
    for (const [at, report] of reportRoads.entries()) {
      const reports = report === 'unanswered' ? 2 : 1;
      expect([report, ended[at]]).toEqual([report, { ...calm, reports }]);
    }
  });
});

describe('a node with a fault at each point', () => {
  it.each(nodePoints)('%s: the pack becomes active and is reported', async (point) => {
    const node = await startNodeInstance();
    try {
      const next = nextFault();
      await node.join();
      const pack = await readerPack(0);
      await node.publish(pack);
      next.arm(point);
      node.world.at = (name) => next.faults.at(name);
      const look = () => node.look();
      await expect(look()).rejects.toThrow(`planned at ${point}`);
      const state = await look();
      expect(state.active?.pack_id).toBe(packIdOf(pack));
      expect(state.attempts.at(-1)).toMatchObject({ status: 'SUCCEEDED', reported: true });
      expect(next.fired()).toBe(true);
    } finally {
      await node.stop();
    }
  });
});

it('with the suites of the ring, every point of the table is broken', () => {
  const places = ringPlaces.map(({ point }) => point);
  const broken = new Set<string>([...places, ...points, ...againPoints, ...nodePoints]);
  expect([...broken].sort()).toEqual([...allFaultPoints].sort());
});
