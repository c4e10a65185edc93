import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { canonicalBytes, digestHex, digestOfBytes } from '@orgo/core';
import { packBitmapPaths, packManifestPath, runtimePackId } from '@orgo/kristal';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../kit/instance.ts';
import { type FixturePack, fixtureExchange, fixturePack } from './reproducibility.fixture.ts';

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-pack-cli-'));
const whole = path.join(home, 'whole');
const damaged = path.join(home, 'damaged');
const wrong = path.join(home, 'wrong');

function write(folder: string, { manifest, files }: FixturePack): void {
  for (const [name, bytes] of [...files, [packManifestPath, canonicalBytes(manifest)] as const]) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), bytes);
  }
}

/** The pack with the bitmaps of the first two properties in each other's place: every hash is right, two answers are not. */
function miscompiled({ manifest, files }: FixturePack): FixturePack {
  const index = Uint8Array.from(files.get(packBitmapPaths.p) as Uint8Array);
  const view = new DataView(index.buffer);
  // An entry starts at byte 16: id, number of rows, offset. Bitmaps of as many rows may stand for each other.
  const entry = (i: number, at: number): number => view.getUint32(16 + 12 * i + at, true);
  const [a, b] = pairOf(view.getUint32(8, true), entry);
  const size = entry(a + 1, 8) - entry(a, 8);
  const [first, second] = [entry(a, 8), entry(b, 8)].map((from) => index.slice(from, from + size)) as [
    Uint8Array,
    Uint8Array,
  ];
  index.set(second, entry(a, 8));
  index.set(first, entry(b, 8));
  const entries = manifest.files.map((file) =>
    file.path === packBitmapPaths.p ? { ...file, sha256: digestHex(digestOfBytes(index)) } : file,
  );
  const identity = { ...manifest, files: entries };
  return {
    manifest: { ...identity, runtime_pack_id: runtimePackId(identity) },
    files: new Map(files).set(packBitmapPaths.p, index),
  };
}

function pairOf(count: number, entry: (i: number, at: number) => number): [number, number] {
  const size = (i: number) => entry(i + 1, 8) - entry(i, 8);
  for (let a = 0; a < count - 2; a++)
    for (let b = a + 1; b < count - 1; b++) if (entry(a, 4) === entry(b, 4) && size(a) === size(b)) return [a, b];
  throw new Error('no two bitmaps of one size');
}

type Said = { code: number; json: Record<string, unknown> };

async function cli(...args: string[]): Promise<Said> {
  const env = { PATH: process.env.PATH, ORGO_HOME: home };
  const { code, stdout, stderr } = await runCli(['pack', ...args, '--json'], env);
  const text = stdout.trim() || stderr.trim();
  try {
    return { code, json: JSON.parse(text) };
  } catch {
    throw new Error(`${code}: ${text}`);
  }
}

beforeAll(() => {
  const pack = fixturePack(fixtureExchange(500));
  write(whole, pack);
  write(wrong, miscompiled(pack));
  const index = pack.files.get(packBitmapPaths.o) as Uint8Array;
  write(damaged, {
    ...pack,
    files: new Map(pack.files).set(
      packBitmapPaths.o,
      index.map((byte, i) => (i === 40 ? byte ^ 1 : byte)),
    ),
  });
});
afterAll(() => fs.rmSync(home, { recursive: true, force: true }));

describe('orgo pack query', () => {
  it('goes through all pages of a pattern by cursors', async () => {
    const all = await cli('query', whole, '--s', 'Q3');
    const first = await cli('query', whole, '--s', 'Q3', '--limit', '6', '--projection', 'full');
    const rest = await cli('query', whole, '--s', 'Q3', '--limit', '6', '--cursor', first.json.next_cursor as string);
    const rows = ({ json }: Said) => json.results as unknown[];
    expect(rows(all)).toHaveLength(10);
    expect([...rows(first), ...rows(rest)]).toEqual(rows(all));
    expect([first, rest].map(({ json }) => json.cardinality)).toEqual(Array(2).fill({ kind: 'exact', value: 10 }));
    expect(rest.json.next_cursor).toBeNull();
  });

  it.each<[string, string[], string, number]>([
    ['a subject that is none', [whole, '--s', 'P1'], 'PACK_QUERY_INVALID', 2],
    ['a page too large', [whole, '--limit', '1001'], 'PACK_PAGE_TOO_LARGE', 2],
    ['a cursor of nobody', [whole, '--cursor', 'e30'], 'PACK_CURSOR_INVALID', 2],
    ['another contract', [whole, '--contract', 'profile-query-tpf-pagination@1'], 'CONTRACT_UNSUPPORTED', 3],
    ['another projection', [whole, '--projection', 'truthy'], 'PACK_FEATURE_UNSUPPORTED', 2],
    ['a subject that is empty', [whole, '--s', ''], 'PACK_QUERY_INVALID', 2],
    ['an object that is empty', [whole, '--o', ''], 'PACK_QUERY_INVALID', 2],
    ['a page size that is empty', [whole, '--limit', ''], 'PACK_QUERY_INVALID', 2],
    ['a cursor that is empty', [whole, '--cursor', ''], 'PACK_CURSOR_INVALID', 2],
    ['a contract that is empty', [whole, '--contract', ''], 'CONTRACT_UNSUPPORTED', 3],
    ['a pack with a damaged index', [damaged, '--p', 'P1'], 'FILE_HASH_MISMATCH', 5],
  ])('refuses %s', async (_what, args, reason, exit) => {
    const { code, json } = await cli('query', ...args);
    expect(JSON.stringify(json)).toContain(`"${reason}"`);
    expect(code).toBe(exit);
  });
});

describe('orgo pack verify', () => {
  it('takes a pack that is whole', async () => {
    const { code, json } = await cli('verify', whole);
    expect([code, json.statements, json.membership_filter]).toEqual([0, 500, 'xor8']);
  });

  it.each([
    [damaged, 'FILE_HASH_MISMATCH'],
    [wrong, 'PACK_INDEX_INVALID'],
  ])('refuses %s with %s', async (folder, reason) => {
    const { code, json } = await cli('verify', folder);
    expect(JSON.stringify(json)).toContain(`"${reason}"`);
    expect(code).toBe(5);
  });

  it('and the wrong one does answer: that is why its indexes are held against its tables', async () => {
    expect((await cli('query', wrong, '--p', 'P1')).code).toBe(0);
  });
});
