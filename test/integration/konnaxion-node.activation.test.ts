import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Offer, ReasonCode } from '@orgo/contracts';
import { canonicalBytes, digestOfBytes, utf8 } from '@orgo/core';
import {
  initialState,
  judgeOffer,
  type NodeState,
  type Occasion,
  placesIn,
  prepare,
  queryActive,
  readState,
  withActivation,
  withRefusal,
  writeState,
} from '@orgo/konnaxion-node';
import { type PackManifest, packManifestPath, runtimePackId } from '@orgo/kristal';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  flipped,
  kristalIdOf,
  packIdOf,
  readerPack,
  remade,
  type TestPack,
  writePack,
} from './konnaxion-node-packs.ts';

// What stands between a fetched pack and the switch, on real folders with packs that the real compiler made.
const channel = 'stable';
let old: TestPack;
let next: TestPack;
let dir: string;
let state: NodeState;
let answer: unknown;

const target = (pack: TestPack, n: number, more: Partial<Offer> = {}): Offer => ({
  release_id: `rel_0198c0de-0000-7000-8000-${`${n}`.padStart(12, '0')}`,
  release_seq: n,
  pack_seq: n,
  pack_id: packIdOf(pack),
  kristal_id: kristalIdOf(pack) as Offer['kristal_id'],
  manifest: digestOfBytes(canonicalBytes(pack.manifest)),
  manifest_size: 1,
  ...more,
});
const occasion = (offer: Offer): Occasion => ({
  offer,
  at: '2026-11-20T12:00:00.000Z',
  health: 'HEALTHY',
  metrics: [],
});
/** Everything up to the switch, under the channel rules that the state gives. */
const prepared = (of: NodeState, offer: Offer) => prepare(dir, offer, () => judgeOffer(of, offer, null));
const query = { limit: 3 };
const folder = (pack: TestPack): string => placesIn(dir).pack(packIdOf(pack));
const inPack = (name: string): string => path.join(folder(next), name);

beforeAll(async () => {
  old = await readerPack(1);
  next = await readerPack(0);
});
beforeEach(async () => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-node-'));
  const who = { v: 2, api: 'http://127.0.0.1:1', tenant_id: 'acme', instance_id: 'edge-1', channel };
  const trust = { root_sha256: 'a'.repeat(64), trust_pin: `sha256:${'b'.repeat(64)}` };
  fs.writeFileSync(placesIn(dir).config, JSON.stringify({ ...who, ...trust, labels: {}, enrollment: 1 }));
  writePack(folder(old), old);
  writePack(folder(next), next);
  state = withActivation(initialState(channel), occasion(target(old, 5)));
  await writeState(dir, state);
  answer = await queryActive(dir, query);
  expect(answer).toMatchObject({ ok: true, value: { page_info: { returned: 3 } } });
});
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

/** The target is refused with this code; on record the old pack is still the active one, and it answers as before. */
async function refused(asked: Offer, code: ReasonCode): Promise<void> {
  expect(await prepared(state, asked)).toMatchObject({ ok: false, code });
  await writeState(dir, withRefusal(state, occasion(asked), 'ACTIVATE', code));
  expect((await readState(dir, channel)).active).toEqual(state.active);
  expect(await queryActive(dir, query)).toEqual(answer);
}

test('a whole pack of the next release is accepted, and serves once the state says so', async () => {
  expect(await prepared(state, target(next, 6))).toMatchObject({ ok: true, value: { packId: packIdOf(next) } });
  // Verified is not active.
  expect(await queryActive(dir, query)).toEqual(answer);
  await writeState(dir, withActivation(state, occasion(target(next, 6))));
  expect(await queryActive(dir, query)).toMatchObject({ value: { runtime_pack_id: packIdOf(next) } });
});

describe('a folder that is not what the manifest says', () => {
  test('one flipped bit, in the first, a middle and the last byte of every file', async () => {
    for (const [name, bytes] of next.files)
      for (const at of [0, bytes.length >> 1, bytes.length - 1]) {
        fs.writeFileSync(inPack(name), flipped(bytes, at));
        await refused(target(next, 6), 'FILE_HASH_MISMATCH');
        fs.writeFileSync(inPack(name), bytes);
      }
    expect((await prepared(state, target(next, 6))).ok).toBe(true);
  });

  test('every file, when it is missing', async () => {
    for (const [name, bytes] of next.files) {
      fs.rmSync(inPack(name));
      await refused(target(next, 6), 'FILE_MISSING');
      fs.writeFileSync(inPack(name), bytes);
    }
  });

  const swap = (name: string, make: (file: string) => void): (() => void) => {
    return () => {
      fs.rmSync(inPack(name), { recursive: true });
      make(inPack(name));
    };
  };
  const cases: [string, ReasonCode, () => void][] = [
    ['a file cut short', 'FILE_SIZE_MISMATCH', () => fs.truncateSync(inPack('data/triples.parquet'), 100)],
    ['an empty file', 'FILE_SIZE_MISMATCH', () => fs.truncateSync(inPack('meta/statistics.json'), 0)],
    ['a file with a byte more', 'FILE_SIZE_MISMATCH', () => fs.appendFileSync(inPack('meta/statistics.json'), ' ')],
    ['a file more', 'FILE_UNDECLARED', () => fs.writeFileSync(inPack('extra.bin'), 'x')],
    ['a hidden file more', 'FILE_UNDECLARED', () => fs.writeFileSync(inPack('data/.hidden'), '')],
    [
      'a file more in a folder more',
      'FILE_UNDECLARED',
      () => fs.mkdirSync(inPack('deep/er'), { recursive: true }) && fs.writeFileSync(inPack('deep/er/x'), ''),
    ],
    ['a link more', 'FILE_UNDECLARED', () => fs.symlinkSync('/etc/passwd', inPack('link'))],
    [
      'a link in place of a file',
      'FILE_MISSING',
      swap('meta/statistics.json', (f) => fs.symlinkSync('/etc/passwd', f)),
    ],
    [
      'a link to the right bytes in place of a file',
      'FILE_MISSING',
      swap('meta/statistics.json', (f) => fs.symlinkSync(inPack('../right'), f)),
    ],
    [
      'a link in place of a folder',
      'FILE_UNDECLARED',
      () => {
        fs.renameSync(inPack('dict'), path.join(dir, 'elsewhere'));
        fs.symlinkSync(path.join(dir, 'elsewhere'), inPack('dict'));
      },
    ],
    ['a folder in place of a file', 'FILE_MISSING', swap('meta/statistics.json', (f) => fs.mkdirSync(f))],
    ['no manifest', 'FILE_MISSING', () => fs.rmSync(inPack(packManifestPath))],
    ['a manifest that is no JSON', 'MANIFEST_SCHEMA_INVALID', () => fs.writeFileSync(inPack(packManifestPath), '{')],
    [
      'a manifest with a key twice',
      'MANIFEST_SCHEMA_INVALID',
      () => {
        const text = fs.readFileSync(inPack(packManifestPath), 'utf8');
        fs.writeFileSync(inPack(packManifestPath), text.replace('{', '{"manifest_version":"3.0.0",'));
      },
    ],
    ['nothing there', 'FILE_MISSING', () => fs.rmSync(folder(next), { recursive: true })],
    [
      'another pack under its name',
      'MANIFEST_ID_MISMATCH',
      () => {
        // A whole pack of the same Kristal: only its id is another.
        fs.rmSync(folder(next), { recursive: true });
        writePack(folder(next), remade(next, { 'meta/statistics.json': utf8('{}') }));
      },
    ],
  ];
  test.each(cases)('%s: %s', async (_what, code, spoil) => {
    fs.writeFileSync(inPack('../right'), next.files.get('meta/statistics.json') as Uint8Array);
    spoil();
    await refused(target(next, 6), code);
  });
});

describe('an edited manifest', () => {
  const edits: [string, ReasonCode, (manifest: PackManifest) => object][] = [
    ['another id', 'MANIFEST_ID_MISMATCH', (m) => ({ ...m, runtime_pack_id: '0'.repeat(64) })],
    ['a file left out', 'MANIFEST_ID_MISMATCH', (m) => ({ ...m, files: m.files.slice(1) })],
    [
      'the hash of a file',
      'MANIFEST_ID_MISMATCH',
      (m) => ({
        ...m,
        files: m.files.map((f) => (f.path === 'data/triples.parquet' ? { ...f, sha256: '0'.repeat(64) } : f)),
      }),
    ],
    [
      'another Exchange',
      'MANIFEST_ID_MISMATCH',
      (m) => ({ ...m, exchange_ref: { ...m.exchange_ref, exchange_id: '0'.repeat(64) } }),
    ],
    ['a member of its own', 'MANIFEST_SCHEMA_INVALID', (m) => ({ ...m, trusted: true })],
    ['a version that is not ours', 'MANIFEST_SCHEMA_INVALID', (m) => ({ ...m, manifest_version: '4.0.0' })],
    ['no files', 'MANIFEST_SCHEMA_INVALID', (m) => ({ ...m, files: [] })],
    ['not deterministic', 'MANIFEST_SCHEMA_INVALID', (m) => ({ ...m, build: { ...m.build, deterministic: false } })],
  ];
  test.each(edits)('%s: %s', async (_what, code, edit) => {
    fs.writeFileSync(inPack(packManifestPath), canonicalBytes(edit(next.manifest)));
    await refused(target(next, 6), code);
  });

  // The id is right, so that only the path can be what is wrong.
  test.each([
    '../../outside',
    '/etc/passwd',
    'a/../../b',
    'a\\b',
    'data//x',
    'meta/STATISTICS.json',
    'data/triples.parquet/x',
    '.',
  ])('a file called %j: PATH_UNSAFE', async (name) => {
    const files = [
      ...next.manifest.files,
      { path: name, role: 'other' as const, sha256: '0'.repeat(64), size_bytes: 1 },
    ];
    const identity = { ...next.manifest, files };
    const manifest = { ...identity, runtime_pack_id: runtimePackId(identity) };
    const asked = target({ ...next, manifest }, 6);
    fs.renameSync(folder(next), placesIn(dir).pack(asked.pack_id));
    fs.writeFileSync(path.join(placesIn(dir).pack(asked.pack_id), packManifestPath), canonicalBytes(manifest));
    await refused(asked, 'PATH_UNSAFE');
  });
});

describe('a pack that is whole, and does not serve', () => {
  const capabilities = (change: (text: string) => string): Record<string, Uint8Array> => {
    const name = 'query/capabilities.json';
    return { [name]: utf8(change(Buffer.from(next.files.get(name) as Uint8Array).toString('utf8'))) };
  };
  const spoiled = (name: string, from: number, to: number): Record<string, Uint8Array> => {
    const bytes = Uint8Array.from(next.files.get(name) as Uint8Array);
    return { [name]: bytes.fill(0x7f, from, to) };
  };
  const cases: [string, ReasonCode, () => TestPack][] = [
    [
      'of a contract that nobody here speaks',
      'CONTRACT_UNSUPPORTED',
      () =>
        remade(
          next,
          capabilities((t) => t.replace(/"contract_id":"[^"]+"/, '"contract_id":"other-query@9"')),
        ),
    ],
    [
      'whose manifest names another contract than its capabilities',
      'CONTRACT_UNSUPPORTED',
      () =>
        remade(next, {}, (m) => ({
          ...m,
          query_contract: {
            ...(m.query_contract as NonNullable<PackManifest['query_contract']>),
            contract_id: 'other',
          },
        })),
    ],
    [
      'whose capabilities are no JSON',
      'CONTRACT_UNSUPPORTED',
      () =>
        remade(
          next,
          capabilities(() => 'all of it'),
        ),
    ],
    ['without capabilities', 'CONTRACT_UNSUPPORTED', () => without('query/capabilities.json')],
    ['without a table', 'FILE_MISSING', () => without('dict/labels.parquet')],
    [
      'whose table is no Parquet',
      'CONTRACT_UNSUPPORTED',
      () => remade(next, { 'data/triples.parquet': utf8('not a table, but hashed with care') }),
    ],
    ['whose rows point nowhere', 'SMOKE_FAILED', () => remade(next, spoiled('data/triples.parquet', 30, 60))],
    ['whose statements do not decode', 'SMOKE_FAILED', () => remade(next, spoiled('dict/statements.parquet', 4, 2000))],
  ];
  const without = (name: string): TestPack => {
    const files = new Map([...next.files].filter(([path]) => path !== name));
    const manifest = { ...next.manifest, files: next.manifest.files.filter((f) => f.path !== name) };
    return remade({ manifest, files });
  };
  test.each(cases)('%s: %s', async (_what, code, make) => {
    const pack = make();
    writePack(folder(pack), pack);
    await refused(target(pack, 6), code);
  });
});

describe('a sound pack that the channel may not name', () => {
  const cases: [string, ReasonCode, () => Offer][] = [
    [
      'made from another Kristal',
      'MANIFEST_ID_MISMATCH',
      () => target(next, 6, { kristal_id: kristalIdOf(old) as Offer['kristal_id'] }),
    ],
    ['below the highest number', 'DOWNGRADE_BLOCKED', () => target(next, 4)],
    ['under the active number', 'RELEASE_SUBSTITUTED', () => target(next, 5)],
    [
      'under the active release',
      'RELEASE_SUBSTITUTED',
      () => target(next, 6, { release_id: target(old, 5).release_id }),
    ],
  ];
  test.each(cases)('%s: %s', (_what, code, asked) => refused(asked(), code));

  test('after a restart the floors are the same', async () => {
    await writeState(dir, withActivation(state, occasion(target(next, 9))));
    const later = await readState(dir, channel);
    expect(await prepared(later, target(old, 8, { pack_seq: 5 }))).toMatchObject({ code: 'DOWNGRADE_BLOCKED' });
    expect(await prepared(later, target(old, 9))).toMatchObject({ code: 'RELEASE_SUBSTITUTED' });
    // A pack has one number for good: a higher one would be a way back that nobody authorized.
    expect(await prepared(later, target(old, 10, { pack_seq: 5 }))).toMatchObject({ code: 'DOWNGRADE_BLOCKED' });
    expect(await prepared(later, target(old, 10))).toMatchObject({ code: 'RELEASE_SUBSTITUTED' });
  });
});
