import { canonical, canonicalBytes, parseStrict, utf8 } from '@orgo/core';
import {
  checkPackIndexes,
  type DataValue,
  defaultPackPolicy,
  encodeBitmapIndex,
  type Pack,
  type PackPage,
  type PackPolicy,
  type PackQuery,
  packBitmapPaths,
  packCapabilitiesPath,
  queryPack,
} from '@orgo/kristal';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exchangeOf, type Triple, tinyExchange } from './exchange.fixture.ts';
import { type CompiledPack, compiled, opened, remade } from './pack.fixture.ts';

const filter = (key_space: 'claim_id' | 'spo_hash') => ({ kind: 'xor8' as const, seed: 7, key_space });
const shipped: Record<string, PackPolicy> = {
  'bitmaps and a filter over triples': defaultPackPolicy,
  'bitmaps without runs and a filter over statements': {
    ...defaultPackPolicy,
    membership_filter: filter('claim_id'),
    bitmap: { format: 'roaring', run_optimize: false, shipped: true },
  },
  'a filter alone': {
    ...defaultPackPolicy,
    membership_filter: filter('spo_hash'),
    bitmap: { format: 'roaring', run_optimize: true, shipped: false },
  },
};
const bare: PackPolicy = {
  ...defaultPackPolicy,
  membership_filter: { kind: 'none' },
  bitmap: { format: 'roaring', run_optimize: true, shipped: false },
};

async function packOf(pack: CompiledPack): Promise<Pack> {
  const done = await opened(pack);
  if (!done.ok) throw new Error(`${done.code}: ${done.detail}`);
  return done.value;
}

/** All pages of a query, without what names the pack. */
async function answers(
  pack: Pack,
  query: PackQuery,
): Promise<{ rows: unknown[]; cardinalities: Set<number | undefined> }> {
  const rows: unknown[] = [];
  const cardinalities = new Set<number | undefined>();
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await queryPack(pack, { ...query, ...(cursor ? { cursor } : {}) });
    if (!page.ok) throw new Error(`${page.code}: ${page.detail}`);
    rows.push(...page.value.results);
    cardinalities.add((page.value as PackPage).cardinality?.value);
    cursor = page.value.next_cursor;
  }
  return { rows, cardinalities };
}

const qid = fc.integer({ min: 1, max: 12 }).map((n) => `Q${n}`);
const pid = fc.integer({ min: 1, max: 4 }).map((n) => `P${n}`);
const value: fc.Arbitrary<DataValue> = fc.oneof(
  qid.map((id) => ({ type: 'item' as const, value: { qid: id } })),
  fc.integer({ min: 0, max: 3 }).map((amount) => ({ type: 'quantity' as const, value: { amount } })),
);
const triples = fc.uniqueArray(fc.tuple(qid, pid, value), { maxLength: 60, selector: (t) => canonical(t) });
const query = fc.record({ s: qid, p: pid, o: value }, { requiredKeys: [] });

describe('a query answers the same rows', () => {
  it.each(Object.entries(shipped))('with %s as without any', async (_what, policy) => {
    await fc.assert(
      fc.asyncProperty(triples, query, fc.integer({ min: 1, max: 7 }), async (all, pattern, limit) => {
        const exchange = exchangeOf(all as Triple[]);
        const [indexed, plain] = [
          await packOf(await compiled(exchange, policy)),
          await packOf(await compiled(exchange, bare)),
        ];
        const [found, expected] = [
          await answers(indexed, { ...pattern, limit }),
          await answers(plain, { ...pattern, limit }),
        ];
        expect(found.rows).toEqual(expected.rows);
        expect([...found.cardinalities]).toEqual([policy.bitmap.shipped ? expected.rows.length : undefined]);
        expect(await checkPackIndexes(indexed)).toEqual({ ok: true, value: true });
      }),
      { numRuns: 30 },
    );
  });

  it('says no by the filter before any table is read', async () => {
    const pack = await packOf(await compiled(tinyExchange));
    const unread = { ...pack, tables: {} as Pack['tables'] };
    const page = await queryPack(unread, { s: 'Q9', p: 'P31', o: 'Q77' });
    expect(page).toMatchObject({ ok: true, value: { results: [], cardinality: { kind: 'exact', value: 0 } } });
    await expect(queryPack(unread, { s: 'Q9', p: 'P31', o: 'Q10' })).rejects.toThrow(TypeError);
  });

  it('looks a false yes of the filter up', async () => {
    const pack = await packOf(await compiled(tinyExchange));
    const yes = { ...pack, indexes: { ...pack.indexes, filter: { space: 'spo_hash' as const, has: () => true } } };
    expect(await answers(yes, { s: 'Q9', p: 'P31', o: 'Q9' })).toEqual({ rows: [], cardinalities: new Set([0]) });
  });
});

describe('what is asked beside the contract', () => {
  it.each([
    [{ contract: 'tpf@2' }, 'CONTRACT_UNSUPPORTED'],
    [{ projection: 'truthy' }, 'PACK_FEATURE_UNSUPPORTED'],
    [{ offset: 10 }, 'PACK_FEATURE_UNSUPPORTED'],
    [{ join1: { p: 'P31' } }, 'PACK_FEATURE_UNSUPPORTED'],
    [{ p: 'Q31' }, 'PACK_QUERY_INVALID'],
  ])('%j is refused with %s', async (asked, code) => {
    expect(await queryPack(await packOf(await compiled(tinyExchange)), asked)).toMatchObject({ ok: false, code });
  });

  it('is taken where the pack offers it', async () => {
    const pack = await packOf(await compiled(tinyExchange));
    const page = await queryPack(pack, { contract: pack.capabilities.contract_id, projection: 'full' });
    expect(page).toMatchObject({ ok: true, value: { page_info: { returned: 9 } } });
  });
});

describe('a pack whose hashes are right and whose index is wrong', () => {
  const malformed: [string, (bytes: Uint8Array) => Uint8Array][] = [
    ['cut short', (bytes) => bytes.subarray(0, -1)],
    ['longer', (bytes) => Uint8Array.of(...bytes, 0)],
    ['of another format', () => utf8('ORGOBMP2 and more')],
    ['empty', () => new Uint8Array(0)],
  ];
  it.each(malformed)('%s: does not open', async (_what, change) => {
    const pack = await compiled(tinyExchange);
    for (const path of [packBitmapPaths.p, packBitmapPaths.o, 'filter/spo_hash.xor8']) {
      const bytes = change(pack.files.get(path) as Uint8Array);
      expect(await opened(remade(pack, path, bytes))).toMatchObject({ ok: false, code: 'PACK_INDEX_INVALID' });
    }
  });

  it('well formed, but of other rows: opens, and is found by holding it against the tables', async () => {
    const pack = await compiled(tinyExchange);
    const wrong = encodeBitmapIndex(Int32Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1), 8, true);
    const found = await packOf(remade(pack, packBitmapPaths.p, wrong));
    expect(await checkPackIndexes(found)).toMatchObject({ ok: false, code: 'PACK_INDEX_INVALID' });
  });

  it('a filter that denies a triple of the pack: opens, and is found', async () => {
    const pack = await compiled(tinyExchange);
    const bytes = Uint8Array.from(pack.files.get('filter/spo_hash.xor8') as Uint8Array).fill(0, 32);
    const found = await packOf(remade(pack, 'filter/spo_hash.xor8', bytes));
    expect(await checkPackIndexes(found)).toMatchObject({ ok: false, code: 'PACK_INDEX_INVALID' });
  });

  it('any flipped byte of an index: not opened, or found', async () => {
    const pack = await compiled(tinyExchange);
    for (const path of [packBitmapPaths.p, packBitmapPaths.o, 'filter/spo_hash.xor8']) {
      const bytes = pack.files.get(path) as Uint8Array;
      for (let i = 0; i < bytes.length; i++) {
        const found = await opened(
          remade(
            pack,
            path,
            bytes.map((byte, k) => (k === i ? byte ^ 4 : byte)),
          ),
        );
        expect(found.ok ? await checkPackIndexes(found.value) : found).toMatchObject({ code: 'PACK_INDEX_INVALID' });
      }
    }
  });

  it('absent, though the capabilities name it: FILE_MISSING', async () => {
    const pack = await compiled(tinyExchange, bare);
    const json = parseStrict(pack.files.get(packCapabilitiesPath) as Uint8Array);
    const told = {
      ...(json.ok ? (json.value as object) : {}),
      indexes: [{ path: 'index/p.roaring', on: ['p'], format: 'orgo.bitmaps/1+runs' }],
    };
    const again = remade(pack, packCapabilitiesPath, canonicalBytes(told));
    expect(await opened(again)).toMatchObject({ ok: false, code: 'FILE_MISSING' });
  });

  it('of a filter that the manifest does not name: PACK_POLICY_UNSUPPORTED', async () => {
    const pack = await compiled(tinyExchange);
    const json = parseStrict(pack.files.get(packCapabilitiesPath) as Uint8Array);
    const told = { ...(json.ok ? (json.value as object) : {}), membership_filter: { kind: 'none' } };
    const again = remade(pack, packCapabilitiesPath, canonicalBytes(told));
    expect(await opened(again)).toMatchObject({ ok: false, code: 'PACK_POLICY_UNSUPPORTED' });
  });
});
