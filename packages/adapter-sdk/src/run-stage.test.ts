import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ArtifactRef } from '@orgo/contracts';
import { utf8 } from '@orgo/core';
import { fileArtifacts } from '@orgo/runtime/artifacts.files';
import { systemClock } from '@orgo/runtime/clock';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CheckedCommand } from './check.ts';
import { defineStage } from './define.ts';
import { runStage } from './run-stage.ts';
import { openRun } from './stage-thread.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-limits-'));
const artifacts = fileArtifacts(folder);
const definition = defineStage({
  adapter: 'limited',
  version: '1',
  thread: { module: new URL('./limits.fixture.ts', import.meta.url), name: 'run' },
  limits: { maxInputBytes: 1000 },
});
const opened = openRun(definition);
let small: ArtifactRef;
let large: ArtifactRef;

beforeAll(async () => {
  small = await artifacts.put('acme', 'text', 'text/plain', utf8('within limits'));
  large = await artifacts.put('acme', 'text', 'text/plain', utf8('x'.repeat(2000)));
});
afterAll(async () => {
  await opened.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

/** Runs the stage for a command as `checkCommand` answers it. */
async function ran(input: ArtifactRef, config: object): Promise<string> {
  const not_after = new Date(Date.now() + 60_000).toISOString();
  const command = { tenant_id: 'acme', as_of: not_after, not_after, inputs: [input], config };
  const { status, codes, detail } = await runStage(opened.run, { command } as CheckedCommand, {
    artifacts,
    clock: systemClock,
    stopping: new AbortController().signal,
    definition,
  });
  return [status, ...codes, detail].join(' ');
}

it('ends a stage over a limit that its pipeline pins with a code, and the process lives on', async () => {
  const limited = (limits: object, more: object = {}) => ran(small, { ...more, limits });
  expect(await limited({ memory_mb: 64 }, { hoard: true })).toBe(
    'failed STAGE_LIMIT_EXCEEDED more than 64 MiB of memory',
  );
  expect(await limited({ input_bytes: 8 })).toBe('failed STAGE_LIMIT_EXCEEDED more than 8 bytes of input');
  expect(await limited({ output_bytes: 8 })).toBe('failed STAGE_LIMIT_EXCEEDED more than 8 bytes of output');
  expect(await limited({ memory_mb: 512, input_bytes: 500, output_bytes: 500 })).toBe('ok ');
  expect(await ran(small, {})).toBe('ok ');
});

it('lets a pipeline lower a limit of the adapter and never raise it', async () => {
  const asked = { limits: { input_bytes: 1_000_000 } };
  expect(await ran(large, asked)).toBe('failed STAGE_LIMIT_EXCEEDED more than 1000 bytes of input');
});

it('refuses a limit that is none: a typing error must not mean “no limit”', async () => {
  for (const limits of [{ memory: 64 }, { memory_mb: 0.5 }, { output_bytes: 0 }, 5, null])
    expect(await ran(small, { limits })).toMatch(/^failed STAGE_INPUT_INVALID limits: /);
});

it('compares a promised size before it brings the bytes', async () => {
  expect(await ran({ ...small, size: 1 }, {})).toMatch(/^failed SIZE_MISMATCH /);
});
