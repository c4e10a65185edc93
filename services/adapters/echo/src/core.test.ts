import { digestOfBytes, fromUtf8, utf8 } from '@orgo/core';
import { expect, test } from 'vitest';
import { runEcho } from './core.ts';

const run = (text: string, config: object = { step: 3 }, count = 1) => {
  const bytes = utf8(text);
  const input = { kind: 'echo-text', ref: digestOfBytes(bytes), media_type: 'application/json', size: bytes.length };
  return runEcho({
    asOf: '2026-01-01T00:00:00.000Z',
    config: config as never,
    inputs: Array(count).fill(input),
    read: async () => bytes,
    put: () => Promise.reject(new Error('not needed')),
    signal: new AbortController().signal,
  });
};

test('says its text, its step and its input, always in the same bytes', async () => {
  const result = await run('{"text":"hello"}');
  const ref = digestOfBytes(utf8('{"text":"hello"}'));
  expect(result.ok && fromUtf8(result.value.outputs[0]?.bytes ?? new Uint8Array())).toEqual({
    ok: true,
    value: `{"of":["${ref}"],"step":3,"text":"hello"}`,
  });
  expect(await run('{"text":"hello"}')).toEqual(result);
});

test('hands on which step is to refuse', async () => {
  const result = await run('{"refuse_at":4,"text":""}');
  expect(result.ok && fromUtf8(result.value.outputs[0]?.bytes ?? new Uint8Array())).toMatchObject({
    value: expect.stringContaining('"refuse_at":4'),
  });
});

test.each([
  ['an input that is no JSON', () => run('{')],
  ['an input without text', () => run('{"a":1}')],
  ['a configuration without a step', () => run('{"text":""}', {})],
  ['at the step that is to refuse', () => run('{"refuse_at":3,"text":""}')],
  ['two inputs', () => run('{"text":""}', { step: 1 }, 2)],
])('refuses %s', async (_, result) => {
  expect(await result()).toMatchObject({ ok: false, code: 'STAGE_INPUT_INVALID' });
});
