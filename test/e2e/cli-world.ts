import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type ReasonCode, reasons } from '@orgo/contracts';
import { expect, it } from 'vitest';
import { type CliResult, startInstance, type TestInstance } from '../kit/instance.ts';
import { type BuildResult, newTenant, writeCorpora } from '../kit/story.ts';

/** What the tests of the command line share: an instance, two tenants of which each has a good build, and a folder to spoil things in. */
export type World = {
  orgo: TestInstance;
  work: string;
  ours: Awaited<ReturnType<typeof newTenant>>;
  theirs: Awaited<ReturnType<typeof newTenant>>;
  /** A folder of good documents. */
  reader: string;
  /** A good build of ours, and one of theirs that we may not see. */
  build: BuildResult;
  hidden: BuildResult;
  /** Evidence of our build. */
  bundle: string;
};

/** Filled in by `openWorld`, before any test runs. */
export const world = {} as World;

/** A build id that nobody has. */
export const nobody = 'bld_0198c0de-0000-7000-8000-00000000000a';

export const at = (name: string): string => path.join(world.work, name);

export async function openWorld(): Promise<void> {
  world.work = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-cli-'));
  world.orgo = await startInstance();
  world.ours = await newTenant(world.orgo, 'ours');
  world.theirs = await newTenant(world.orgo, 'theirs');
  [world.reader] = writeCorpora(world.work, 'reader') as [string];
  const start = ['build', 'start', world.reader, '--wait', '--json'];
  world.build = (await world.ours.cli(...start)).json as BuildResult;
  world.hidden = (await world.theirs.cli(...start)).json as BuildResult;
  expect([world.build.status, world.hidden.status]).toEqual(['COMPLETED', 'COMPLETED']);
  world.bundle = at('bundle');
  await ours('record', 'export', world.build.build_id, '--bundle', '--out', world.bundle);
}

export async function closeWorld(): Promise<void> {
  await world.orgo?.stop();
  for (const folder of [world.orgo?.home, world.work]) if (folder) fs.rmSync(folder, { recursive: true, force: true });
}

/** The command line as our tenant. */
export const ours = (...args: string[]): Promise<CliResult> => world.ours.cli(...args);

let made = 0;
/** A new folder of files. */
export function folder(files: Record<string, string | Uint8Array>): string {
  const root = at(`folder-${++made}`);
  fs.mkdirSync(root);
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(root, name), text);
  return root;
}
/** A new file. */
export const file = (text: string | Uint8Array): string => path.join(folder({ 'file.json': text }), 'file.json');

/** Ended with this code: its exit, one object on stdout, and on stderr the code and what to do next. */
export function expectFailure(result: CliResult, code: ReasonCode): void {
  const shown = `${result.stdout}\n${result.stderr}`;
  expect([result.code, code], shown).toEqual([reasons[code].exit, code]);
  expect(result.stdout.trim().split('\n'), shown).toHaveLength(1);
  expect(result.stderr, shown).toMatch(new RegExp(`^${code} .+\nnext: .+`, 'm'));
}

/** Refused before there was any result: the one object is the error. */
export function expectRefusal(result: CliResult, code: ReasonCode): void {
  expectFailure(result, code);
  expect(result.json).toEqual({
    error: { code, detail: expect.stringMatching(/./), next: expect.stringMatching(/./) },
  });
}

export type Case = [what: string, code: ReasonCode, args: () => string[]];

/** Calls that are refused, each with its code. They have nothing to do with each other, so they need not wait for each other. */
export const refuses = (cases: Case[], run = ours): void =>
  void it.concurrent.each(cases)('%s: %s', async (_what, code, args) =>
    expectRefusal(await run(...args(), '--json'), code),
  );
