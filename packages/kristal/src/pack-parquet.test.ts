import { parquetWriteBuffer } from 'hyparquet-writer';
import { expect, it } from 'vitest';
import { openTable } from './pack-parquet.ts';

it('a table is read as it is, and one that unpacks to more is not', async () => {
  const table = { columns: [{ name: 'x', type: 'INT32' }] } as unknown as Parameters<typeof openTable>[0];
  const written = (codec: 'UNCOMPRESSED' | 'SNAPPY') =>
    new Uint8Array(
      parquetWriteBuffer({
        columnData: [{ name: 'x', data: Array.from({ length: 100_000 }, () => 7), type: 'INT32', encoding: 'PLAIN' }],
        codec,
      }),
    );
  const [plain, small] = [written('UNCOMPRESSED'), written('SNAPPY')];
  expect(plain.length / small.length).toBeGreaterThan(10);
  expect((await (await openTable(table, plain)).numbers('x', 0))[0]).toBe(7);
  await expect(openTable(table, small)).rejects.toThrow('compressed');
});
