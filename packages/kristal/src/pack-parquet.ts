import { type FileMetaData, type ParquetScan, parquetMetadata, parquetScan } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { type PackTableDef, packRowGroupRows } from './pack-tables.ts';

/** The library whose version is part of a pack's bytes, and so of the compiler's config hash. */
export const parquetWriter = 'hyparquet-writer@0.17.0';

/** The values of a column: one number or text per row. */
export type ColumnData = Int32Array | readonly string[];

/**
 * Writes a table as Parquet: uncompressed, REQUIRED columns, row groups of exactly 100,000 rows, statistics for numbers only.
 * Nothing in the bytes depends on time, zone, locale or machine (RP-1, RP-3). Throws on a missing or short column: a programming error.
 * @param columns one entry per column of the table, all of one length
 */
export function encodeTable(table: PackTableDef, columns: Readonly<Record<string, ColumnData>>): Uint8Array {
  const columnData = table.columns.map(({ name, type }) => {
    const data = columns[name];
    if (data === undefined) throw new TypeError(`${table.path}: column ${name} is missing`);
    const plain = type === 'INT32' ? ({ encoding: 'PLAIN' } as const) : {};
    return { name, type, nullable: false, data: data as string[], statistics: type === 'INT32', ...plain };
  });
  const buffer = parquetWriteBuffer({
    columnData,
    codec: 'UNCOMPRESSED',
    rowGroupSize: packRowGroupRows,
    createdBy: 'orgo',
    kvMetadata: [{ key: 'orgo.sort', value: table.sort.join(',') }],
  });
  return new Uint8Array(buffer);
}

/** A row group: its first row, its number of rows, and the smallest and largest value of each number column. */
export type RowGroup = { start: number; rows: number; ranges: Readonly<Record<string, readonly [number, number]>> };

/** A table of a verified pack. Columns are decoded per row group, once, when first asked for. */
export type PackTable = {
  rows: number;
  groups: readonly RowGroup[];
  /** A number column of a row group. */
  numbers(column: string, group: number): Promise<ArrayLike<number>>;
  /** A text column of a row group. */
  texts(column: string, group: number): Promise<readonly string[]>;
};

/**
 * Opens a table from verified bytes. The bytes matched the manifest, so what does not parse here was compiled wrongly: it throws.
 */
export async function openTable(table: PackTableDef, bytes: Uint8Array): Promise<PackTable> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const metadata = parquetMetadata(file);
  const scan = await parquetScan({ file, metadata });
  const groups = rowGroupsOf(table, metadata);
  return { rows: Number(metadata.num_rows), groups, ...columnReaders(scan, groups) };
}

function rowGroupsOf(table: PackTableDef, metadata: FileMetaData): RowGroup[] {
  let start = 0;
  return metadata.row_groups.map((group) => {
    const rows = Number(group.num_rows);
    const ranges = table.columns.flatMap(({ name, type }, i) => {
      const stats = group.columns[i]?.meta_data?.statistics;
      if (type !== 'INT32' || stats === undefined) return [];
      return [[name, [Number(stats.min_value), Number(stats.max_value)]] as const];
    });
    start += rows;
    return { start: start - rows, rows, ranges: Object.fromEntries(ranges) };
  });
}

function columnReaders(scan: ParquetScan, groups: readonly RowGroup[]): Pick<PackTable, 'numbers' | 'texts'> {
  const decoded = new Map<string, Promise<ArrayLike<unknown>>>();
  const column = (name: string, index: number): Promise<ArrayLike<unknown>> => {
    const key = `${index}:${name}`;
    const known = decoded.get(key);
    if (known) return known;
    const group = groups[index];
    if (group === undefined) throw new RangeError(`no row group ${index}`);
    const data = scan.readColumn({ column: name, rowStart: group.start, rowEnd: group.start + group.rows });
    decoded.set(key, data);
    return data;
  };
  return {
    numbers: column as PackTable['numbers'],
    texts: column as PackTable['texts'],
  };
}
