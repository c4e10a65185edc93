import { equalBytes, ok, type Result, refuse } from '@orgo/core';
import { type BitmapIndex, encodeBitmapIndex, openBitmapIndex } from './pack-bitmaps.ts';
import type { PackCapabilities } from './pack-capabilities.ts';
import { claimKey, encodeFilter, itemText, openFilter, type PackFilter, spoKey } from './pack-filter.ts';
import type { Pack } from './pack-open.ts';
import type { PackTable } from './pack-parquet.ts';
import type { VerifiedPack } from './pack-reader.ts';
import type { PackKeySpace } from './policies.ts';

/** The indexes that a pack ships; without one its question is answered by a scan, with the same rows. */
export type PackIndexes = { p?: BitmapIndex; o?: BitmapIndex; filter?: PackFilter };

/**
 * Opens the indexes that the capabilities name. Refuses with `FILE_MISSING` where one is not among the files and with `PACK_INDEX_INVALID`
 * where one is malformed.
 */
export function openIndexes(verified: VerifiedPack, capabilities: PackCapabilities, rows: number): Result<PackIndexes> {
  const indexes: PackIndexes = {};
  for (const { path, on } of capabilities.indexes) {
    const bytes = verified.file(path);
    if (bytes === undefined) return refuse('FILE_MISSING', path);
    const opened = openBitmapIndex(bytes, rows);
    if (!opened.ok) return refuse(opened.code, `${path}: ${opened.detail}`);
    indexes[on[0]] = opened.value;
  }
  const { membership_filter: told } = capabilities;
  if (told.kind === 'none') return ok(indexes);
  const bytes = verified.file(told.path);
  if (bytes === undefined) return refuse('FILE_MISSING', told.path);
  const filter = openFilter(bytes, told.key_space);
  return filter.ok ? ok({ ...indexes, filter: filter.value }) : refuse(filter.code, `${told.path}: ${filter.detail}`);
}

/**
 * Holds every index of a pack against its tables, by making it again: an index that was compiled wrongly has a right hash and gives wrong
 * answers. Reads the triples, and for a filter the dictionaries, once. Refuses with `PACK_INDEX_INVALID`.
 */
export async function checkPackIndexes(pack: Pack): Promise<Result<true>> {
  const { capabilities, tables, file } = pack;
  const wrong = (path: string) => refuse('PACK_INDEX_INVALID', `${path} does not say what the tables say`);
  for (const { path, on, format } of capabilities.indexes) {
    const space = on[0] === 'p' ? tables.properties.rows : tables.entities.rows + tables.literals.rows;
    const column = await wholeColumn(tables.triples, on[0]);
    if (column.some((id) => id < 0 || id >= space))
      return refuse('PACK_INDEX_INVALID', `${on[0]}: an id of no dictionary`);
    const made = encodeBitmapIndex(column, space, format.endsWith('+runs'));
    if (!equalBytes(made, file(path) as Uint8Array)) return wrong(path);
  }
  const { membership_filter: told } = capabilities;
  if (told.kind === 'none') return ok(true);
  const made = encodeFilter(told.key_space, await packKeys(tables, told.key_space), told.seed);
  return equalBytes(made, file(told.path) as Uint8Array) ? ok(true) : wrong(told.path);
}

/** The 64-bit keys of all statements of a pack, in a key space. */
export async function packKeys(tables: Pack['tables'], space: PackKeySpace): Promise<BigUint64Array> {
  const keys = new BigUint64Array(tables.triples.rows);
  if (space === 'claim_id') {
    let at = 0;
    for (const id of await wholeText(tables.statements, 'statement_id')) keys[at++] = BigInt(`0x${claimKey(id)}`);
    return keys;
  }
  const [s, p, o] = [
    await wholeColumn(tables.triples, 's'),
    await wholeColumn(tables.triples, 'p'),
    await wholeColumn(tables.triples, 'o'),
  ];
  const entities = await wholeText(tables.entities, 'qid');
  const properties = await wholeText(tables.properties, 'pid');
  const literals = await wholeText(tables.literals, 'value_json');
  for (let row = 0; row < keys.length; row++) {
    const id = o[row] as number;
    const object = id < entities.length ? itemText(entities[id] as string) : (literals[id - entities.length] as string);
    keys[row] = BigInt(
      `0x${spoKey(entities[s[row] as number] as string, properties[p[row] as number] as string, object)}`,
    );
  }
  return keys;
}

async function wholeColumn(table: PackTable, name: string): Promise<Int32Array> {
  const whole = new Int32Array(table.rows);
  for (const [i, { start }] of table.groups.entries()) whole.set(await table.numbers(name, i), start);
  return whole;
}

async function wholeText(table: PackTable, name: string): Promise<string[]> {
  const whole: string[] = [];
  for (let group = 0; group < table.groups.length; group++) {
    const texts = await table.texts(name, group);
    for (let i = 0; i < texts.length; i++) whole.push(texts.at(i));
  }
  return whole;
}
