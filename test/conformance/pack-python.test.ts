import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { packDataOf } from '@orgo/adapter-compile-pack';
import { canonical } from '@orgo/core';
import { defaultPackPolicy, openFilter, packBitmapPaths, packFilterPath, spoKey } from '@orgo/kristal';
import { afterAll, describe, expect, it } from 'vitest';
import { objectOf, tripleAt } from '../long/large-exchange.ts';
import { fixtureExchange, fixturePack } from './reproducibility.fixture.ts';

const script = fileURLToPath(new URL('independent/orgo_pack.py', import.meta.url));
const missing = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 8))']).status !== 0;
if (missing) console.warn('skipped: the independent pack reader needs python3 (3.8 or newer) on the PATH');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-pack-py-'));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const count = 3000;
const exchange = fixtureExchange(count);

function python(command: string, bytes: Uint8Array, input = ''): unknown {
  const file = path.join(folder, 'file');
  fs.writeFileSync(file, bytes);
  const run = spawnSync('python3', [script, command, file], { input, encoding: 'utf8', maxBuffer: 1e9 });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout);
}

describe.skipIf(missing)('a reader in another language, by the page about packs alone', () => {
  it.each([true, false])('finds in the bitmaps what the table says (runs: %s)', (run_optimize) => {
    const policy = { ...defaultPackPolicy, bitmap: { format: 'roaring' as const, run_optimize, shipped: true } };
    const { files } = fixturePack(exchange, policy);
    const data = packDataOf(exchange);
    if (!data.ok) throw new Error(data.detail);
    for (const on of ['p', 'o'] as const) {
      const expected: Record<string, number[]> = {};
      for (const [row, id] of data.value.columns.triples[on].entries()) {
        expected[id] ??= [];
        expected[id].push(row);
      }
      expect(python('bitmaps', files.get(packBitmapPaths[on]) as Uint8Array)).toEqual(expected);
    }
  });

  it('gets the answers of the filter, wrong yeses included', () => {
    const bytes = fixturePack(exchange).files.get(packFilterPath('spo_hash')) as Uint8Array;
    const filter = openFilter(bytes, 'spo_hash');
    if (!filter.ok) throw new Error(filter.detail);
    const terms = (i: number, shift: number): [string, string, string] => {
      const { s, p, o } = tripleAt(i, count);
      return [`Q${s + shift}`, `P${p}`, canonical(objectOf(o))];
    };
    const asked = [0, 5000].flatMap((shift) => Array.from({ length: count }, (_, i) => terms(i, shift)));
    const answers = asked.map((triple) => filter.value.has(spoKey(...triple)));
    expect(answers.slice(0, count)).toEqual(Array(count).fill(true));
    expect(python('filter', bytes, asked.map((triple) => triple.join(' ')).join('\n'))).toEqual(answers);
  });
});
