import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { NodeReport, Offer } from '@orgo/contracts';
import { isInCohort, percentSelector } from '@orgo/core';
import { joinSimulatedFleet, queryActive, readConfig, readState, type SimulatedFleet } from '@orgo/konnaxion-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ChannelRepo, createChannelRepo } from '../kit/channel-repo.ts';
import { packIdOf, readerPack, type TestPack } from './konnaxion-node-packs.ts';
import { openRoad, type Road } from './konnaxion-node-road.ts';

// Fifty nodes in one process live through a release: a tenth of it first, one whose disk spoils what is written, one whose machine is unwell, five that are away, a
// slow one and one whose clock is ahead; then everyone goes back.
const tenant = 'acme';
const names = Array.from({ length: 50 }, (_, n) => `node-${`${n}`.padStart(2, '0')}`);
const away = names.slice(0, 5);
const [corrupt, unwell, slow, ahead] = names.slice(5, 9) as [string, string, string, string];
let root: string;
let repo: ChannelRepo;
let road: Road;
let fleet: SimulatedFleet;
let packs: [TestPack, TestPack, TestPack];
const keys = new Map<string, Uint8Array>();
const changed = { wake: (): void => undefined };

/** Resolves once the reports that came say so. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds())
    await new Promise<void>((wake) => {
      changed.wake = wake;
    });
}
const reportsOf = (offer: Offer, type?: NodeReport['attempt']['type']) =>
  road.reports.filter((r) => r.release_id === offer.release_id && (type === undefined || r.attempt.type === type));
/** Who reported that about an offer: each once. */
const who = (offer: Offer, type: NodeReport['attempt']['type'], status: NodeReport['attempt']['status']): string[] =>
  reportsOf(offer, type)
    .filter((r) => r.attempt.status === status)
    .map(({ instance_id }) => instance_id)
    .sort();
const activeOf = async (name: string): Promise<string | null> =>
  (await readState(path.join(root, tenant, name), 'stable')).active?.pack_id ?? null;
const but = (...others: string[]): string[] => names.filter((name) => !others.includes(name));

beforeAll(async () => {
  packs = await Promise.all([readerPack(2), readerPack(1), readerPack(0)]);
  root = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'orgo-fleet-'));
  repo = createChannelRepo(tenant);
  road = await openRoad(
    (file) => repo.read(file),
    (node) => keys.get(node) ?? new Uint8Array(32),
  );
  road.reported = () => changed.wake();
  fleet = await joinSimulatedFleet({
    root,
    api: road.url,
    tenant,
    channel: 'stable',
    trust: repo.trust(),
    names,
    labels: (name) => ({ site: name < 'node-25' ? 'north' : 'south' }),
    enroll: async ({ instance_id, public_key }) => {
      keys.set(instance_id, new Uint8Array(Buffer.from(public_key, 'base64')));
      return names.indexOf(instance_id) + 1;
    },
    pollMs: 50,
  });
});
afterAll(async () => {
  await fleet?.stop();
  await road?.close();
  fs.rmSync(root, { recursive: true, force: true });
});

test('a fleet takes a release cohort by cohort, each node on its own, and goes back together', async () => {
  const first = repo.release(packs[0]);
  await fleet.start();
  await until(() => reportsOf(first).length === names.length);
  expect(who(first, 'ACTIVATE', 'SUCCEEDED')).toEqual(names);

  for (const name of away) fleet.trouble(name, { offline: true });
  fleet.trouble(corrupt, { corrupt: 'disk' });
  const metric = { name: 'query_errors_bp', value: 2500, samples: 400 };
  fleet.trouble(unwell, { metrics: [{ pack_id: packIdOf(packs[1]), metric }] });
  fleet.trouble(slow, { slow_ms: 20 });

  // A tenth, by place: exactly those whom the server would count, but for who is away or broken.
  const next = repo.offer(packs[1]);
  const tenth = percentSelector(10, next.release_id, names) ?? { by: 'all' as const };
  const canary = { selector: tenth, enrolled_through: names.length };
  const members = await Promise.all(names.map(async (name) => readConfig(path.join(root, tenant, name))));
  const taken = members
    .filter((m) => isInCohort([canary], next.release_id, { ...m, enrollment: m.enrollment ?? 0 }))
    .map(({ instance_id }) => instance_id);
  expect(taken).toHaveLength(5);
  const reachable = taken.filter((name) => !away.includes(name)).sort();
  repo.change({ candidate: { offer: next, cohorts: [canary], prefetch: false } });
  await until(() => reportsOf(next).length === reachable.length);
  expect(
    reportsOf(next)
      .map(({ instance_id }) => instance_id)
      .sort(),
  ).toEqual(reachable);
  for (const name of but(...taken)) expect(await activeOf(name)).toBe(packIdOf(packs[0]));

  // Everyone: prefetch and activation are two words; the broken one refuses by itself and keeps serving.
  const everyone = { selector: { by: 'all' as const }, enrolled_through: names.length };
  repo.change({ candidate: { offer: next, cohorts: [canary, everyone], prefetch: true } });
  const here = but(...away);
  await until(() => reportsOf(next).length === here.length);
  expect(who(next, 'ACTIVATE', 'SUCCEEDED')).toEqual(here.filter((name) => name !== corrupt));
  expect(reportsOf(next).filter(({ attempt }) => attempt.status === 'FAILED')).toMatchObject([
    {
      instance_id: corrupt,
      attempt: { type: 'ACTIVATE', reason_code: 'FILE_HASH_MISMATCH' },
      active_pack_id: packIdOf(packs[0]),
    },
  ]);
  expect(await queryActive(path.join(root, tenant, corrupt), { limit: 1 })).toMatchObject({
    ok: true,
    value: { runtime_pack_id: packIdOf(packs[0]) },
  });
  const measured = reportsOf(next).filter(({ metrics }) => metrics.some(({ name }) => name === metric.name));
  expect(measured).toMatchObject([{ instance_id: unwell, metrics: expect.arrayContaining([metric]) }]);

  // The gatekeeper lets everyone go back; whoever never left has nothing to do but to take the new offer of what it runs.
  // A clock that is ahead finds everything stale: it holds, and says so. A look that began before is judged by the clock of then.
  fleet.trouble(ahead, { clock_ms: 100 * 365 * 86_400_000 });
  await until(() => road.reports.some((r) => r.instance_id === ahead && r.attempt.reason_code === 'METADATA_STALE'));
  const back = repo.offer(packs[0]);
  repo.change({ current: back, candidate: null, rollback: repo.authorization(next, first) });
  const moved = here.filter((name) => name !== corrupt && name !== ahead);
  await until(
    () => who(back, 'ROLLBACK', 'SUCCEEDED').length === moved.length && who(back, 'ACTIVATE', 'SUCCEEDED').length === 1,
  );
  expect(who(back, 'ROLLBACK', 'SUCCEEDED')).toEqual(moved);
  expect(who(back, 'ROLLBACK', 'IN_PROGRESS')).toEqual(moved);
  expect(who(back, 'ACTIVATE', 'SUCCEEDED')).toEqual([corrupt]);
  expect(await activeOf(ahead)).toBe(packIdOf(packs[1]));
  fleet.trouble(ahead, { clock_ms: 0 });
  await until(() => who(back, 'ROLLBACK', 'SUCCEEDED').includes(ahead));

  // Who was away never heard of the bad pack; it comes back to what everyone runs.
  for (const name of away) fleet.trouble(name, { offline: false });
  await until(() => away.every((name) => who(back, 'ACTIVATE', 'SUCCEEDED').includes(name)));
  for (const name of names) expect(await activeOf(name)).toBe(packIdOf(packs[0]));
  expect(reportsOf(next).filter(({ instance_id }) => away.includes(instance_id))).toEqual([]);
  const floors = await Promise.all(
    names.map(async (name) => (await readState(path.join(root, tenant, name), 'stable')).floors),
  );
  expect(floors.filter(({ highest_activated_seq }) => highest_activated_seq === 2)).toHaveLength(moved.length + 1);
  // Nobody said anything twice: every nonce is one report.
  expect(new Set(road.reports.map(({ nonce }) => nonce)).size).toBe(road.reports.length);
}, 120_000);
