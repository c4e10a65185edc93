import type { Digest, GateDecision } from '@orgo/contracts';
import { digestOf } from '@orgo/core';
import type { Queryable } from '@orgo/store/db';
import { expect, test } from 'vitest';
import type { VerifiedDecision } from './decisions.ts';
import { createOrder } from './order.ts';

const digests = (...names: string[]): Digest[] => names.map((name) => digestOf(name));
const decided = (name: string, rests_on: string[] = [], kind: GateDecision['kind'] = 'STAGE') => {
  const decision = { kind, rests_on: digests(...rests_on) };
  return { digest: digestOf(name), decision } as unknown as VerifiedDecision;
};

/** A log that holds some decisions, and what it was asked for. */
const logOf = (...sealed: string[]) => {
  const asked: string[][] = [];
  const query = async (_: unknown, [tenant, list]: [string, Buffer]) => {
    const wanted = list.toString('latin1').match(/sha256:[0-9a-f]{64}/g) ?? [];
    asked.push(wanted);
    const held = new Set<string>(tenant === 'acme' ? digests(...sealed) : []);
    return { rows: wanted.filter((digest) => held.has(digest)).map((digest) => ({ digest })) };
  };
  return { asked, order: createOrder({ query } as unknown as Queryable) };
};

test('a decision lacks what is neither sealed nor before it in its batch, and so does what rests on it', async () => {
  const { order } = logOf('a');
  const batch = [
    decided('b', ['a']),
    decided('d', ['c']),
    decided('c', ['b']),
    decided('e', ['d']),
    decided('f', ['c']),
  ];
  const [c, d] = digests('c', 'd');
  expect(await order.lacking('acme', batch)).toEqual([null, c, null, d, null]);
});

test('the database is asked once a batch, and never for what was sealed here or told before', async () => {
  const { order, asked } = logOf('a', 'b');
  order.sealed('acme', digests('z'));
  const batch = [decided('c', ['a', 'z']), decided('d', ['a', 'b'])];
  for (const _ of [1, 2]) expect(await order.lacking('acme', batch)).toEqual([null, null]);
  expect(asked).toEqual([digests('a', 'b')]);
});

test('what one tenant has sealed is nothing to another', async () => {
  const { order } = logOf('a');
  order.sealed('acme', digests('z'));
  expect(await order.lacking('globex', [decided('b', ['a']), decided('c', ['z'])])).toEqual(digests('a', 'z'));
});

test('what is decided about releases, nodes and channels rests on other subjects, and waits for none', async () => {
  const { order, asked } = logOf();
  const kinds = ['RELEASE', 'NODE_REPORT', 'RELEASE_STEP', 'ROLLBACK', 'CHANNEL_CHANGE'] as const;
  const batch = kinds.map((kind) => decided(kind, ['a'], kind));
  expect(await order.lacking('acme', batch)).toEqual(kinds.map(() => null));
  expect(asked).toEqual([]);
});
