import type { ChannelStatus } from '@orgo/contracts';
import { describe, expect, it } from 'vitest';
import { channelDone, describeChannel, packOf } from './channel-view.ts';

const at = '2026-11-21T09:00:00.000Z';
const [old, young] = [`aa${'0'.repeat(62)}`, `ab${'1'.repeat(62)}`] as [string, string];
const rollback_id = 'chg_0198c0de-0000-7000-8000-000000000001';
const act = { actor: 'ann', reason: 'bad answers', at };
const offer = (n: number, pack_id: string) => ({
  release_id: `rel_0198c0de-0000-7000-8000-00000000000${n}` as const,
  release_seq: n,
  pack_seq: n,
  pack_id,
  kristal_id: `sha256:${'2'.repeat(64)}` as const,
  manifest: `sha256:${'3'.repeat(64)}` as const,
  manifest_size: 1,
});
const past = (n: number, pack_id: string, rolled_back_at: string | null = null) => {
  const { release_id, release_seq, pack_seq } = offer(n, pack_id);
  return { release_id, release_seq, pack_seq, pack_id, at, confirmed_at: at, withdrawn_at: null, rolled_back_at };
};
const change = (kind: string, more: object = {}) => ({
  request_id: rollback_id,
  kind,
  actor: 'ann',
  reason: 'bad answers',
  at,
  status: 'DONE' as const,
  reason_codes: [],
  why: null,
  evidence: null,
  decision_digest: null,
  log_index: 47,
  ...more,
});
const calm: ChannelStatus = {
  tenant_id: 'acme',
  channel: 'stable',
  status: 'OPEN',
  index: {
    v: 1,
    tenant_id: 'acme',
    channel: 'stable',
    index_seq: 4,
    current: offer(2, young),
    candidate: null,
    floor: { pack_seq: 0 },
    revoked_packs: [],
    frozen: false,
  },
  changed_at: at,
  release_seq: 2,
  pin: null,
  frozen: null,
  revoked: [],
  quarantined: [],
  floor: { pack_seq: 0, set: null },
  offers: [past(2, young), past(1, old)],
  last_known_good: old,
  rollback: null,
  changes: [],
  nodes: [],
  counts: { nodes: 3, as_intended: 3, behind: 0, drifted: 0, unknown: 0 },
};
const back: ChannelStatus = {
  ...calm,
  status: 'FROZEN',
  frozen: { cause: 'rollback', ...act },
  offers: [past(3, old), past(2, young, at), past(1, old)],
  last_known_good: null,
  rollback: { rollback_id, from_pack_id: young, to_pack_id: old, expires_at: at, validated_at: null },
  changes: [
    change('rollback'),
    change('rollback', { status: 'REFUSED', log_index: null, reason_codes: ['ROLLBACK_NEEDLESS'], why: 'it runs' }),
  ],
  counts: { nodes: 3, as_intended: 1, behind: 2, drifted: 0, unknown: 0 },
};
const lineOf = (c: ChannelStatus, name: string): string | undefined =>
  describeChannel(c).find((one) => one.startsWith(name));

describe('a pack by its first digits', () => {
  it('is the one that the channel knows', () => {
    expect(packOf(calm, 'ab1')).toBe(young);
  });
  it.each([
    ['cc', 'no pack of stable begins with cc'],
    ['a', 'more than one pack of stable begins with a'],
  ])('is refused for %s', (digits, why) => {
    expect(() => packOf(calm, digits)).toThrow(why);
  });
});

describe('what a person is told', () => {
  it('of a rollback: from where to where, its place in the log, its Case, and what comes next', () => {
    const [done] = channelDone(back, 'rollback');
    expect(done).toBe(
      `gone back from ${young.slice(0, 12)} to ${old.slice(0, 12)}, on record at 47; Case ${rollback_id.replace('chg', 'case')}`,
    );
    expect(lineOf(back, 'next')).toBe(
      'next       its nodes go back (2 to go), then orgo channel unfreeze stable --reason …',
    );
    expect(lineOf(back, 'way back')).toBe('way back   none: no older pack that nodes held may run');
    expect(describeChannel(back).filter((one) => one.includes('rolled back'))).toHaveLength(1);
    expect(describeChannel(back).at(-1)).toMatch(/bad answers ROLLBACK_NEEDLESS \(it runs\)$/);
  });
  it('when its nodes are back: that it is for a person to let promotions go on', () => {
    const validated = { ...back, rollback: { ...back.rollback, validated_at: at } } as ChannelStatus;
    expect(lineOf(validated, 'next')).toBe('next       orgo channel unfreeze stable --reason …');
    expect(lineOf(calm, 'next')).toBeUndefined();
  });
  it('of a drill: what it proves, and that nothing moved', () => {
    const [drill] = channelDone({ ...calm, changes: [change('drill')] }, 'drill');
    expect(drill).toMatch(
      /^stable can go back from ab1111111111 to aa0000000000: .* on record at 47\. Nothing moved\.$/,
    );
  });
  it('of a change: that it is on record', () => {
    expect(channelDone({ ...calm, changes: [change('freeze')] }, 'freeze')[0]).toBe('freeze: done, on record at 47');
  });
});
