import { routes } from '@orgo/contracts';
import { expect, it } from 'vitest';
import type { Refused } from './errors.ts';
import { checkBody } from './http-request.ts';

const build_id = 'bld_0198c0de-0000-7000-8000-00000000000a';
const release = { build_id, channel: 'stable', actor: 'ann', reason: '' };
const input = { kind: 'build-request', ref: `sha256:${'0'.repeat(64)}`, media_type: 'application/json', size: 1 };
const start = {
  pipeline: 'kristal',
  inputs: [input],
  trigger: { type: 'manual', actor: 'a', reason: '' },
  rerun_of: null,
};
const withInput = (more: object): object => ({ ...start, inputs: [{ ...input, ...more }] });

const codeOf = (route: 'createRelease' | 'startBuild', body: unknown): string | undefined => {
  try {
    checkBody(routes[route], body);
    return undefined;
  } catch (error) {
    return (error as Refused).code;
  }
};

it('takes what is well formed', () => {
  expect([codeOf('createRelease', release), codeOf('startBuild', start)]).toEqual([undefined, undefined]);
});

it.each([
  ['a letter of another script', 'st\u0430ble'],
  ['a composed letter', 'stabl\u00e9'],
  ['the same letter, decomposed', 'stable\u0301'],
  ['a capital', 'Stable'],
  ['a character that cannot be seen', 'sta\u200bble'],
  ['a step up', '../stable'],
  ['nothing', ''],
])('a name with %s is no name: IDENTIFIER_INVALID', (_, channel) => {
  expect(codeOf('createRelease', { ...release, channel })).toBe('IDENTIFIER_INVALID');
});

it.each([
  ['a digest of another length', { ref: `sha256:${'0'.repeat(63)}` }],
  ['a digest in capitals', { ref: `sha256:${'A'.repeat(64)}` }],
  ['a digest of another algorithm', { ref: `md5:${'0'.repeat(32)}` }],
  ['an empty digest', { ref: '' }],
  ['a size below nothing', { size: -1 }],
  ['half a byte', { size: 0.5 }],
  ['a size in words', { size: '1' }],
])('%s is malformed and never “absent”: INTEGRITY_FIELD_MALFORMED', (_, more) => {
  expect(codeOf('startBuild', withInput(more))).toBe('INTEGRITY_FIELD_MALFORMED');
});

it('anything else is REQUEST_INVALID', () => {
  expect(codeOf('startBuild', { ...start, as_of: 'today' })).toBe('REQUEST_INVALID');
  expect(codeOf('createRelease', { ...release, build_id: 'mine' })).toBe('REQUEST_INVALID');
});
