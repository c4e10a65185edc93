import { canonicalBytes } from '@orgo/core';
import {
  type ByteSink,
  claimKey,
  encodeBitmapIndex,
  encodeFilter,
  itemText,
  type PackFile,
  type PackKeySpace,
  type PackTableName,
  type PortablePolicy,
  packBitmapPaths,
  packCapabilitiesPath,
  packFilterPath,
  packStatisticsPath,
  packTables,
  spoKey,
  writeTable,
} from '@orgo/kristal';
import { capabilitiesOf, statisticsOf } from './documents.ts';
import type { PackData } from './tables.ts';

/** Where the files of a pack go: takes the bytes of one after another, and says in the end what came. */
export type PackSink = (path: string) => { write: ByteSink; end(): Pick<PackFile, 'sha256' | 'size_bytes'> };

const parquet = 'application/vnd.apache.parquet';
const binary = 'application/octet-stream';

/** Writes every file of a pack but its manifest, one after another, and lists them. Tables go out row group by row group. */
export function writePackFiles(data: PackData, policy: PortablePolicy, sink: PackSink): PackFile[] {
  const files: PackFile[] = [];
  const add = (path: string, role: PackFile['role'], mime_type: string, write: (sink: ByteSink) => void) => {
    const file = sink(path);
    write(file.write);
    files.push({ path, role, ...file.end(), mime_type });
  };
  const { triples } = data.columns;
  for (const name of Object.keys(packTables) as PackTableName[])
    add(packTables[name].path, packTables[name].role, parquet, (to) =>
      writeTable(packTables[name], data.columns[name], to),
    );
  if (policy.bitmap.shipped) {
    const spaces = { p: data.properties.length, o: data.entities.length + data.literals.length };
    for (const on of ['p', 'o'] as const)
      add(packBitmapPaths[on], 'bitmap_index', binary, (to) =>
        to(encodeBitmapIndex(triples[on], spaces[on], policy.bitmap.run_optimize)),
      );
  }
  const { membership_filter: filter } = policy;
  if (filter.kind === 'xor8')
    add(packFilterPath(filter.key_space), 'membership_filter', binary, (to) =>
      to(encodeFilter(filter.key_space, filterKeys(data, filter.key_space), filter.seed)),
    );
  for (const [path, value] of [
    [packCapabilitiesPath, capabilitiesOf(data, policy)],
    [packStatisticsPath, statisticsOf(data)],
  ] as const)
    add(path, 'metadata', 'application/json', (to) => to(canonicalBytes(value)));
  return files;
}

function filterKeys({ columns, entities, properties, literals }: PackData, space: PackKeySpace): BigUint64Array {
  const { s, p, o } = columns.triples;
  const keys = new BigUint64Array(s.length);
  if (space === 'claim_id') {
    const ids = columns.statements.statement_id;
    const step = 10_000;
    for (let from = 0; from < keys.length; from += step)
      for (const [i, id] of ids.slice(from, from + step).entries()) keys[from + i] = BigInt(`0x${claimKey(id)}`);
    return keys;
  }
  for (let row = 0; row < keys.length; row++) {
    const id = o[row] as number;
    const object = id < entities.length ? itemText(entities[id] as string) : (literals[id - entities.length] as string);
    keys[row] = BigInt(
      `0x${spoKey(entities[s[row] as number] as string, properties[p[row] as number] as string, object)}`,
    );
  }
  return keys;
}
