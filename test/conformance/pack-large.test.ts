import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { canonical } from '@orgo/core';
import { type Pack, type PackPage, packTables, queryPack } from '@orgo/kristal';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type NumberTriple, objectOf, writeLargeExchange } from '../long/large-exchange.ts';
import { askLarge, checkLarge, compileLarge, openLarge, patternsOf, queryOf } from '../long/large-pack.ts';

// The same steps as test/long/pack-million.ts, with fewer statements.
const count = 50_000;
const seed = Number(process.env.ORGO_PACK_SEED ?? Date.now() % 1_000_000);

describe(`a pack of ${count} statements`, () => {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-large-'));
  const folder = path.join(home, 'pack');
  let pack: Pack;

  beforeAll(async () => {
    console.log(`patterns of a large pack: ORGO_PACK_SEED=${seed}`);
    writeLargeExchange(path.join(home, 'exchange.json'), count);
    compileLarge(path.join(home, 'exchange.json'), folder);
    pack = await openLarge(folder);
  });
  afterAll(() => fs.rmSync(home, { recursive: true, force: true }));

  it('holds its indexes against its tables', async () => {
    await checkLarge(pack);
    expect(pack.tables.triples.rows).toBe(count);
  });

  it('answers random patterns as the formula behind it says', async () => {
    const times = await askLarge(pack, count, patternsOf(count, seed, 150));
    expect(times).toHaveLength(150);
  });

  it('gives DuckDB the same rows for random patterns, by plain SQL over its Parquet files', async () => {
    const duckdb = await DuckDBInstance.create(':memory:');
    const connection = await duckdb.connect();
    try {
      const file = (name: keyof typeof packTables) => `'${path.join(folder, packTables[name].path)}'`;
      await connection.run(
        `CREATE TABLE told AS SELECT row_number() OVER (ORDER BY x.s, x.p, x.o, x.stmt) - 1 AS row, s.qid AS s, p.pid AS p,
           coalesce(o.qid, l.value_json) AS o, t.statement_id AS id
         FROM ${file('triples')} x JOIN ${file('entities')} s ON s.id = x.s JOIN ${file('properties')} p ON p.id = x.p
           JOIN ${file('statements')} t ON t.id = x.stmt
           LEFT JOIN ${file('entities')} o ON o.id = x.o LEFT JOIN ${file('literals')} l ON l.id = x.o`,
      );
      for (const pattern of patternsOf(count, seed + 1, 60)) {
        const terms = termsOf(pattern);
        const where = terms.map(([column], i) => `${column} = $${i + 1}`).join(' AND ');
        const values = terms.map(([, value]) => value);
        const reader = await connection.runAndReadAll(
          `SELECT row::INT AS row, s, p, o, id FROM told WHERE ${where} ORDER BY row`,
          values,
        );
        expect(await told(pack, pattern), canonical(pattern)).toEqual(reader.getRowObjectsJson());
      }
    } finally {
      connection.closeSync();
      duckdb.closeSync();
    }
  });
});

function termsOf({ s, p, o }: Partial<NumberTriple>): [column: string, value: string][] {
  const object = o === undefined ? undefined : o > 0 ? `Q${o}` : canonical(objectOf(o));
  return [
    ...(s === undefined ? [] : [['s', `Q${s}`] as [string, string]]),
    ...(p === undefined ? [] : [['p', `P${p}`] as [string, string]]),
    ...(object === undefined ? [] : [['o', object] as [string, string]]),
  ];
}

/** All pages of a pattern, in the words of the SQL above. */
async function told(pack: Pack, pattern: Partial<NumberTriple>) {
  const results: PackPage['results'] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await queryPack(pack, { ...queryOf(pattern), limit: 1000, ...(cursor ? { cursor } : {}) });
    if (!page.ok) throw new Error(`${page.code}: ${page.detail}`);
    results.push(...page.value.results);
    cursor = page.value.next_cursor;
  }
  return results.map(({ row, subject, property, object, statement_id }) => ({
    row,
    s: subject.id,
    p: property.id,
    o: object.type === 'item' ? (object as { id: string }).id : canonical(object),
    id: statement_id,
  }));
}
