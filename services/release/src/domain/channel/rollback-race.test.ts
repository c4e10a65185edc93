import type { ReasonCode } from '@orgo/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Channel, changed, idOf, offer, packOf, preflighted, rollback, withdraw } from './channel.fixture.ts';
import { channelIndexOf } from './index-of.ts';
import type { ChannelInput } from './inputs.ts';

const two = (): Channel => new Channel().release(1).release(2);
const before = channelIndexOf(two().state);

describe('under one key', () => {
  const keyed = (n: number, more = {}) => rollback(n, { key: 'k1', ...more });
  const claims = (channel: Channel): number => channel.sends.filter(({ send }) => send === 'claim').length;

  it('a rollback is asked once, and answered the same for ever, also when others came after it', () => {
    const channel = two().step(keyed(1), keyed(2), preflighted(1));
    channel.step(channel.answer('PASS'), keyed(3));
    channel.step(changed({ change: 'unfreeze', override: true })).release(4);
    const { state } = channel;
    channel.step(keyed(5));
    expect(channel.state).toBe(state);
    expect(claims(channel)).toBe(1);
    expect(state.asked).toMatchObject([{ request_id: idOf('chg', 1), key: 'k1', status: 'DONE' }]);
  });

  it('another rollback, or a change, is refused', () => {
    const channel = two().step(keyed(1), keyed(2, { reason: 'another' }), {
      type: 'change',
      tenant_id: 'acme',
      channel: 'stable',
      request_id: idOf('chg', 3),
      key: 'k1',
      change: { change: 'freeze' },
      actor: 'ann',
      reason: 'because',
    });
    expect(channel.codes).toEqual(['IDEMPOTENCY_KEY_REUSED', 'IDEMPOTENCY_KEY_REUSED']);
  });
});

describe('two at once', () => {
  it('lead to one offer: who comes second joins the same, and is told to wait with another', () => {
    const channel = two().step(rollback(1), rollback(2), rollback(3, { actor: 'eve' }), preflighted(1));
    channel.step(channel.answer('PASS'));
    expect(channel.codes).toEqual(['CHANNEL_BUSY']);
    expect(channel.state).toMatchObject({ release_seq: 3, current: { pack_id: packOf(1) }, rolling: null });
  });

  it('a word on one that an emergency took the place of moves nothing', () => {
    const channel = new Channel().release(1).release(2).release(3).step(rollback(1), preflighted(1));
    const first = channel.answer('PASS');
    channel.step(rollback(2, { trigger: 'emergency', mode: 'pinned', pack_id: packOf(1), reason: 'now' }), first);
    expect(channel.state).toMatchObject({ current: { pack_id: packOf(3) }, rolling: { rollback_id: idOf('chg', 2) } });
    channel.step(preflighted(2));
    channel.step(channel.answer('PASS'));
    expect(channel.state).toMatchObject({ current: { pack_id: packOf(1) }, frozen: { cause: 'emergency' } });
  });

  it('one after the other leave behind what either left, until a person lets go', () => {
    const channel = new Channel().release(1).release(2).release(3).goBack(1).goBack(2, { reason: 'further' });
    expect(channel.state.rollback).toMatchObject({ to_pack_id: packOf(1), also_left: [packOf(3)] });
    channel
      .step(changed({ change: 'unfreeze', override: true }))
      .release(4)
      .goBack(3, { reason: 'later' });
    expect(channel.state.rollback?.also_left).toBeUndefined();
  });

  it('to what is active already is needless, and says so', () => {
    const channel = two()
      .goBack(1)
      .step(rollback(2, { mode: 'pinned', pack_id: packOf(1), reason: 'more' }));
    expect(channel.codes).toEqual(['ROLLBACK_NEEDLESS']);
    expect(channel.state).toMatchObject({ release_seq: 3, rolling: null });
  });
});

describe('while a release converges', () => {
  it('its candidate is gone with the rollback, and it is told', () => {
    const channel = two().step(offer(3), rollback(1), preflighted(1));
    channel.step(channel.answer('PASS'));
    expect(channelIndexOf(channel.state)).toMatchObject({ candidate: null, current: { pack_id: packOf(2) } });
    expect(channel.sends.at(-1)).toMatchObject({ send: 'publish', tell: [idOf('rel', 2), idOf('rel', 3)] });
  });
  it('and was withdrawn under nodes that had taken it: they are let back to what runs', () => {
    const asked = rollback(1, {
      release_id: idOf('rel', 3),
      trigger: 'integrity',
      reason: 'n1 found FILE_HASH_MISMATCH',
    });
    const channel = two().step(offer(3), withdraw(3), asked, preflighted(1));
    channel.step(channel.answer('PASS'));
    expect(channelIndexOf(channel.state)).toMatchObject({
      candidate: null,
      current: { pack_id: packOf(2), release_seq: 4, pack_seq: 2 },
      rollback: { payloadType: expect.stringContaining('rollback') },
    });
    const again = two().step(offer(3), withdraw(3), offer(4), rollback(1, { release_id: idOf('rel', 3) }));
    expect(again.codes).toEqual(['ROLLBACK_NEEDLESS']);
  });
  it('and nothing of it is promoted between the asking and the answer, whichever it is', () => {
    const channel = two().step(offer(3), rollback(1), { type: 'switch', ...key, release_id: idOf('rel', 3) });
    channel.step(preflighted(1), { type: 'open', ...key, release_id: idOf('rel', 3), cohorts: [] });
    expect(channel.codes).toEqual(['CHANNEL_FROZEN', 'CHANNEL_FROZEN']);
    channel.step(channel.answer('FAIL', { reason_codes: ['HASH_MISMATCH'] }));
    expect(channel.step({ type: 'switch', ...key, release_id: idOf('rel', 3) }).state.current?.pack_id).toBe(packOf(3));
  });
});
const key = { tenant_id: 'acme', channel: 'stable' };

describe('a claim that is turned away at the gatekeeper’s door', () => {
  const away = (n: number, code: ReasonCode = 'CLAIM_SIGNER_UNTRUSTED'): ChannelInput => ({
    type: 'turned-away',
    ...key,
    request_id: idOf('chg', n),
    code,
  });
  it('ends its rollback with the code: it is kept, its release is told, and promotions go on', () => {
    const channel = two().step(offer(3), rollback(1), preflighted(1), away(1), away(1));
    expect(channel.state).toMatchObject({
      rolling: null,
      asked: [{ request_id: idOf('chg', 1), status: 'REFUSED', reason_codes: ['CLAIM_SIGNER_UNTRUSTED'] }],
    });
    expect(channel.sends.filter(({ send }) => send === 'refused')).toEqual([
      { send: 'refused', rollback_id: idOf('chg', 1), release_id: idOf('rel', 3), code: 'CLAIM_SIGNER_UNTRUSTED' },
    ]);
    expect(channel.step({ type: 'switch', ...key, release_id: idOf('rel', 3) }).codes).toEqual([]);
    expect(channel.step(rollback(2), preflighted(2)).state.rolling).toMatchObject({ stage: 'ASKED' });
  });
  it('ends a change, which may be asked again', () => {
    const freeze = (n: number): ChannelInput => ({
      type: 'change',
      ...key,
      request_id: idOf('chg', n),
      change: { change: 'freeze' },
      actor: 'ann',
      reason: 'because',
    });
    const channel = two().step(freeze(1), away(1), freeze(2));
    expect(channel.state.asked.map(({ status }) => status)).toEqual(['REFUSED', 'ASKED']);
    expect(channel.step(away(9)).state.asked).toHaveLength(2);
  });
  it('because the channel changed meanwhile is asked anew, and not for ever', () => {
    const channel = two().step(rollback(1), preflighted(1), away(1, 'STATE_CONFLICT'), away(1, 'STATE_CONFLICT'));
    expect(channel.state.rolling).toMatchObject({ stage: 'PREFLIGHT', again: 1 });
    expect(channel.sends.filter(({ send }) => send === 'preflight')).toHaveLength(2);
    for (let n = 0; n < 9; n++) channel.step(preflighted(1), away(1, 'STATE_CONFLICT'));
    expect(channel.state).toMatchObject({ rolling: null, asked: [{ reason_codes: ['STATE_CONFLICT'] }] });
  });
});

it('what the log says of freezing, pinning and going back stands, in whatever order its receipts come', () => {
  const asked = two().step(rollback(1), preflighted(1));
  const word = (n: number, of: Parameters<typeof changed>[0]): ChannelInput =>
    changed(of, { build_id: idOf('chg', 900 + n) }, n);
  const said: ChannelInput[] = [
    word(10, { change: 'freeze' }),
    asked.answer('PASS', {}, 11),
    word(12, { change: 'unfreeze', override: true }),
    word(13, { change: 'pin', pack_id: packOf(1), until: null }),
    word(14, { change: 'unpin' }),
    word(15, { change: 'pin', pack_id: packOf(2), until: null }),
  ];
  const after = (inputs: readonly ChannelInput[]) => {
    const channel = new Channel();
    channel.state = asked.state;
    const {
      phase,
      frozen,
      pin,
      current,
      candidate,
      rollback: leave,
      offers,
      index_seq,
    } = channel.step(...inputs).state;
    return {
      phase,
      frozen,
      pin: pin?.pack_id,
      current,
      candidate,
      leave,
      offers,
      grown: index_seq > (before?.index_seq ?? 0),
    };
  };
  const inOrder = after(said);
  expect(inOrder).toMatchObject({ phase: 'OPEN', frozen: null, pin: packOf(2), current: { pack_id: packOf(1) } });
  fc.assert(
    fc.property(fc.shuffledSubarray(said, { minLength: said.length }), (any) => {
      expect(after(any)).toEqual(inOrder);
    }),
    { numRuns: 200 },
  );
});
