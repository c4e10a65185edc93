import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ReleaseStatus, ReleaseTarget } from '@orgo/contracts';
import { readState } from '@orgo/konnaxion-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { apiOf, joinFleet, type TestFleet } from '../kit/fleet.ts';
import { startInstance, type TestInstance } from '../kit/instance.ts';
import { type BuildResult, newTenant, writeCorpora } from '../kit/story.ts';

// Five hundred nodes, a tenth of which is away, live through a release in stages: it ends RELEASED, and its ledger says of every node what that node did.
const count = 500;
const [canary, early] = [20, 200];
let orgo: TestInstance;
let fleet: TestFleet;
let call: ReturnType<typeof apiOf>;
let build: BuildResult;
let work: string;

const ringOf = (n: number): string => (n < canary ? 'canary' : n < canary + early ? 'early' : 'rest');
const away = (name: string): boolean => fleet.names.indexOf(name) >= count - count / 10;
/** Reading a ledger of so many costs more than it waits. */
const pause = () => new Promise((again) => setTimeout(again, 500));

/** The whole ledger of a release, page by page. */
async function ledgerOf(release: string): Promise<ReleaseTarget[]> {
  const found: ReleaseTarget[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    type Page = { items: ReleaseTarget[]; next_cursor: string | null };
    const page: Page = await call('GET', `/releases/${release}/targets?limit=200${cursor && `&cursor=${cursor}`}`);
    found.push(...page.items);
    cursor = page.next_cursor;
  }
  return found;
}
/** Resolves once the ledger says so of every node; what a node reports late is written late. */
async function untilLedger(release: string, holds: (target: ReleaseTarget) => boolean): Promise<ReleaseTarget[]> {
  for (;;) {
    const ledger = await ledgerOf(release);
    if (ledger.length === count && ledger.every(holds)) return ledger;
    await pause();
  }
}

beforeAll(async () => {
  work = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-fleet-'));
  orgo = await startInstance();
  const { tenant, cli } = await newTenant(orgo);
  const built = await cli('build', 'start', ...writeCorpora(work, 'reader'), '--wait', '--json');
  expect(built.stderr).not.toContain('INTERNAL_ERROR');
  build = built.json as BuildResult;
  call = apiOf(orgo, tenant);
  fleet = await joinFleet(orgo, { tenant, channel: 'stable', count, pollMs: 1_000, ringOf });
  for (const name of fleet.names) if (away(name)) fleet.trouble(name, { offline: true });
  await fleet.start();
}, 240_000);
afterAll(async () => {
  await fleet?.stop();
  await orgo?.stop();
  fs.rmSync(work, { recursive: true, force: true });
});

it('ends RELEASED, with a ledger that is exact for every node', async () => {
  const stage = (ring: string) => ({ name: ring, cohort: { by: 'labels', labels: { ring } } });
  const { release_id } = await call<ReleaseStatus>('POST', '/releases', {
    build_id: build.build_id,
    channel: 'stable',
    actor: 'ann@example.org',
    reason: 'for the test',
    strategy: { mode: 'staged', stages: [stage('canary'), stage('early'), { name: 'all', cohort: { by: 'all' } }] },
    analysis: { metrics: [{ name: 'smoke_failures', op: 'lte', threshold: 0, min_samples: 17 }], interval_ms: 100 },
    // Of the last cohort 50 in 280 are away: with one more left out there is no quorum, however slow the machine is.
    offline: { deadline_ms: 10_000, quorum_percent: 82 },
  });
  let seen: ReleaseStatus;
  do {
    await pause();
    seen = await call<ReleaseStatus>('GET', `/releases/${release_id}`);
    expect(['FAILED', 'ROLLED_BACK', 'PAUSED', 'CANCELED'], JSON.stringify(seen)).not.toContain(seen.status);
  } while (seen.status !== 'RELEASED');

  const ledger = await untilLedger(release_id, ({ instance_id, state }) =>
    away(instance_id) ? state === 'OFFLINE_EXCLUDED' : state === 'CONFIRMED',
  );
  expect(ledger.map(({ instance_id }) => instance_id).sort()).toEqual([...fleet.names].sort());
  const steps = ledger.map(({ instance_id, step }) => [step, ringOf(fleet.names.indexOf(instance_id))]);
  expect(new Set(steps.map((one) => one.join(' ')))).toEqual(new Set(['0 canary', '1 early', '2 rest']));
  for (const { instance_id, active_pack_id, late } of ledger) {
    const { active } = await readState(fleet.dir(instance_id), 'stable');
    expect([active_pack_id, active?.pack_id ?? null, late]).toEqual(
      away(instance_id) ? [null, null, false] : [build.pack_id, build.pack_id, false],
    );
  }

  // Who was away comes back, takes what the channel offers, and the ledger says so.
  for (const name of fleet.names) fleet.trouble(name, { offline: false });
  const all = await untilLedger(release_id, ({ state }) => state === 'CONFIRMED');
  expect(all.every(({ active_pack_id }) => active_pack_id === build.pack_id)).toBe(true);
}, 240_000);
