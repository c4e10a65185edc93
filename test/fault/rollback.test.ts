import fs from 'node:fs';
import path from 'node:path';
import type { ChannelStatus, Offer } from '@orgo/contracts';
import { keysDir, TrustStore, trustDir } from '@orgo/runtime/trust';
import { revokeKey } from '@orgo/runtime/trust-rotation';
import type { FaultPoint } from '@orgo/store/fault-points';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tenant } from '../integration/gatekeeper-instance.ts';
import { againPoints, type FaultPlan, faultLine } from '../kit/faults.ts';
import { type Laid, type RollbackPart, type RollbackRing, startRollbackRing } from '../kit/rollback-ring.ts';

const kill = (point: FaultPoint, pass = 1): FaultPlan => ({ point, mode: 'kill', pass });

/** Where they die, from the moment somebody asks for the rollback. */
const plans: Record<'release' | 'gatekeeper', FaultPlan[]> = {
  release: [
    // asked and stored, and who asked has no answer; the claim was said; the sealed word is folded and audit does not know; the files are out and nobody knows
    kill('tx.afterCommit'),
    kill('relay.afterPublish', 2),
    kill('release.folded'),
    kill('release.published'),
  ],
  gatekeeper: [
    // the report is stored and no decision names it; it is decided and nobody knows; it is sealed and the gatekeeper does not know
    kill('gate.reportStored'),
    kill('tx.afterCommit'),
    kill('relay.afterPublish'),
  ],
};
const nameOf = (part: string, { point, pass }: FaultPlan): string => `${part}-${point.toLowerCase()}-${pass}`;

let ring: RollbackRing;
const laid = new Map<string, Laid>();

beforeAll(async () => {
  ring = await startRollbackRing();
  const names = Object.entries(plans).flatMap(([part, all]) => all.map((plan) => nameOf(part, plan)));
  await Promise.all(['calm', ...names].map(async (name) => laid.set(name, await ring.lay(name))));
}, 240_000);
afterAll(() => ring?.stop());

/** A channel without what differs from one to the next: its name, times, ids and places in the log. */
const shapeOf = (status: ChannelStatus) => ({
  status: status.status,
  index_seq: status.index.index_seq,
  current: [status.index.current?.pack_id, status.index.current?.pack_seq, status.index.current?.release_seq],
  candidate: status.index.candidate,
  frozen: [status.frozen?.cause, status.frozen?.actor, status.frozen?.reason],
  offers: status.offers.map(({ pack_id, pack_seq, release_seq, confirmed_at }) => [
    pack_id,
    pack_seq,
    release_seq,
    confirmed_at !== null,
  ]),
  changes: status.changes.map(({ kind, status: end, actor, reason_codes }) => [kind, end, actor, ...reason_codes]),
  rollback: [status.rollback?.from_pack_id, status.rollback?.to_pack_id, status.rollback?.validated_at !== null],
  counts: status.counts,
});

const wish = { mode: 'last_known_good', pack_id: null, trigger: 'operator', actor: 'ann', reason: 'bad answers' };

const placeIn = ({ release_id, release_seq, pack_seq, pack_id }: Offer) => ({
  ...{ release_id, release_seq, pack_seq, pack_id },
  active_pack_id: pack_id,
  highest_activated_seq: pack_seq,
  highest_seen_seq: pack_seq,
});

/** From the asking to the sealed validation. Who has no answer asks again under the same key. */
async function goBack(name: string) {
  const world = laid.get(name) as Laid;
  const { channel } = world;
  await ring.call('POST', `/channels/${channel}/rollbacks`, wish, `back-${channel}`);
  await ring.report(world, 'ROLLBACK');
  const end = await ring.until(
    () => ring.channelOf(channel),
    ({ rollback, changes }) =>
      (rollback?.validated_at ?? null) !== null && changes.every(({ status }) => status !== 'ASKED'),
  );
  const { status } = await ring.until(
    () => ring.releaseOf(world.young),
    ({ status: now }) => now === 'ROLLED_BACK',
  );
  return { shape: shapeOf(end), status };
}

/** What is sealed about a channel from its first rollback on. */
const since = async (name: string): Promise<string[]> => {
  const all = await ring.sealed(name);
  const at = all.findIndex((one) => one.startsWith('ROLLBACK'));
  return at < 0 ? [] : all.slice(at);
};

it('a rollback whose release service or gatekeeper is killed in the middle ends as the undisturbed one', {
  timeout: 240_000,
}, async () => {
  const calm = await goBack('calm');
  expect(calm.shape).toMatchObject({
    status: 'FROZEN',
    frozen: ['rollback', 'ann', 'bad answers'],
    current: [expect.any(String), 1, 3],
    candidate: null,
    counts: { nodes: 1, as_intended: 1, drifted: 0 },
  });
  const ended: Record<string, unknown> = {};
  const killed: string[] = [];
  const lane = async (part: RollbackPart & keyof typeof plans): Promise<void> => {
    let process = await ring.run(part, plans[part][0]);
    for (const [at, plan] of plans[part].entries()) {
      const name = nameOf(part, plan);
      await ring.arm(part);
      const going = goBack(name);
      const { signal } = await process.ended;
      if (signal === 'SIGKILL' && process.lines.includes(faultLine(plan))) killed.push(name);
      // Who comes next finishes what was left, undisturbed: its own fault waits to be armed.
      process = await ring.run(part, plans[part][at + 1]);
      ended[name] = await going;
    }
  };
  await lane('release');
  await lane('gatekeeper');
  const names = [...laid.keys()].filter((name) => name !== 'calm');
  expect(killed.sort()).toEqual([...names].sort());
  await ring.quiet();
  const log = await since('calm');
  expect(log).toEqual(['ROLLBACK PASS', 'NODE_REPORT PASS', 'CHANNEL_CHANGE PASS']);
  for (const name of names) {
    expect([name, ended[name]]).toEqual([name, calm]);
    expect([name, await since(name)]).toEqual([name, log]);
  }
});

it('drift is sealed, shown beside what the channel wants, and told to who opens Cases', async () => {
  const world = await ring.lay('drifts');
  const elsewhere = 'f'.repeat(64);
  await ring.report(world, 'HEARTBEAT', { active_pack_id: elsewhere });
  const shown = await ring.until(
    () => ring.channelOf(world.channel),
    ({ counts }) => counts.drifted > 0,
  );
  expect(shown.nodes).toMatchObject([
    { instance_id: world.node.instance_id, state: 'DRIFTED', active_pack_id: elsewhere },
  ]);
  const told = await ring.heard(({ reason_codes }) => reason_codes.includes('STATE_DRIFT'));
  expect(told).toMatchObject({ kind: 'NODE_REPORT', detail: { instance_id: world.node.instance_id } });
  await ring.report(world, 'HEARTBEAT');
  await ring.until(
    () => ring.channelOf(world.channel),
    ({ counts }) => counts.drifted === 0,
  );
});

it('a node that took an offer and says so when its release has ended is brought back by leave of the gatekeeper, once', async () => {
  const world = await ring.lay('late', { held: false });
  const { channel, node, old, young } = world;
  const before = await ring.channelOf(channel);
  const taken = before.index.candidate?.offer as Offer;
  const { nodes } = before;
  expect(nodes).toMatchObject([{ active_pack_id: before.index.current?.pack_id }]);
  await ring.call('POST', `/releases/${young}/abort`, { actor: 'ann', reason: 'second thoughts' });
  await ring.until(
    () => ring.releaseOf(young),
    ({ status }) => status === 'CANCELED',
  );
  const { current, index_seq } = (await ring.channelOf(channel)).index;
  expect(current?.release_id).toBe(old);
  // Now the node is heard: it runs the pack that was withdrawn, and may not go back to the one that is offered.
  await ring.report(world, 'ACTIVATE', { ...placeIn(taken), index_seq: before.index.index_seq });
  const stuck = { attempt: { type: 'ROLLBACK', status: 'FAILED', reason_code: 'DOWNGRADE_BLOCKED' } } as const;
  const blocked = { ...stuck, active_pack_id: taken.pack_id, highest_activated_seq: taken.pack_seq };
  await ring.report(world, 'ROLLBACK', blocked);
  const back = await ring.until(
    () => ring.channelOf(channel),
    ({ rollback }) => rollback !== null,
  );
  expect(back).toMatchObject({
    frozen: { cause: 'rollback', actor: 'release', reason: expect.stringContaining(node.instance_id) },
    rollback: { from_pack_id: taken.pack_id, to_pack_id: current?.pack_id, validated_at: null },
    index: { current: { release_id: old, pack_id: current?.pack_id, pack_seq: 1, release_seq: 3 }, candidate: null },
  });
  expect(back.index.index_seq).toBeGreaterThan(index_seq);
  const told = await ring.heard(({ kind, detail }) => kind === 'ROLLBACK' && detail.channel === channel);
  expect(told).toMatchObject({ verdict: 'PASS', actor: 'release', detail: { release_id: young, trigger: 'deadline' } });
  // Said again it asks for nothing more; and with the leave the node goes back.
  await ring.report(world, 'ROLLBACK', { ...blocked, active_pack_id: taken.pack_id });
  await ring.report(world, 'ROLLBACK');
  await ring.until(
    () => ring.channelOf(channel),
    ({ rollback }) => (rollback?.validated_at ?? null) !== null,
  );
  await ring.quiet();
  expect((await since(channel)).filter((one) => one.startsWith('ROLLBACK'))).toEqual(['ROLLBACK PASS']);
  expect((await ring.channelOf(channel)).changes.filter(({ kind }) => kind === 'rollback')).toHaveLength(1);
});

describe('two who ask at once', () => {
  const back = (channel: string, more: object = {}, key?: string) =>
    ring.told('POST', `/channels/${channel}/rollbacks`, { ...wish, ...more }, key);
  const change = (channel: string, asked: object, actor = 'ann') =>
    ring.told('POST', `/channels/${channel}/changes`, { change: asked, actor, reason: 'because' });
  const packs = ({ index, offers }: ChannelStatus): (string | undefined)[] => [
    index.current?.pack_id,
    ...offers.map(({ pack_id }) => pack_id),
  ];

  it('under one key get one rollback and one answer, and another wish under it is refused', async () => {
    const { channel } = await ring.lay('one-key');
    const answers = await Promise.all([1, 2, 3].map(() => back(channel, {}, 'k')));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(answers.map(({ body }) => body.rollback.rollback_id)).size).toBe(1);
    expect((await back(channel, {}, 'k')).body.changes).toEqual(answers[0]?.body.changes);
    expect(await back(channel, { reason: 'another' }, 'k')).toMatchObject({ body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
    expect(await since(channel)).toEqual(['ROLLBACK PASS']);
  });

  it('for two rollbacks get one, and who comes second is told of the first', async () => {
    const { channel } = await ring.lay('two-people');
    const answers = await Promise.all([back(channel), back(channel, { actor: 'eve', reason: 'worse answers' })]);
    const codes = answers.map(({ status, body }) => (status === 200 ? 'DONE' : body.code)).sort();
    // Who asks when the first is decided goes back one further, and there is nothing further.
    expect([
      ['CHANNEL_BUSY', 'DONE'],
      ['DONE', 'ROLLBACK_TARGET_MISSING'],
    ]).toContainEqual(codes);
    expect(await since(channel)).toEqual(['ROLLBACK PASS']);
    const { current } = (await ring.channelOf(channel)).index;
    const named = { mode: 'pinned', pack_id: current?.pack_id, reason: 'to where it is' };
    expect(await back(channel, named)).toMatchObject({ status: 409, body: { code: 'ROLLBACK_NEEDLESS' } });
  });

  it('for a rollback and a freeze leave it frozen, gone back, and to be let go by a person', async () => {
    const { channel } = await ring.lay('and-a-freeze');
    const [gone, frozen] = await Promise.all([back(channel), change(channel, { change: 'freeze' }, 'eve')]);
    expect(gone.status).toBe(200);
    expect(frozen.status === 200 || frozen.body.code === 'CHANNEL_CHANGE_NEEDLESS').toBe(true);
    expect(await ring.channelOf(channel)).toMatchObject({ status: 'FROZEN', index: { current: { pack_seq: 1 } } });
    expect(await change(channel, { change: 'unfreeze', override: false })).toMatchObject({
      body: { code: 'OVERRIDE_NOT_PERMITTED' },
    });
    expect(await change(channel, { change: 'unfreeze', override: true })).toMatchObject({ body: { status: 'OPEN' } });
  });

  it('for a rollback and a release that is on its way end with the older pack, and the release is rolled back', async () => {
    const { channel, node, old, young } = await ring.lay('on-its-way', { held: false });
    const [gone] = await Promise.all([back(channel), ring.report({ node }, 'ACTIVATE')]);
    expect(gone.body.index).toMatchObject({ current: { release_id: old, pack_seq: 1 }, candidate: null });
    await ring.report({ node }, 'ROLLBACK');
    const ended = await ring.until(
      () => ring.releaseOf(young),
      ({ status }) => status === 'ROLLED_BACK' || status === 'FAILED',
    );
    expect(ended.status).toBe('ROLLED_BACK');
    expect((await ring.channelOf(channel)).index.current?.release_id).toBe(old);
  });

  it('get nothing below the floor, administrators neither; a drill proves the way and moves nothing', async () => {
    const { channel } = await ring.lay('floor');
    const before = await ring.channelOf(channel);
    const drilled = (await back(channel, { trigger: 'drill', reason: 'a drill' })).body as ChannelStatus;
    expect([drilled.index, drilled.rollback, drilled.frozen]).toEqual([before.index, null, null]);
    expect(drilled.changes[0]).toMatchObject({ kind: 'drill', status: 'DONE', log_index: expect.any(Number) });
    await change(channel, { change: 'floor', pack_seq: 2 }, 'admin');
    const pack_id = before.last_known_good;
    const asked = { mode: 'pinned', pack_id, actor: 'admin', trigger: 'emergency' };
    expect(await back(channel, asked)).toMatchObject({ status: 403, body: { code: 'BELOW_SECURITY_FLOOR' } });
    expect(await back(channel, { actor: 'admin' })).toMatchObject({ body: { code: 'ROLLBACK_TARGET_MISSING' } });
    const after = await ring.channelOf(channel);
    expect(packs(after)).toEqual(packs(before));
    expect(after.changes.map(({ kind, status }) => `${kind} ${status}`)).toEqual([
      'rollback REFUSED',
      'rollback REFUSED',
      'floor DONE',
      'drill DONE',
    ]);
  });
});

describe('a key of the release service that is dropped after it signed what the gatekeeper has not heard', () => {
  const back = (channel: string, key: string) => ring.told('POST', `/channels/${channel}/rollbacks`, wish, key);
  /** Asks for a rollback of a gatekeeper that dies of it, and drops the key before there is another one; answers where the next key lies. */
  const unheard = async (channel: string, key: string) => {
    await ring.run('gatekeeper', kill('gate.reportStored')).then(async (process) => {
      await ring.arm('gatekeeper');
      void back(channel, key);
      await process.ended;
    });
    const keyNow = async () => (await TrustStore.open(trustDir(ring.home)).root(tenant)).keysOf('release')[0]?.keyid;
    await revokeKey(ring.home, tenant, (await keyNow()) as string, { reason: 'found on a stick' });
    const next = `${(await keyNow())?.replace(/^.*:/, '')}.json`;
    return path.join(keysDir(ring.home), 'release', `${tenant}.d`, next);
  };

  it('says it again under the next one, and where there is none it ends with the code', {
    timeout: 240_000,
  }, async () => {
    const [first, second] = await Promise.all([ring.lay('rekeyed'), ring.lay('turned-away')]);
    await unheard(first.channel, 'k1');
    // Killed before the claim is said anew, and again when it is said and nobody knows: it is said once more than needed, and decided once.
    for (const plan of againPoints.map((point) => kill(point))) {
      await ring.part('gatekeeper').end('SIGKILL');
      const process = await ring.run('release', plan);
      await ring.arm('release');
      await ring.run('gatekeeper');
      expect(await process.ended).toMatchObject({ signal: 'SIGKILL' });
      expect(process.lines).toContain(faultLine(plan));
    }
    await ring.run('release');
    expect(await back(first.channel, 'k1')).toMatchObject({ status: 200, body: { frozen: { cause: 'rollback' } } });
    expect(await since(first.channel)).toEqual(['ROLLBACK PASS']);

    const nextKey = await unheard(second.channel, 'k1');
    fs.renameSync(nextKey, `${ring.home}/away`);
    await ring.run('gatekeeper');
    expect(await back(second.channel, 'k1')).toMatchObject({ body: { code: 'CLAIM_SIGNER_UNTRUSTED' } });
    const ended = await ring.channelOf(second.channel);
    expect(ended).toMatchObject({ status: 'OPEN', rollback: null });
    expect(ended.changes[0]).toMatchObject({
      status: 'REFUSED',
      reason_codes: ['CLAIM_SIGNER_UNTRUSTED'],
      log_index: null,
    });
    expect(await since(second.channel)).toEqual([]);
    // Nothing is kept out: with the key at hand the same may be asked again.
    fs.renameSync(`${ring.home}/away`, nextKey);
    expect(await back(second.channel, 'k2')).toMatchObject({ status: 200, body: { frozen: { cause: 'rollback' } } });
  });
});
