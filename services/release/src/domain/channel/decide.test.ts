import { channelIndexSchema, channelStatusSchema } from '@orgo/contracts';
import { tableFaults } from '@orgo/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Channel,
  changed,
  idOf,
  noon,
  of,
  offer,
  on,
  open,
  packOf,
  preflighted,
  rollback,
  withdraw,
} from './channel.fixture.ts';
import { decideChannel } from './decide.ts';
import { evolveChannel } from './evolve.ts';
import { channelIndexOf } from './index-of.ts';
import type { ChannelInput } from './inputs.ts';
import { initialChannel } from './state.ts';
import { channelTable } from './table.ts';
import { channelView } from './view.ts';

const freeze = changed({ change: 'freeze' });
const unfreeze = changed({ change: 'unfreeze', override: true });

it('has a whole table', () => {
  expect(tableFaults(channelTable, { initial: 'NEW', terminals: [] })).toEqual([]);
});

describe('an offer', () => {
  it('gets the next place once, and is published', () => {
    const { state, sends } = new Channel().step(offer(1), offer(1));
    expect(state).toMatchObject({ release_seq: 1, pack_seq: 1, index_seq: 1 });
    expect(sends).toEqual([{ send: 'publish', index_seq: 1, tell: [idOf('rel', 1)] }]);
  });
  it('has its cohorts opened once, however often that is asked', () => {
    const cohorts = [{ selector: { by: 'all' as const }, enrolled_through: 4 }];
    const asked: ChannelInput = { type: 'open', ...of, release_id: idOf('rel', 1), cohorts };
    const { state, sends } = new Channel().step(offer(1), asked, asked);
    expect([state.index_seq, state.candidate?.cohorts, sends.length]).toEqual([2, cohorts, 2]);
  });
  it('of a pack that was here before keeps its number', () => {
    const { state } = new Channel().release(1).release(2).release(3, 2);
    expect(state.current).toMatchObject({ release_seq: 3, pack_seq: 2 });
  });
  it('becomes what everyone runs by a switch, and may be taken back before', () => {
    expect(new Channel().step(offer(1), open(1), on('switch', 1)).state).toMatchObject({
      candidate: null,
      current: { pack_id: packOf(1) },
    });
    expect(new Channel().step(offer(1), withdraw(1), withdraw(1)).state).toMatchObject({
      candidate: null,
      current: null,
    });
  });
  it.each<[string, Channel, ChannelInput, string]>([
    ['the same release with another pack', new Channel().step(offer(1)), offer(1, 2), 'RELEASE_SUBSTITUTED'],
    ['an older pack', new Channel().release(1).release(2), offer(3, 1), 'DOWNGRADE_BLOCKED'],
    ['a second candidate', new Channel().step(offer(1)), offer(2), 'CHANNEL_BUSY'],
    ['a frozen channel', new Channel().step(freeze), offer(1), 'CHANNEL_FROZEN'],
    ['a switch while frozen', new Channel().step(offer(1), freeze), on('switch', 1), 'CHANNEL_FROZEN'],
    ['a cohort while frozen', new Channel().step(offer(1), freeze), open(1), 'CHANNEL_FROZEN'],
    [
      'another pack than the pinned one',
      new Channel().release(1).step(changed({ change: 'pin', pack_id: packOf(1), until: null })),
      offer(2),
      'CHANNEL_PINNED',
    ],
    [
      'a revoked pack',
      new Channel().release(1).step(changed({ change: 'revoke', pack_id: packOf(2) })),
      offer(2),
      'PACK_REVOKED',
    ],
    [
      'a pack below the floor',
      new Channel().release(1).step(changed({ change: 'floor', pack_seq: 3 })),
      offer(2),
      'BELOW_SECURITY_FLOOR',
    ],
    [
      'a switch of what is no candidate',
      new Channel().release(1).step(offer(2)),
      on('switch', 9),
      'RELEASE_TRANSITION_ILLEGAL',
    ],
    ['a channel with a name of TUF', new Channel(), { ...offer(1), channel: 'root' }, 'REQUEST_INVALID'],
  ])('is refused for %s', (_, channel, input, code) => {
    const state =
      input.channel === of.channel ? channel.state : initialChannel({ tenant_id: 'acme', id: input.channel });
    expect(decideChannel(state, { ...input, now: noon })).toMatchObject({ ok: false, code });
  });
  it('lets a pin end by itself', () => {
    const pin = changed({ change: 'pin', pack_id: packOf(1), until: noon });
    expect(new Channel().release(1).step(pin, offer(2)).state.candidate).not.toBeNull();
  });
  it('that had to wait is told when the channel lets go', () => {
    const channel = new Channel().release(1).step(freeze, offer(2));
    expect(channel.codes).toEqual(['CHANNEL_FROZEN']);
    expect(channel.step(unfreeze).sends.at(-1)).toMatchObject({
      send: 'publish',
      tell: [idOf('rel', 1), idOf('rel', 2)],
    });
  });
});

describe('a change', () => {
  const ask: ChannelInput = {
    type: 'change',
    ...of,
    request_id: idOf('chg', 1),
    change: { change: 'freeze' },
    actor: 'ann',
    reason: 'because',
  };
  it('is asked of the gatekeeper and changes nothing before its decision is sealed', () => {
    const channel = new Channel().release(1).step(ask, { ...ask, request_id: idOf('chg', 2) });
    expect(channel.sends.filter(({ send }) => send === 'claim')).toHaveLength(1);
    expect(channel.state.frozen).toBeNull();
    const done = channel.step(changed({ change: 'freeze' }, { build_id: idOf('chg', 1) }));
    expect(done.state).toMatchObject({
      frozen: { actor: 'ann', cause: 'operator' },
      asked: [{ status: 'DONE', log_index: 7 }],
    });
  });
  it('that is refused changes nothing and is answered', () => {
    const refused = { build_id: idOf('chg', 1), verdict: 'FAIL' as const, reason_codes: ['CHANNEL_CHANGE_NEEDLESS'] };
    const { state } = new Channel().release(1).step(ask, changed({ change: 'freeze' }, refused));
    expect(state).toMatchObject({
      frozen: null,
      asked: [{ status: 'REFUSED', reason_codes: ['CHANNEL_CHANGE_NEEDLESS'] }],
    });
  });
  it.each([
    ['revoked', changed({ change: 'revoke', pack_id: packOf(2) })],
    ['put aside', changed({ change: 'quarantine', pack_id: packOf(2) })],
    ['below the floor', changed({ change: 'floor', pack_seq: 3 })],
  ])('takes back a candidate that is %s', (_, change) => {
    expect(new Channel().release(1).step(offer(2), change).state.candidate).toBeNull();
  });
});

describe('a rollback', () => {
  it('is a new offer of the older pack under the next numbers, with the leave of the gatekeeper', () => {
    const { state } = new Channel().release(1).release(2).goBack(1);
    expect(channelIndexSchema.parse(channelIndexOf(state))).toMatchObject({
      current: { release_seq: 3, pack_seq: 1, pack_id: packOf(1) },
      candidate: null,
      frozen: true,
      rollback: { signatures: [{ keyid: 'g' }] },
    });
    expect(state).toMatchObject({ frozen: { cause: 'rollback' }, rolling: null, pack_seq: 2 });
  });
  it('keeps promotions out while it is asked, and after it until a person lets go', () => {
    const channel = new Channel().release(1).release(2).step(rollback(1), offer(3));
    expect(channel.codes).toEqual(['CHANNEL_FROZEN']);
    channel.step(preflighted(1));
    expect(channel.step(channel.answer('PASS'), offer(4), unfreeze, offer(5)).codes).toEqual([
      'CHANNEL_FROZEN',
      'CHANNEL_FROZEN',
    ]);
    expect(channel.state.candidate?.offer.pack_id).toBe(packOf(5));
  });
  it('asked again is the one that was asked, before and after its end', () => {
    const channel = new Channel().release(1).release(2).release(3).step(rollback(1), rollback(2));
    expect(channel.sends.filter(({ send }) => send === 'preflight')).toHaveLength(1);
    channel.step(preflighted(1));
    channel.step(channel.answer('PASS'), rollback(3));
    expect(channel.codes).toEqual([]);
    expect(channel.state.current?.pack_id).toBe(packOf(2));
    expect(channel.state.rolling).toBeNull();
  });
  it('is one at a time, unless it is an emergency', () => {
    const channel = new Channel()
      .release(1)
      .release(2)
      .step(rollback(1), rollback(2, { reason: 'another' }));
    expect(channel.codes).toEqual(['CHANNEL_BUSY']);
    channel.goBack(3, { trigger: 'emergency', reason: 'now' });
    expect(channel.state.frozen).toMatchObject({ cause: 'emergency', reason: 'now' });
  });
  it.each<[string, (channel: Channel) => ChannelInput]>([
    ['refused by the gatekeeper', (channel) => channel.answer('FAIL', { reason_codes: ['HASH_MISMATCH'] })],
    ['a drill', (channel) => channel.answer('PASS')],
  ])('that is %s moves nothing', (what, answer) => {
    const trigger = what === 'a drill' ? ('drill' as const) : ('operator' as const);
    const channel = new Channel().release(1).release(2);
    const before = channelIndexOf(channel.state);
    channel.step(rollback(1, { trigger }), preflighted(1));
    channel.step(answer(channel));
    expect(channelIndexOf(channel.state)).toEqual(before);
    expect(channel.state).toMatchObject({
      rolling: null,
      asked: [{ status: what === 'a drill' ? 'DONE' : 'REFUSED' }],
    });
  });
  it('whose target cannot be read is refused before anybody is asked, and its release is told', () => {
    const found = { ok: false as const, code: 'ROLLBACK_PREFLIGHT_FAILED' as const, detail: 'gone' };
    const channel = new Channel().release(1).release(2);
    channel.step(rollback(1), { type: 'preflighted', ...of, rollback_id: idOf('chg', 1), found });
    expect(channel.sends.at(-1)).toMatchObject({
      send: 'refused',
      release_id: idOf('rel', 2),
      code: 'ROLLBACK_PREFLIGHT_FAILED',
    });
    expect(channel.state).toMatchObject({ rolling: null, asked: [{ status: 'REFUSED' }] });
    expect(channel.sends.filter(({ send }) => send === 'claim')).toEqual([]);
  });
  it('is over with the next release', () => {
    const { state } = new Channel().release(1).release(2).goBack(1).step(unfreeze).release(4);
    expect(channelIndexOf(state)).toMatchObject({ rollback: null, current: { pack_seq: 3 } });
  });
});

it('shows where its nodes are beside what it wants', () => {
  const node = { enrollment: 1, labels: {}, reported: true, drifted: false };
  const nodes = [
    { ...node, instance_id: 'a', active_pack_id: packOf(2) },
    { ...node, instance_id: 'b', active_pack_id: packOf(1) },
    { ...node, instance_id: 'c', active_pack_id: packOf(9), drifted: true },
    { ...node, instance_id: 'd', active_pack_id: null, reported: false },
  ];
  const { state } = new Channel().release(1).release(2);
  const shown = channelStatusSchema.parse(channelView(state, nodes));
  expect(shown.counts).toEqual({ nodes: 4, as_intended: 1, behind: 1, drifted: 1, unknown: 1 });
  expect(shown.nodes.map(({ instance_id, state: where }) => [instance_id, where])).toEqual([
    ['b', 'BEHIND'],
    ['c', 'DRIFTED'],
    ['d', 'UNKNOWN'],
  ]);
  expect(shown.last_known_good).toBe(packOf(1));
});

it('a rollback is found whole once, however often and in whatever words that is asked', () => {
  const channel = new Channel().release(1).release(2).goBack(1);
  const change = { change: 'validated', rollback_id: idOf('chg', 1), nodes: 1 } as const;
  const ask = (n: number): ChannelInput => ({
    type: 'change',
    ...of,
    request_id: idOf('chg', n),
    key: null,
    change,
    actor: 'release',
    reason: `report ${n}`,
  });
  const asked = () => channel.sends.flatMap((one) => (one.send === 'claim' ? [one.claim.claim] : []));
  expect(channel.step(ask(10), ask(11)).state.asked.map(({ kind }) => kind)).toEqual(['rollback', 'validated']);
  channel.step(changed(change, { build_id: idOf('chg', 10) }), ask(12));
  expect(channel.state.rollback?.validated_at).toBe(noon);
  expect(asked()).toEqual(['ROLLBACK', 'CHANNEL_CHANGE']);
});

it('keeps its orders, whatever comes in whatever order', () => {
  const release = fc.integer({ min: 1, max: 6 });
  const input = (channel: Channel): fc.Arbitrary<ChannelInput> =>
    fc.oneof(
      fc.tuple(release, release).map(([n, pack]) => offer(n, pack)),
      fc.tuple(fc.constantFrom('switch' as const, 'confirmed' as const), release).map(([type, n]) => on(type, n)),
      release.map(open),
      release.map(withdraw),
      fc.constantFrom(freeze, unfreeze),
      release.map((n) => changed({ change: 'floor', pack_seq: n })),
      release.map((n) => changed({ change: 'revoke', pack_id: packOf(n) })),
      release.map((n) => rollback(n, { reason: `${n}` })),
      release.map(preflighted),
      fc.constant(null).map(() => {
        const asked = channel.sends.some((sent) => sent.send === 'claim' && sent.claim.claim === 'ROLLBACK');
        return asked ? channel.answer('PASS') : freeze;
      }),
    );
  fc.assert(
    fc.property(fc.gen(), (gen) => {
      const channel = new Channel();
      let events = channel.state;
      for (let n = 0; n < 40; n++) {
        const before = channel.state;
        const next = gen(input, channel);
        const outcome = decideChannel(before, { ...next, now: noon });
        events = (outcome.events ?? []).reduce(evolveChannel, events);
        channel.step(next);
        const { state } = channel;
        expect(state).toEqual(events);
        for (const seq of ['index_seq', 'release_seq', 'pack_seq'] as const)
          expect(state[seq]).toBeGreaterThanOrEqual(before[seq]);
        expect(state.floor.pack_seq).toBeGreaterThanOrEqual(before.floor.pack_seq);
        // A number stands for one pack, and a release for one pack.
        const packs = new Map(state.offers.map((one) => [one.pack_seq, one.pack_id]));
        const releases = new Map(state.offers.map((one) => [one.release_id, one.pack_id]));
        for (const one of state.offers) {
          expect(packs.get(one.pack_seq)).toBe(one.pack_id);
          expect(releases.get(one.release_id)).toBe(one.pack_id);
        }
        const seqs = state.offers.map(({ release_seq }) => release_seq);
        expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
        // What is said changes only under a new number, and every new number is published.
        const [was, is] = [channelIndexOf(before), channelIndexOf(state)];
        if (before.index_seq === state.index_seq) expect(is).toEqual(was);
        else expect(channel.sends.at(-1)).toMatchObject({ send: 'publish', index_seq: state.index_seq });
        // Going to an older pack needs the leave.
        if (is?.current && was?.current && is.current.pack_seq < was.current.pack_seq)
          expect(is.rollback).not.toBeNull();
      }
    }),
    { numRuns: 60 },
  );
});
