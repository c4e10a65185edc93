import { digestOf } from '@orgo/core';
import { expect, test } from 'vitest';
import { pipelineOf, replyInput, stateBefore } from './domain/gate.fixture.ts';
import { createDoor } from './door.ts';

const state = stateBefore(pipelineOf('echo'), 'echo-2');
const reply = (more: Parameters<typeof replyInput>[1]['reply'] = {}) =>
  replyInput(state, { stage: 'echo-2', reply: more });
const refusal = (i: number) => {
  const { reply: words, ...rest } = reply({ metrics: { i } });
  const said = { ...words, status: 'refused' as const, reason_codes: ['COMMAND_AUTHORIZATION_MISSING' as const] };
  return { ...rest, reply: said };
};
const door = () => {
  let now = 0;
  const pass = (ms: number): void => {
    now += ms;
  };
  return { ...createDoor(() => now), pass };
};

test('refusals that anybody can bring about find room for 256, then for one in ten seconds, whatever they name', () => {
  const { turnsAway, pass } = door();
  const flood = (count: number) => Array.from({ length: count }, (_, i) => turnsAway(refusal(i)));
  expect(flood(1000).filter((code) => code === null)).toHaveLength(256);
  expect(turnsAway(refusal(0))).toBe('COMMAND_AUTHORIZATION_MISSING');
  pass(35_000);
  expect(flood(1000).filter((code) => code === null)).toHaveLength(3);
  pass(100_000_000);
  expect(flood(1000).filter((code) => code === null)).toHaveLength(256);
  const { reply: words, ...rest } = refusal(0);
  expect(turnsAway({ ...rest, reply: { ...words, tenant_id: 'another' } }), 'each tenant has its own room').toBeNull();
});

test('what leads back to no command of the orchestrator to this adapter counts with them', () => {
  const { turnsAway } = door();
  for (let i = 0; i < 256; i++) turnsAway(refusal(i));
  const good = reply();
  expect(turnsAway(good)).toBeNull();
  expect(turnsAway({ ...good, command: { ok: false, code: 'COMMAND_SIGNER_UNTRUSTED' } })).toBe(
    'COMMAND_SIGNER_UNTRUSTED',
  );
  expect(turnsAway({ ...good, adapter: 'another' })).toBe('ADAPTER_KEY_NOT_AUTHORIZED');
  expect(turnsAway({ ...good, command_digest: digestOf('other') })).toBe('REPLY_CORRELATION_MISMATCH');
  expect(turnsAway(reply({ epoch: 9 }))).toBe('REPLY_CORRELATION_MISMATCH');
  expect(turnsAway(reply({ authorization_digest: null }))).toBe('REPLY_CORRELATION_MISMATCH');
  expect(turnsAway(reply({ adapter: { name: 'another', version: '1' } }))).toBe('REPLY_CORRELATION_MISMATCH');
});

test('a stage and epoch for which nothing can be accepted any more is read 64 times, and others as before', () => {
  const { turnsAway, learn } = door();
  const again = reply({ metrics: { again: 1 } });
  for (let i = 0; i < 64; i++) {
    expect(turnsAway(again)).toBeNull();
    learn(again, { outcome: 'refused', code: 'REPLY_STALE_ATTEMPT' });
  }
  expect(turnsAway(again)).toBe('REPLY_STALE_ATTEMPT');
  expect(turnsAway(replyInput(state, { stage: 'echo-2', epoch: 2 }))).toBeNull();
});

test('a refusal that may be over later turns nothing away', () => {
  const { turnsAway, learn } = door();
  for (let i = 0; i < 1000; i++) learn(reply(), { outcome: 'refused', code: 'STAGE_ORDER_VIOLATION' });
  for (let i = 0; i < 1000; i++) learn(reply(), { outcome: 'later', code: 'DATABASE_UNAVAILABLE' });
  expect(turnsAway(reply())).toBeNull();
});
