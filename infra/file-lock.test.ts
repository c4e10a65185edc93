import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tryLock } from './file-lock.mjs';

const module = JSON.stringify(path.join(import.meta.dirname, 'file-lock.mjs'));
let folder: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-lock-'));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

/** A process that runs `script` with `lock` and `folder` at hand. */
const run = (script: string): ChildProcess =>
  spawn(
    process.execPath,
    ['--input-type=module', '-e', `import { lock } from ${module}; const folder = process.argv[1]; ${script}`, folder],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );

test('is held by one at a time, and free after release', () => {
  const first = tryLock(folder);
  expect(first).toMatchObject({ ok: true });
  expect(tryLock(folder)).toMatchObject({ ok: false, holder: expect.stringMatching(`^${process.pid}:`) });
  if (first.ok) first.release();
  expect(tryLock(folder)).toMatchObject({ ok: true });
});

test('leaves one small file behind, however often it is taken', () => {
  for (let i = 0; i < 5; i += 1) {
    const taken = tryLock(folder);
    if (taken.ok) taken.release();
  }
  expect(fs.readdirSync(folder)).toHaveLength(1);
});

test('is taken over from a holder that was killed', async () => {
  const holder = run(`await lock(folder); process.stdout.write('held'); setInterval(() => {}, 1 << 30);`);
  if (holder.stdout) await once(holder.stdout, 'data');
  expect(tryLock(folder)).toMatchObject({ ok: false });
  const ended = once(holder, 'exit');
  holder.kill('SIGKILL');
  await ended;
  expect(tryLock(folder)).toMatchObject({ ok: true });
});

test('lets one of many through at a time, also when holders die without a release', async () => {
  const journal = path.join(folder, 'journal');
  const inside = path.join(folder, 'inside');
  // Whoever is inside makes a folder that must not exist, and dies there every second time.
  const script = `
    import fs from 'node:fs';
    const release = await lock(folder);
    fs.mkdirSync(${JSON.stringify(inside)});
    fs.appendFileSync(${JSON.stringify(journal)}, 'x');
    fs.rmdirSync(${JSON.stringify(inside)});
    if (process.pid % 2) process.kill(process.pid, 'SIGKILL');
    release();`;
  const ends = await Promise.all(Array.from({ length: 8 }, () => once(run(script), 'exit')));
  expect(ends.filter(([code, signal]) => code !== 0 && signal !== 'SIGKILL')).toEqual([]);
  expect(fs.readFileSync(journal, 'utf8')).toBe('x'.repeat(8));
});
