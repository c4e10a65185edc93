import type { Tx } from '@orgo/store/db';
import { expect, test } from 'vitest';
import { initial } from './domain/index.ts';
import { releaseMachine } from './repo.ts';

test('a row of before a member was added is decided by with its standard value', async () => {
  const key = { tenant_id: 'acme', id: 'rel_1' };
  const { blocked: _, acts: __, ...older } = { ...initial(key), phase: 'VERIFIED' as const };
  const tx = { query: async () => ({ rows: [{ ...key, version: '3', state: older }] }) } as unknown as Tx;
  const [row] = (await releaseMachine.repo.load(tx, [key])).values();
  expect(row).toEqual({ version: 3, state: { ...initial(key), phase: 'VERIFIED' } });
});
