import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { reachablePrograms, serverOwner } from './unprivileged.ts';

const temporary = (mode: number): string => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-native-'));
  onTestFinished(() => fs.rmSync(folder, { recursive: true, force: true }));
  fs.chmodSync(folder, mode);
  return folder;
};

function programsIn(folder: string): string {
  const native = path.join(folder, 'native');
  fs.mkdirSync(path.join(native, 'bin'), { recursive: true });
  fs.writeFileSync(path.join(native, 'bin/program'), '#!/bin/sh\nid -u\n', { mode: 0o755 });
  return native;
}

test('programs that everyone can reach are run in place', () => {
  const native = programsIn(temporary(0o755));
  expect(reachablePrograms(native)).toBe(fs.realpathSync(native));
});

test('programs below a closed folder are copied once to where nobody can run them', (context) => {
  if (!serverOwner) context.skip('only root runs the server as another user');
  const native = programsIn(temporary(0o700));
  const id = (): string => `test-${process.pid}`;
  const copy = reachablePrograms(native, id);
  onTestFinished(() => fs.rmSync(path.dirname(copy), { recursive: true, force: true }));
  const asNobody = spawnSync(path.join(copy, 'bin/program'), { ...serverOwner, cwd: '/', encoding: 'utf8' });
  expect(asNobody.stdout).toBe('65534\n');
  const made = fs.statSync(copy).ino;
  expect(fs.statSync(reachablePrograms(native, id)).ino).toBe(made);
});

test('a folder of that name which someone else made is replaced, not run', (context) => {
  if (!serverOwner) context.skip('only root runs the server as another user');
  const id = (): string => `test-foreign-${process.pid}`;
  const native = programsIn(temporary(0o700));
  const folder = path.dirname(reachablePrograms(native, id));
  onTestFinished(() => fs.rmSync(folder, { recursive: true, force: true }));
  fs.chownSync(folder, 65534, 65534);
  const made = fs.statSync(folder).ino;
  expect(path.dirname(reachablePrograms(native, id))).toBe(folder);
  expect(fs.statSync(folder)).toMatchObject({ uid: process.getuid?.() });
  expect(fs.statSync(folder).ino).not.toBe(made);
});
