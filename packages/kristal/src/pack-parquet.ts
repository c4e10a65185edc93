import { concatBytes } from '@orgo/core';
import { type FileMetaData, type ParquetScan, parquetMetadataAsync, parquetScan } from 'hyparquet';
import { ByteWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';
import { type PackTableDef, packRowGroupRows } from './pack-tables.ts';

/** The library whose version is part of a pack's bytes, and so of the compiler's config hash. */
export const parquetWriter = 'hyparquet-writer@0.17.0';

/** The values of a column: one number or text per row. Texts may be made when they are asked for, a row group at a time. */
export type ColumnData = Int32Array | TextColumn;
export type TextColumn = { readonly length: number; slice(from: number, to: number): readonly string[] };

/** Takes the bytes of a file in pieces, in order. A piece is only lent: it is copied or used up before the call returns. */
export type ByteSink = (piece: Uint8Array) => void;

/**
 * Writes a table as Parquet, row group by row group: uncompressed, REQUIRED columns, row groups of exactly 100,000 rows, statistics for numbers
 * only. Nothing in the bytes depends on time, zone, locale or machine (RP-1, RP-3), and no more than one row group is held.
 * Throws on a missing or short column: a programming error.
 * @param columns one entry per column of the table, all of one length
 */
export function writeTable(table: PackTableDef, columns: Readonly<Record<string, ColumnData>>, sink: ByteSink): void {
  const sources = (from: number, to: number) =>
    table.columns.map(({ name, type }) => {
      const data = columns[name];
      if (data === undefined) throw new TypeError(`${table.path}: column ${name} is missing`);
      const plain = type === 'INT32' ? ({ encoding: 'PLAIN' } as const) : {};
      const values = data instanceof Int32Array ? data.subarray(from, to) : data.slice(from, to);
      return { name, type, nullable: false, data: values as string[], statistics: type === 'INT32', ...plain };
    });
  const lengths = new Set(Object.values(columns).map((data) => data.length));
  if (lengths.size !== 1) throw new TypeError(`${table.path}: columns of different lengths`);
  const rows = [...lengths][0] as number;
  const writer = new ParquetWriter({
    writer: new PieceWriter(sink),
    schema: schemaFromColumnData({ columnData: sources(0, 0) }),
    codec: 'UNCOMPRESSED',
    createdBy: 'orgo',
    kvMetadata: [{ key: 'orgo.sort', value: table.sort.join(',') }],
  });
  for (let from = 0; from < rows; from += packRowGroupRows)
    writer.write({
      columnData: sources(from, Math.min(rows, from + packRowGroupRows)),
      rowGroupSize: packRowGroupRows,
    });
  writer.finish();
}

/** A table as one array of bytes: `writeTable` for what is small. */
export function encodeTable(table: PackTableDef, columns: Readonly<Record<string, ColumnData>>): Uint8Array {
  const pieces: Uint8Array[] = [];
  writeTable(table, columns, (piece) => pieces.push(piece.slice()));
  return concatBytes(...pieces);
}

/** Hands on what was written after each row group and at the end, and starts its buffer again. */
class PieceWriter extends ByteWriter {
  readonly #sink: ByteSink;
  constructor(sink: ByteSink) {
    super(1 << 16);
    this.#sink = sink;
  }
  flush(): void {
    this.#sink(this.getBytes());
    this.index = 0;
  }
  override finish(): void {
    this.flush();
  }
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
  texts(column: string, group: number): Promise<TextValues>;
};

/** Texts by their place. They are kept as bytes and made when asked for. */
export type TextValues = { readonly length: number; at(index: number): string };

/**
 * Opens a table from verified bytes. The bytes matched the manifest, so what does not parse here was compiled wrongly: it throws. So does a column that is
 * compressed, before any of it is unpacked: a table takes no more than its file says.
 */
export async function openTable(table: PackTableDef, bytes: Uint8Array): Promise<PackTable> {
  // Slices are copies of what is asked for; the file itself is never copied.
  const slice = (from: number, to?: number) => bytes.slice(from, to).buffer as ArrayBuffer;
  const file = { byteLength: bytes.length, slice };
  const metadata = await parquetMetadataAsync(file);
  const columns = metadata.row_groups.flatMap((group) => group.columns);
  if (columns.some(({ meta_data }) => meta_data?.codec !== 'UNCOMPRESSED'))
    throw new RangeError('a column of the table is compressed');
  const groups = rowGroupsOf(table, metadata);
  return {
    rows: Number(metadata.num_rows),
    groups,
    ...columnReaders(() => parquetScan({ file, metadata, parsers }), groups),
  };
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

/** Leaves texts as the bytes they are in the file. */
const parsers = { stringFromBytes: (bytes: Uint8Array) => bytes };
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Reads columns of row groups, each once. What is kept of a text column is its bytes and where each text ends, outside the heap, so a table
 * takes in memory about what its file takes.
 */
function columnReaders(
  scan: () => Promise<ParquetScan>,
  groups: readonly RowGroup[],
): Pick<PackTable, 'numbers' | 'texts'> {
  const decode = async (name: string, index: number): Promise<ArrayLike<unknown>> => {
    const group = groups[index];
    if (group === undefined) throw new RangeError(`no row group ${index}`);
    // A scan keeps all that it ever decoded, so each column gets one of its own.
    return (await scan()).readColumn({ column: name, rowStart: group.start, rowEnd: group.start + group.rows });
  };
  const once = <T>(read: (name: string, index: number) => Promise<T>) => {
    const known = new Map<string, Promise<T>>();
    return (name: string, index: number): Promise<T> => {
      const key = `${index}:${name}`;
      const data = known.get(key) ?? read(name, index);
      known.set(key, data);
      return data;
    };
  };
  return {
    numbers: once((name, index) => decode(name, index) as Promise<ArrayLike<number>>),
    texts: once(async (name, index) => packed((await decode(name, index)) as ArrayLike<Uint8Array>)),
  };
}

function packed(texts: ArrayLike<Uint8Array>): TextValues {
  const ends = new Uint32Array(texts.length);
  let end = 0;
  for (let i = 0; i < texts.length; i++) {
    end += (texts[i] as Uint8Array).length;
    ends[i] = end;
  }
  const bytes = new Uint8Array(end);
  const start = (i: number): number => (i === 0 ? 0 : (ends[i - 1] as number));
  for (let i = 0; i < texts.length; i++) bytes.set(texts[i] as Uint8Array, start(i));
  return { length: texts.length, at: (i) => decoder.decode(bytes.subarray(start(i), ends[i])) };
}
