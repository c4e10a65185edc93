import { describe, expect, it } from 'vitest';
import { withActivation } from './attempts.ts';
import { initialState, nodeStateSchema } from './state.ts';

const offer = {
  release_id: 'rel_0198c0de-0000-7000-8000-000000000001',
  release_seq: 1,
  pack_seq: 1,
  pack_id: 'a'.repeat(64),
  kristal_id: `sha256:${'b'.repeat(64)}`,
  manifest: `sha256:${'c'.repeat(64)}`,
  manifest_size: 1,
} as const;
const at = '2026-11-20T12:00:00.000Z';
const active = withActivation(initialState('stable'), { offer, at, health: 'HEALTHY', metrics: [] });

describe('nodeStateSchema', () => {
  it('takes a fresh node and an active one', () => {
    for (const state of [initialState('stable'), active]) expect(nodeStateSchema.parse(state)).toEqual(state);
  });

  it.each([
    ['of another version', { ...active, v: 1 }],
    ['with a member of its own', { ...active, pack: {} }],
    ['without floors', { ...active, floors: undefined }],
    ['with a floor that is no number', { ...active, floors: { ...active.floors, highest_activated_seq: '1' } }],
    ['with a floor below zero', { ...active, floors: { ...active.floors, pack_seq: -1 } }],
    ['whose active pack is a path', { ...active, active: { ...active.active, pack_id: '../../etc' } }],
    ['whose active pack has no number', { ...active, active: { ...active.active, release_seq: 0 } }],
    ['that has seen too much', { ...active, seen: Array.from({ length: 65 }, () => active.seen[0]) }],
    ['with a code that is none', { ...active, attempts: [{ ...active.attempts[0], reason_code: 'no code' }] }],
    ['that is none', null],
  ])('refuses a state %s', (_what, state) => {
    expect(nodeStateSchema.safeParse(state).success).toBe(false);
  });
});
