import type { ReleaseStatus } from '@orgo/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeNode, type Release, startRelease, type TestNode } from './release-instance.ts';

let rel: Release;

beforeAll(async () => {
  rel = await startRelease();
});
afterAll(() => rel?.stop());

async function fleet(channel: string, count: number): Promise<TestNode[]> {
  const nodes = Array.from({ length: count }, (_, n) => makeNode(`${channel}-${`${n}`.padStart(2, '0')}`, channel));
  for (const answer of await Promise.all(nodes.map((node) => rel.join(node)))) expect(answer.status).toBe(201);
  return nodes;
}

/** Those of a step report that they run the pack. */
async function confirm(id: string, nodes: readonly TestNode[], step: number): Promise<void> {
  const own = (await rel.targets(id)).filter((target) => target.step === step).map(({ instance_id }) => instance_id);
  const said = nodes.filter(({ instance_id }) => own.includes(instance_id)).map((node) => rel.report(node, id));
  for (const { status } of await Promise.all(said)) expect(status).toBe(202);
}

async function until(id: string, holds: (release: ReleaseStatus) => boolean): Promise<ReleaseStatus> {
  for (;;) {
    const found = await rel.status(id);
    if (holds(found)) return found;
    await new Promise((resume) => setTimeout(resume, 20));
  }
}

test('a staged release to a fleet of which a tenth is away ends RELEASED, with one exact row per node', async () => {
  const nodes = await fleet('wide', 30);
  const away = new Set(nodes.slice(0, 3).map(({ instance_id }) => instance_id));
  const here = nodes.filter(({ instance_id }) => !away.has(instance_id));
  const { build_id, pack } = await rel.build();
  const ids = here.map(({ instance_id }) => instance_id);
  // Who is away belongs to the tail, so that one step alone has to give somebody up.
  const stages = [
    { name: 'canary', cohort: { by: 'ids', ids: ids.slice(0, 1) } },
    { name: 'half', cohort: { by: 'ids', ids: ids.slice(1, 15) } },
  ];
  const plan = { strategy: { mode: 'staged', stages }, offline: { deadline_ms: 6000, quorum_percent: 50 } };
  const created = await rel.create(build_id, 'wide', {}, plan);
  const id = created.body.release_id as string;
  for (const step of [0, 1, 2]) {
    const { steps } = await rel.opened(id, step);
    // No cohort behind this one was opened.
    expect(steps.slice(step + 1).map(({ opened_at }) => opened_at)).toEqual(steps.slice(step + 1).map(() => null));
    await confirm(id, here, step);
  }
  expect((await rel.until(id, 'RELEASED', 'PAUSED', 'FAILED')).status).toBe('RELEASED');
  // A word that came after its node was given up counts as soon as it is sealed.
  const { counts } = await until(id, (release) => release.counts.CONFIRMED === here.length);
  expect(counts).toMatchObject({ total: 30, CONFIRMED: 27, OFFLINE_EXCLUDED: 3 });
  const ledger = await rel.targets(id);
  expect(ledger).toHaveLength(30);
  for (const { instance_id, state, active_pack_id } of ledger)
    expect([instance_id, state, active_pack_id]).toEqual(
      away.has(instance_id) ? [instance_id, 'OFFLINE_EXCLUDED', null] : [instance_id, 'CONFIRMED', pack.pack_id],
    );
}, 120_000);

test('a release that requires another is opened when that one is in service', async () => {
  const [first] = await fleet('base', 1);
  await fleet('over', 1);
  const base = (await rel.create((await rel.build()).build_id, 'base')).body.release_id as string;
  const requires = [{ release_id: base }];
  const over = (await rel.create((await rel.build()).build_id, 'over', {}, { requires })).body.release_id as string;
  await until(over, ({ waiting_for }) => waiting_for?.includes(base) ?? false);
  expect((await rel.status(over)).steps[0]?.opened_at).toBeNull();
  await rel.opened(base);
  await rel.report(first as TestNode, base);
  await rel.until(base, 'RELEASED');
  expect((await rel.opened(over)).status).toBe('RELEASING');
});

test('a person pauses, resumes and promotes, each once per key and only on what was seen', async () => {
  const nodes = await fleet('hand', 4);
  const { build_id } = await rel.build();
  const strategy = { mode: 'percentage', percentage: 25 };
  const [created, asked] = ['a', 'c'].map((n) => `00-${n.repeat(32)}-${'b'.repeat(16)}-01`) as [string, string];
  const id = (await rel.create(build_id, 'hand', { traceparent: created }, { strategy })).body.release_id as string;
  const say = (what: string, more: object = {}, key?: string) =>
    rel.call(
      'POST',
      `/releases/${id}/${what}`,
      { actor: 'ann', reason: what, ...more },
      { headers: { traceparent: asked, ...(key === undefined ? {} : { 'idempotency-key': key }) } },
    );
  await rel.opened(id);
  await confirm(id, nodes, 0);
  const waits = await until(id, ({ steps }) => steps[0]?.state === 'GATE');
  expect(waits.waiting_for).toContain('a person to promote it');
  expect((await say('pause')).body.status).toBe('PAUSED');
  expect((await say('promote')).body).toMatchObject({ code: 'STATE_CONFLICT' });
  expect((await say('resume')).body.status).toBe('RELEASING');
  const stale = { version: waits.version };
  expect((await say('promote', stale)).body).toMatchObject({ code: 'STATE_CONFLICT' });
  const answers = await Promise.all([say('promote', {}, 'promote-once'), say('promote', {}, 'promote-once')]);
  expect(answers.map(({ status, body }) => [status, body.code ?? body.status])).toEqual([
    [202, 'RELEASING'],
    [202, 'RELEASING'],
  ]);
  await rel.opened(id, 1);
  const traceOf = (kind: string) =>
    rel.peers.claims.findLast(({ claim }) => claim.build_id === id && claim.claim === kind)?.item.traceparent;
  expect(traceOf('RELEASE_STEP'), 'it goes on in its own trace, not in the request’s').toBe(created);
  await confirm(id, nodes, 1);
  const { events } = await rel.until(id, 'RELEASED');
  expect(traceOf('RELEASE_CLOSE'), 'so it does when a node’s report wakes it').toBe(created);
  const persons = events.filter(({ actor }) => actor === 'ann').map(({ type }) => type);
  expect(persons).toEqual(['ReleaseCreated', 'ReleasePaused', 'ReleaseResumed', 'StepPromoted']);
  expect((await say('abort')).body).toMatchObject({ code: 'NOTHING_TO_ABORT' });
});

test('two releases that wait for one another: the one that closes the circle fails, and says so', async () => {
  const [one, other] = await Promise.all([rel.build(), rel.build()]);
  const first = await rel.create(
    one.build_id,
    'round-1',
    {},
    { requires: [{ channel: 'round-2', pack_id: other.pack.pack_id }] },
  );
  const waits = first.body.release_id as string;
  await until(waits, ({ waiting_for }) => waiting_for?.includes('round-2 to run') ?? false);
  const second = await rel.create(other.build_id, 'round-2', {}, { requires: [{ release_id: waits }] });
  const ended = await rel.until(second.body.release_id as string, 'FAILED');
  expect(ended.reason_codes).toEqual(['REQUIREMENT_CIRCULAR']);
  expect((await rel.status(waits)).status).toBe('RELEASING');
});
