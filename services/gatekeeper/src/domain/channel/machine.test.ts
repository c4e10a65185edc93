import { digestOf } from '@orgo/core';
import { expect, it } from 'vitest';
import { type ChannelGateEvent, evolveChannelGate, initialChannelGate } from './machine.ts';

const decision = digestOf('decision');
const granted = (rollback_id: string, from_pack_id: string, to_pack_id: string): ChannelGateEvent => ({
  type: 'ROLLBACK_AUTHORIZED',
  decision,
  at: '2026-11-20T12:00:00.000Z',
  rollback: { rollback_id, from_pack_id, to_pack_id, decision, validated: false },
});
const after = (...events: ChannelGateEvent[]) =>
  events
    .reduce(evolveChannelGate, initialChannelGate({ tenant_id: 'acme', id: 'stable' }))
    .open.map(({ rollback_id, validated }) => [rollback_id, validated]);
const validated = (rollback_id: string): ChannelGateEvent => ({ type: 'ROLLBACK_VALIDATED', decision, rollback_id });

it('a rollback that is validated takes those before it along, and none after it', () => {
  const two = [granted('first', 'c', 'b'), granted('second', 'b', 'a')];
  expect(after(...two, validated('second'))).toEqual([
    ['first', true],
    ['second', true],
  ]);
  expect(after(...two, validated('first'))).toEqual([
    ['first', true],
    ['second', false],
  ]);
  expect(after(...two, validated('another'))).toEqual([
    ['first', false],
    ['second', false],
  ]);
});
