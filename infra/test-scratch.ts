// Where tests put what they throw away. A database is three hundred files: on a disk most of a test's time went into making and
// removing them, in memory next to none. Only losing power could tell the difference, and no test does that.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startTime } from './process-identity.mjs';

const MEMORY = '/dev/shm';
const ENOUGH_BYTES = 4 * 1024 ** 3;
/** Set by `openScratch` for the processes that run tests. */
const SCRATCH = 'ORGO_TEST_SCRATCH';

/** A new folder for a home of a test. Whoever asks for it removes it. */
export const testFolder = (prefix: string): string =>
  fs.mkdtempSync(path.join(process.env[SCRATCH] ?? os.tmpdir(), prefix));

/**
 * From now on test folders, and all other temporary folders where programs may run from there, are in memory, if there is plenty of it.
 * @returns removes them all
 */
export function openScratch(): () => void {
  if (process.env[SCRATCH] !== undefined || !plentyOfMemory()) return () => {};
  removeAbandoned();
  const folder = fs.mkdtempSync(path.join(MEMORY, `orgo-tests-${process.pid}-`));
  // Servers and some tests work as another user.
  fs.chmodSync(folder, 0o755);
  const before = process.env.TMPDIR;
  process.env[SCRATCH] = folder;
  if (runsPrograms(folder)) process.env.TMPDIR = folder;
  return () => {
    delete process.env[SCRATCH];
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    fs.rmSync(folder, { recursive: true, force: true });
  };
}

/** Containers often have memory from which nothing may be run. */
function runsPrograms(folder: string): boolean {
  const program = path.join(folder, 'probe');
  fs.writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
  return spawnSync(program).status === 0;
}

function plentyOfMemory(): boolean {
  try {
    fs.accessSync(MEMORY, fs.constants.W_OK);
    const { bavail, bsize } = fs.statfsSync(MEMORY);
    return Math.min(bavail * bsize, os.freemem()) >= ENOUGH_BYTES;
  } catch {
    return false; // no such folder: not Linux
  }
}

/** A run that was killed could not remove its own. */
function removeAbandoned(): void {
  for (const name of fs.readdirSync(MEMORY)) {
    const [, pid] = /^orgo-tests-(\d+)-/.exec(name) ?? [];
    if (pid === undefined || startTime(Number(pid)) !== undefined) continue;
    try {
      fs.rmSync(path.join(MEMORY, name), { recursive: true, force: true });
    } catch {
      // another user's
    }
  }
}
