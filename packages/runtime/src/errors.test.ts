import { refuse } from '@orgo/core';
import { expect, test } from 'vitest';
import { Breach, codeOf, detailOf, Fault, Refused } from './errors.ts';

test('a coded error names its code, its detail and its cause', () => {
  const cause = new Error('connection refused');
  const fault = new Fault('BUS_UNAVAILABLE', { cause });
  expect(fault).toMatchObject({ name: 'Fault', code: 'BUS_UNAVAILABLE', detail: 'connection refused', cause });
  expect(fault.message).toBe('BUS_UNAVAILABLE: connection refused');
  expect(new Breach('HASH_MISMATCH', 'at 3').detail).toBe('at 3');
  expect(new Fault('BUS_UNAVAILABLE').detail).toBe('NATS does not answer');
});

test('a refusal keeps its path over an edge that throws', () => {
  expect(Refused.from(refuse('JSON_DUPLICATE_KEY', 'twice', '/a'))).toMatchObject({
    code: 'JSON_DUPLICATE_KEY',
    detail: 'twice (/a)',
  });
});

test.each([
  [new Breach('PROOF_INVALID'), 'PROOF_INVALID'],
  [Object.assign(new Error('x'), { code: 'CANONICAL_TYPE_UNSUPPORTED' }), 'CANONICAL_TYPE_UNSUPPORTED'],
  [Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'INTERNAL_ERROR'],
  [new Error('x'), 'INTERNAL_ERROR'],
  [undefined, 'INTERNAL_ERROR'],
])('codeOf %#', (error, code) => {
  expect(codeOf(error)).toBe(code);
});

test('detailOf reads anything thrown', () => {
  expect([detailOf(new Fault('BUS_UNAVAILABLE', 'a')), detailOf(new Error('b')), detailOf('c')]).toEqual([
    'a',
    'b',
    'c',
  ]);
});
