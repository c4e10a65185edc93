import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { canonicalBytes, digestOfBytes } from '@orgo/core';
import { type Exchange, encodeTable, kristalId, openTable, packTables, parquetWriter } from '@orgo/kristal';
import { describe, expect, it } from 'vitest';
import { syntheticExchange } from './exchange.fixture.ts';
import { packDataOf } from './tables.ts';

type Triples = Record<'s' | 'p' | 'o' | 'stmt', Int32Array>;
function triplesOf(content: Exchange): Triples {
  const data = packDataOf(canonicalBytes({ ...content, kristal_id: kristalId(content) }));
  if (!data.ok) throw new Error(data.detail);
  return data.value.columns.triples;
}

describe('250,000 rows', () => {
  const column = (value: (i: number) => number) => Int32Array.from({ length: 250_000 }, (_, i) => value(i));
  const triples: Triples = {
    s: column((i) => Math.floor(i / 10)),
    p: column((i) => i % 10),
    o: column((i) => 25_000 + (i % 5000)),
    stmt: column((i) => (i * 104_729) % 250_000),
  };

  it('fall into fixed row groups with the ranges of their columns (RP-3)', async () => {
    const bytes = encodeTable(packTables.triples, triples);
    const table = await openTable(packTables.triples, bytes);
    expect(table.groups.map((g) => [g.start, g.rows, g.ranges.s])).toEqual([
      [0, 100_000, [0, 9999]],
      [100_000, 100_000, [10_000, 19_999]],
      [200_000, 50_000, [20_000, 24_999]],
    ]);
    expect(await table.numbers('stmt', 2)).toEqual(triples.stmt.subarray(200_000));
    expect(digestOfBytes(bytes)).toBe('sha256:e2476afe8d26d9e52cf368311fc4d8bb833d1f9ed3453deb6cb91bfd19548d3a');
  });
});

describe('20,000 statements in scrambled order', () => {
  const exchange = syntheticExchange(20_000);
  const triples = triplesOf(exchange);

  it('are sorted by subject, property, object and statement (RP-2)', () => {
    const { s, p, o, stmt } = triples;
    const key = (i: number) => [s[i], p[i], o[i], stmt[i]] as number[];
    for (let i = 1; i < s.length; i++) {
      const [before, after] = [key(i - 1), key(i)];
      const first = before.findIndex((value, j) => value !== after[j]);
      if (first < 0 || (before[first] as number) > (after[first] as number)) expect.fail(`rows ${i - 1} and ${i}`);
    }
  });

  it('give the same bytes when reversed', () => {
    const items = [...exchange.items]
      .reverse()
      .map((item) => ({ ...item, statements: [...item.statements].reverse() }));
    const again = triplesOf({ ...exchange, items });
    const digest = (columns: Triples) => digestOfBytes(encodeTable(packTables.triples, columns));
    expect(digest(again)).toBe(digest(triples));
  });
});

it('names the version of the Parquet writer that is installed', () => {
  const kristal = createRequire(new URL('../../../../packages/kristal/src/index.ts', import.meta.url));
  const found = kristal.resolve('hyparquet-writer').replace(/src\/.*$/, 'package.json');
  const { name, version } = JSON.parse(readFileSync(found, 'utf8'));
  expect(parquetWriter).toBe(`${name}@${version}`);
});
