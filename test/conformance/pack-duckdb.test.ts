import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { type PackManifest, packRowGroupRows, packTables } from '@orgo/kristal';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runChain } from './kristal-chain.fixture.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-pack-'));
let duckdb: DuckDBInstance;
let connection: DuckDBConnection;

/** Rows of a query, in DuckDB's own words; `$table` stands for the file of a table. */
async function rows(sql: string): Promise<Record<string, unknown>[]> {
  const withFiles = sql.replace(/\$(\w+)/g, (_, name: keyof typeof packTables) => {
    return `'${path.join(folder, packTables[name].path)}'`;
  });
  return (await connection.runAndReadAll(withFiles)).getRowObjectsJson();
}

beforeAll(async () => {
  const chain = await runChain(['atlas', 'reader'], '2026-11-20T10:00:00.000Z', 'compile-pack');
  const [manifestRef, ...files] = chain.stages.at(-1)?.outputs ?? [];
  if (chain.refused || !manifestRef) throw new Error(chain.refused ?? 'no manifest');
  const manifest = (await chain.memory.json(manifestRef)) as unknown as PackManifest;
  for (const [i, { ref }] of files.entries()) {
    const file = path.join(folder, manifest.files[i]?.path ?? '');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, await chain.memory.read(ref));
  }
  duckdb = await DuckDBInstance.create(':memory:');
  connection = await duckdb.connect();
});
afterAll(() => {
  connection?.closeSync();
  duckdb?.closeSync();
  fs.rmSync(folder, { recursive: true, force: true });
});

describe('DuckDB reads the tables of a pack', () => {
  it.each(Object.entries(packTables))('%s: columns, none of them optional, as declared', async (name, { columns }) => {
    const schema = await rows(
      `SELECT name, type, repetition_type FROM parquet_schema($${name}) WHERE num_children IS NULL`,
    );
    expect(schema).toEqual(
      columns.map((column) => ({
        name: column.name,
        type: column.type === 'INT32' ? 'INT32' : 'BYTE_ARRAY',
        repetition_type: 'REQUIRED',
      })),
    );
  });

  it.each(Object.entries(packTables))('%s: plain pages, in the order it is sorted by', async (name, { sort }) => {
    const groups = await rows(`SELECT DISTINCT compression, row_group_num_rows AS n FROM parquet_metadata($${name})`);
    expect(groups.map(({ compression }) => compression)).toEqual(['UNCOMPRESSED']);
    expect(Number(groups[0]?.n)).toBeLessThanOrEqual(packRowGroupRows);
    const numbered = `SELECT *, file_row_number AS row FROM read_parquet($${name}, file_row_number = true)`;
    const [ordered] = await rows(
      `SELECT count(*) AS n, count(*) FILTER (row = place) AS right FROM (
         SELECT row, row_number() OVER (ORDER BY ${sort.join(', ')}) - 1 AS place FROM (${numbered}))`,
    );
    expect(Number(ordered?.n)).toBeGreaterThan(0);
    expect(ordered?.right).toBe(ordered?.n);
  });

  it('joins every triple to its entity, property, statement and one object', async () => {
    const [counted] = await rows(
      `SELECT count(*) AS triples, count(s.id) AS s, count(p.id) AS p, count(t.id) AS t,
              count(*) FILTER ((o.id IS NULL) <> (l.id IS NULL)) AS o
       FROM $triples x LEFT JOIN $entities s ON s.id = x.s LEFT JOIN $properties p ON p.id = x.p
       LEFT JOIN $statements t ON t.id = x.stmt
       LEFT JOIN $entities o ON o.id = x.o LEFT JOIN $literals l ON l.id = x.o`,
    );
    const { triples, ...joined } = counted ?? {};
    expect(Number(triples)).toBeGreaterThan(3000);
    expect(Object.values(joined)).toEqual([triples, triples, triples, triples]);
  });

  it('answers what the reader answers: capitals, by plain SQL', async () => {
    const capitals = await rows(
      `SELECT s.qid AS country, o.qid AS capital FROM $triples x
       JOIN $entities s ON s.id = x.s JOIN $properties p ON p.id = x.p JOIN $entities o ON o.id = x.o
       WHERE p.pid = 'P36' AND s.qid IN ('Q142', 'Q258') ORDER BY s.id, o.id`,
    );
    expect(capitals).toEqual([
      { country: 'Q142', capital: 'Q90' },
      { country: 'Q258', capital: 'Q3926' },
      { country: 'Q258', capital: 'Q5465' },
      { country: 'Q258', capital: 'Q37701' },
    ]);
  });
});
