import type { BuildStatus } from '@orgo/contracts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createWatch } from './watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a database that does not answer is said once, and again when it has answered between', async () => {
  const said: unknown[] = [];
  let answers = false;
  let version = 1;
  const status = async () => ({ status: 'RUNNING', version, cases: [] }) as unknown as BuildStatus;
  const versions = async () => {
    if (!answers) throw new Error('gone');
    return [{ tenant_id: 'acme', id: 'bld', version }];
  };
  const watch = createWatch({ status, versions }, { warn: (about: unknown) => void said.push(about) });
  const changes = await watch.follow({ tenant_id: 'acme', id: 'bld' }, 0, new AbortController().signal);
  expect((await changes?.next())?.value).toMatchObject({ id: '1' });
  const next = changes?.next();
  await vi.advanceTimersByTimeAsync(3_000);
  expect(said).toMatchObject([{ code: 'INTERNAL_ERROR', err: { message: 'gone' } }]);
  answers = true;
  version = 2;
  await vi.advanceTimersByTimeAsync(1_000);
  expect((await next)?.value).toMatchObject({ id: '2' });
  answers = false;
  const ended = changes?.next();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(said).toHaveLength(2);
  watch.close();
  expect(await ended).toEqual({ value: undefined, done: true });
});
