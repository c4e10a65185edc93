import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { digestOfBytes } from '@orgo/core';
import { encodeTable, openTable, packTables, parquetWriter } from '@orgo/kristal';
import { describe, expect, it } from 'vitest';
import { syntheticExchange } from './exchange.fixture.ts';
import { packDataOf } from './tables.ts';

describe('250,000 rows', () => {
  const data = packDataOf(syntheticExchange(250_000));
  const bytes = encodeTable(packTables.triples, data.columns.triples);

  it('fall into fixed row groups with the ranges of their columns (RP-3)', async () => {
    const table = await openTable(packTables.triples, bytes);
    expect(table.groups.map((g) => [g.start, g.rows])).toEqual([
      [0, 100_000],
      [100_000, 100_000],
      [200_000, 50_000],
    ]);
    const subjects = data.columns.triples.s as Int32Array;
    expect(table.groups.map((g) => g.ranges.s)).toEqual(
      [0, 100_000, 200_000].map((start) => [subjects[start], subjects[Math.min(start + 99_999, 249_999)]]),
    );
  });

  it('are sorted by subject, property, object and statement (RP-2)', () => {
    const { s, p, o, stmt } = data.columns.triples as Record<'s' | 'p' | 'o' | 'stmt', Int32Array>;
    const key = (i: number) => [s[i], p[i], o[i], stmt[i]] as number[];
    for (let i = 1; i < s.length; i++) {
      const [before, after] = [key(i - 1), key(i)];
      const first = before.findIndex((value, j) => value !== after[j]);
      if (first < 0 || (before[first] as number) > (after[first] as number)) expect.fail(`rows ${i - 1} and ${i}`);
    }
  });

  it('give the same bytes from a reversed Exchange', () => {
    const exchange = syntheticExchange(20_000);
    const bytes = encodeTable(packTables.triples, packDataOf(exchange).columns.triples);
    const items = [...exchange.items]
      .reverse()
      .map((item) => ({ ...item, statements: [...item.statements].reverse() }));
    const again = packDataOf({ ...exchange, items });
    expect(digestOfBytes(encodeTable(packTables.triples, again.columns.triples))).toBe(digestOfBytes(bytes));
  });
});

it('names the version of the Parquet writer that is installed', () => {
  const kristal = createRequire(new URL('../../../../packages/kristal/src/index.ts', import.meta.url));
  const found = kristal.resolve('hyparquet-writer').replace(/src\/.*$/, 'package.json');
  const { name, version } = JSON.parse(readFileSync(found, 'utf8'));
  expect(parquetWriter).toBe(`${name}@${version}`);
});
