import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { runs, startOf } from './process-identity.ts';

test('a process is its pid and its start: another one with its pid is not taken for it', async () => {
  expect([runs(process.pid), runs(process.pid, startOf(process.pid))]).toEqual([true, true]);
  expect(runs(process.pid, '1')).toBe(false);
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const { pid = 0 } = child;
  const start = startOf(pid);
  expect(runs(pid, start)).toBe(true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect([runs(pid, start), runs(0), runs(Number.NaN)]).toEqual([false, false, false]);
});
