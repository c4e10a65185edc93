import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { type BuildRequest, type ReasonCode, reasons } from '@orgo/contracts';
import { expect } from 'vitest';
import { type CliResult, startInstance, type TestInstance } from '../kit/instance.ts';
import { artifactFile, type BuildResult, newTenant, outputOf, writeMandate } from '../kit/story.ts';

/** What tests of input share: an instance, a tenant, a folder to make things in. Filled in by `openInput`. */
export const input = {} as {
  orgo: TestInstance;
  tenant: string;
  cli(...args: string[]): Promise<CliResult>;
  work: string;
  /** A folder with one good document, `a.md`. */
  good: string;
  /** A UNIX socket. */
  socket: string;
};

/** A document that any build takes. */
export const text = 'Mont Blanc is a mountain in France.';

const server = net.createServer();

export async function openInput(): Promise<void> {
  input.work = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-input-'));
  fs.chmodSync(input.work, 0o755);
  input.orgo = await startInstance();
  const { tenant, cli } = await newTenant(input.orgo, 'input');
  Object.assign(input, { tenant, cli, good: folder({ 'a.md': text }), socket: path.join(input.work, 'socket') });
  await new Promise<void>((resolve) => server.listen(input.socket, resolve));
}

export async function closeInput(): Promise<void> {
  server.close();
  await input.orgo?.stop();
  for (const left of [input.orgo?.home, input.work]) if (left) fs.rmSync(left, { recursive: true, force: true });
}

let made = 0;
/** A new folder of files. */
export function folder(files: Record<string, string | Uint8Array>): string {
  const root = path.join(input.work, `folder-${++made}`);
  fs.mkdirSync(root);
  for (const [name, content] of Object.entries(files)) fs.writeFileSync(path.join(root, name), content);
  return root;
}

/** The default mandate with other words about documents, as a file. */
export const mandateOf = (ingest: { [name: string]: string | number }): string =>
  writeMandate(path.join(folder({}), 'mandate.json'), ingest);

/** A build from start to end. */
export async function build(...args: string[]): Promise<BuildResult> {
  const result = await input.cli('build', 'start', ...args, '--wait', '--json');
  if (result.json === null) throw new Error(result.stderr);
  return result.json as BuildResult;
}

/** The build is there, it ended FAILED, and it says why; the command fails with it. */
export async function fails(code: ReasonCode, ...args: string[]): Promise<BuildResult> {
  const result = await input.cli('build', 'start', ...args, '--wait', '--json');
  expect([result.code, result.stderr]).toEqual([reasons[code].exit, expect.stringContaining(`${code} `)]);
  expect(result.json).toMatchObject({ status: 'FAILED', reason_codes: [code], kristal_id: null });
  return result.json as BuildResult;
}

/** Refused before there is a build: the one object is the error. */
export async function refused(code: ReasonCode, ...args: string[]): Promise<CliResult> {
  const result = await input.cli('build', 'start', ...args, '--wait', '--json');
  const error = { code, detail: expect.stringMatching(/./), next: expect.stringMatching(/./) };
  expect([result.code, result.json], result.stderr).toEqual([reasons[code].exit, { error }]);
  return result;
}

/** The JSON of an artifact, as it is stored. */
export const stored = <T>(ref: string): T =>
  JSON.parse(fs.readFileSync(artifactFile(input.orgo.home, input.tenant, ref), 'utf8')) as T;

type Excluded = { path: string; code: string };

/** Where every requested document went. Fails where one is in no list or in two: nothing is lost without a word. */
export async function accountOf(ended: BuildResult): Promise<{ taken: string[]; aside: Excluded[] }> {
  const set = stored<{ build_request_ref: string; snapshots: { path: string }[]; excluded: Excluded[] }>(
    outputOf(ended, 'ingest', 'snapshot-set').ref,
  );
  const requested = stored<BuildRequest>(set.build_request_ref).documents.map(({ path }) => path);
  const taken = set.snapshots.map(({ path }) => path);
  expect([...taken, ...set.excluded.map(({ path }) => path)].sort()).toEqual(requested.sort());
  return { taken, aside: set.excluded.map(({ path, code }) => ({ path, code })) };
}
