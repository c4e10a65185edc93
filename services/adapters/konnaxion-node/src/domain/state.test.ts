import { describe, expect, it } from 'vitest';
import { withActivation } from './judge.ts';
import { activeTarget, initialState, nodeStateSchema } from './state.ts';

const target = {
  release_id: 'rel_0198c0de-0000-7000-8000-000000000001',
  release_seq: 1,
  channel: 'stable',
  pack_id: 'a'.repeat(64),
  kristal_id: `sha256:${'b'.repeat(64)}`,
};
const active = withActivation(initialState('stable'), target);

describe('nodeStateSchema', () => {
  it('takes a fresh node and an active one', () => {
    for (const state of [initialState('stable'), active]) expect(nodeStateSchema.parse(state)).toEqual(state);
  });

  it.each([
    ['of another version', { ...active, v: 2 }],
    ['with a member of its own', { ...active, pack: {} }],
    ['without a floor', { ...active, highest_activated_seq: undefined }],
    ['with a floor that is no number', { ...active, highest_activated_seq: '1' }],
    ['with a floor below zero', { ...active, highest_activated_seq: -1 }],
    ['whose active pack is a path', { ...active, active: { ...active.active, pack_id: '../../etc' } }],
    ['whose active pack has no number', { ...active, active: { ...active.active, release_seq: 0 } }],
    ['that has seen too much', { ...active, seen: Array.from({ length: 65 }, () => active.seen[0]) }],
    ['with a code that is none', { ...active, last_attempt: { ...active.last_attempt, reason_code: 'no code' } }],
    ['that is none', null],
  ])('refuses a state %s', (_what, state) => {
    expect(nodeStateSchema.safeParse(state).success).toBe(false);
  });
});

describe('activeTarget', () => {
  it('is what was activated, as the channel named it', () => {
    expect(activeTarget(active)).toEqual(target);
    expect(activeTarget(initialState('stable'))).toBeNull();
  });
});
