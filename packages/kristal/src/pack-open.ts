import { compareText, ok, parseStrict, type Result, refuse } from '@orgo/core';
import { issueText } from './exchange.ts';
import { type PackCapabilities, PackCapabilitiesSchema } from './pack-capabilities.ts';
import { openIndexes, type PackIndexes } from './pack-indexes.ts';
import { openTable, type PackTable } from './pack-parquet.ts';
import type { VerifiedPack } from './pack-reader.ts';
import { type PackTableName, packCapabilitiesPath, packRowGroupRows, packTables } from './pack-tables.ts';
import { packPolicyOf } from './policies-manifest.ts';
import { compareIds } from './statement.ts';

/** A verified pack, opened for queries. Everything in it was verified; it never changes, so many queries may share it. */
export type Pack = {
  packId: string;
  exchangeId: string;
  capabilities: PackCapabilities;
  tables: Readonly<Record<PackTableName, PackTable>>;
  indexes: PackIndexes;
  /** The verified bytes of a file. */
  file: VerifiedPack['file'];
};

/**
 * Opens a verified pack of our query contract. Refuses with `CONTRACT_UNSUPPORTED` where the manifest names another contract or
 * `query/capabilities.json` says something this reader does not know, with `PACK_POLICY_UNSUPPORTED` where manifest and capabilities tell
 * different policies, with `FILE_MISSING` where a table or index is not among its files, and with `PACK_INDEX_INVALID` for a malformed index.
 */
export async function openPack(verified: VerifiedPack): Promise<Result<Pack>> {
  const capabilities = readCapabilities(verified);
  if (!capabilities.ok) return capabilities;
  if (!packPolicyOf(verified.manifest.policies, capabilities.value))
    return refuse('PACK_POLICY_UNSUPPORTED', 'manifest and capabilities tell no policy that both mean');
  const opened: [string, PackTable][] = [];
  for (const [name, table] of Object.entries(packTables)) {
    const bytes = verified.file(table.path);
    if (bytes === undefined) return refuse('FILE_MISSING', table.path);
    opened.push([name, await openTable(table, bytes)]);
  }
  const tables = Object.fromEntries(opened) as Record<PackTableName, PackTable>;
  const indexes = openIndexes(verified, capabilities.value, tables.triples.rows);
  if (!indexes.ok) return indexes;
  return ok({
    packId: verified.packId,
    exchangeId: `sha256:${verified.manifest.exchange_ref.exchange_id}`,
    capabilities: capabilities.value,
    tables,
    indexes: indexes.value,
    file: verified.file,
  });
}

function readCapabilities(verified: VerifiedPack): Result<PackCapabilities> {
  const bytes = verified.file(packCapabilitiesPath);
  if (bytes === undefined) return refuse('CONTRACT_UNSUPPORTED', `no ${packCapabilitiesPath}`);
  const json = parseStrict(bytes);
  if (!json.ok) return refuse('CONTRACT_UNSUPPORTED', json.detail);
  const parsed = PackCapabilitiesSchema.safeParse(json.value);
  if (!parsed.success) return refuse('CONTRACT_UNSUPPORTED', issueText(parsed.error));
  const named = verified.manifest.query_contract?.contract_id;
  if (named !== parsed.data.contract_id) return refuse('CONTRACT_UNSUPPORTED', `the manifest names ${named}`);
  return ok(parsed.data);
}

/** The text of a cell. Row ids of a dictionary are its row ordinals. */
export async function textAt(table: PackTable, column: string, row: number): Promise<string> {
  const texts = await table.texts(column, Math.floor(row / packRowGroupRows));
  return texts.at(row % packRowGroupRows);
}

/** The number of a cell. */
export async function numberAt(table: PackTable, column: string, row: number): Promise<number> {
  const numbers = await table.numbers(column, Math.floor(row / packRowGroupRows));
  return numbers[row % packRowGroupRows] as number;
}

/**
 * The first row of a sorted table that does not come before what is sought.
 * @param compare sign of (row, sought): negative while the row comes before
 */
export async function lowerBound(table: PackTable, compare: (row: number) => Promise<number>): Promise<number> {
  let low = 0;
  let high = table.rows;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((await compare(middle)) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

async function find(table: PackTable, column: string, sought: string, compare: (a: string, b: string) => number) {
  const row = await lowerBound(table, async (r) => compare(await textAt(table, column, r), sought));
  return row < table.rows && (await textAt(table, column, row)) === sought ? row : undefined;
}

/** The dictionary id of an entity, or undefined where the pack does not know it. */
export const entityId = (pack: Pack, qid: string) => find(pack.tables.entities, 'qid', qid, compareIds);

/** The dictionary id of a property, or undefined where the pack does not know it. */
export const propertyId = (pack: Pack, pid: string) => find(pack.tables.properties, 'pid', pid, compareIds);

/**
 * The object id of a literal, or undefined where the pack does not hold it.
 * @param canonicalText canonical JSON of the typed value
 */
export async function literalId(pack: Pack, canonicalText: string): Promise<number | undefined> {
  const row = await find(pack.tables.literals, 'value_json', canonicalText, compareText);
  return row === undefined ? undefined : pack.tables.entities.rows + row;
}

/** A label in the first of the wanted languages that has one, or null. */
export async function labelOf(
  pack: Pack,
  target: 'entity' | 'property',
  id: number,
  languages: readonly string[],
): Promise<{ lang: string; text: string } | null> {
  const { labels } = pack.tables;
  for (const lang of languages) {
    const key = [target, id, 'label', lang] as const;
    const row = await lowerBound(labels, (r) => compareLabel(labels, r, key));
    if (row < labels.rows && (await compareLabel(labels, row, key)) === 0) {
      return { lang, text: await textAt(labels, 'text', row) };
    }
  }
  return null;
}

type LabelKey = readonly [target: string, id: number, kind: string, lang: string];

async function compareLabel(labels: PackTable, row: number, [target, id, kind, lang]: LabelKey): Promise<number> {
  return (
    compareText(await textAt(labels, 'target', row), target) ||
    (await numberAt(labels, 'target_id', row)) - id ||
    compareText(await textAt(labels, 'kind', row), kind) ||
    compareText(await textAt(labels, 'lang', row), lang)
  );
}
