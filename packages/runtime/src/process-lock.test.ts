import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startOf } from './process-identity.ts';
import { withProcessLock } from './process-lock.ts';

const heldBy = async (holder: string): Promise<string> => {
  const folder = join(await mkdtemp(join(tmpdir(), 'orgo-lock-')), 'lock');
  onTestFinished(() => rm(join(folder, '..'), { recursive: true }));
  await mkdir(folder);
  await writeFile(join(folder, '1'), holder);
  return folder;
};

test('many that find a dead holder at once run one after the other, and each of them runs', async () => {
  // No process has this number: it is above what Linux gives out.
  const folder = await heldBy('4194305:1');
  let inside = 0;
  let ran = 0;
  const enter = async (): Promise<void> => {
    expect(++inside).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    inside--;
    ran++;
  };
  await Promise.all(Array.from({ length: 8 }, () => withProcessLock(folder, enter, 60_000)));
  expect(ran).toBe(8);
  const left = await readdir(folder);
  expect(left).toHaveLength(1);
  expect(await readFile(join(folder, left[0] as string), 'utf8')).toBe('free');
});

test('a process that has the pid of a dead holder keeps nobody out', async () => {
  const folder = await heldBy(`${process.pid}:1`);
  expect(await withProcessLock(folder, async () => 'ran', 0)).toBe('ran');
});

test('a living holder is waited for, and then named; who fails lets go', async () => {
  const folder = await heldBy(`${process.pid}:${startOf(process.pid)}`);
  await expect(withProcessLock(folder, async () => 'ran', 0)).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
  await writeFile(join(folder, '1'), 'free');
  await expect(withProcessLock(folder, () => Promise.reject(new Error('no')), 0)).rejects.toThrow('no');
  expect(await withProcessLock(folder, async () => 'ran', 0)).toBe('ran');
});
