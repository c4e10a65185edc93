import fs from 'node:fs';
import path from 'node:path';
import { parseStrict } from '@orgo/core';
import { openPackFolder } from '@orgo/konnaxion-node';
import { checkPackIndexes, type Pack, type PackPage, packManifestPath, queryPack } from '@orgo/kristal';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { createOutput, table } from '../output.ts';
import { fetchedPack } from '../pack-fetch.ts';
import { readInput, shown } from '../read-input.ts';

type Options = {
  s?: string;
  p?: string;
  o?: string;
  limit?: string;
  cursor?: string;
  lang?: string;
  projection?: string;
  contract?: string;
};

/**
 * `orgo pack query PACK`: one triple pattern against a verified pack: a folder, a build's from the running instance, or one fetched before, by its id.
 * `orgo pack verify PACK`: every byte against the manifest, and every index against the tables.
 */
export function pack(program: Command): void {
  const area = program.command('pack').description('Runtime Packs');
  area
    .command('query')
    .description('ask a pack for statements; any of subject, property and object may be bound')
    .argument('<pack>', 'a pack folder, a build id, or the id of a pack fetched before')
    .option('--s <qid>', 'subject, e.g. Q142')
    .option('--p <pid>', 'property, e.g. P36')
    .option('--o <qid-or-json>', 'object: an item id, or a typed value as JSON')
    .option('--limit <rows>', 'page size')
    .option('--cursor <cursor>', 'page to go on with')
    .option('--projection <name>', 'refuse unless the pack offers this projection')
    .option('--contract <id>', 'refuse unless the pack answers this query contract')
    .option('--lang <codes>', 'languages of labels, in order', 'en')
    .addHelpText(
      'after',
      '\nExamples:\n  orgo pack query bld_… --s Q142\n  orgo pack query ./packs/9f… --p P36 --limit 5 --json',
    )
    .action(async (where: string, options: Options) => {
      // An empty value, such as a shell variable that is not set, is a value and asks for nothing wider.
      const { s, p, o, limit, cursor, projection, contract } = options;
      const page = await queryPack(await packAt(where), {
        ...(s !== undefined && { s }),
        ...(p !== undefined && { p }),
        ...(o !== undefined && { o: objectOf(o) }),
        ...(limit !== undefined && { limit: Number(limit) }),
        ...(cursor !== undefined && { cursor }),
        ...(projection !== undefined && { projection }),
        ...(contract !== undefined && { contract }),
        languages: (options.lang ?? 'en').split(','),
      });
      if (!page.ok) throw new CliError(page.code, page.detail);
      createOutput().result(page.value, () => describePage(page.value));
    });
  area
    .command('verify')
    .description('hold a pack against its manifest, and its indexes against its tables')
    .argument('<pack>', 'a pack folder, a build id, or the id of a pack fetched before')
    .action(async (where: string) => {
      const found = await packAt(where);
      const checked = await checkPackIndexes(found);
      if (!checked.ok) throw new CliError(checked.code, checked.detail);
      const { indexes, membership_filter } = found.capabilities;
      const result = {
        runtime_pack_id: found.packId,
        kristal_id: found.exchangeId,
        statements: found.tables.triples.rows,
        indexes: indexes.map(({ path }) => path),
        membership_filter: membership_filter.kind,
      };
      createOutput().result(result, () => [
        `pack ${found.packId} is whole: ${result.statements} statements, indexes right`,
      ]);
    });
}

/** A verified pack, opened. @throws CliError with the code of the first check that said no */
async function packAt(where: string): Promise<Pack> {
  const folder = fs.existsSync(where) ? where : await fetchedPack(where);
  const opened = await openPackFolder(folder, packIdOf(folder));
  if (!opened.ok) throw new CliError(opened.code, opened.detail);
  return opened.value.pack;
}

/** An object as it was typed: an item id, or a typed value as JSON. */
function objectOf(text: string): unknown {
  if (!text.startsWith('{')) return text;
  const json = parseStrict(text);
  if (!json.ok) throw new CliError('PACK_QUERY_INVALID', `--o: ${json.detail}`);
  return json.value;
}

/** The id that a folder's manifest says; whether it is that pack is checked when it is opened. */
function packIdOf(folder: string): string {
  const file = path.join(folder, packManifestPath);
  if (!fs.existsSync(file))
    throw new CliError('INPUT_UNREADABLE', `${shown(folder)} is no pack: it has no ${packManifestPath}`);
  const json = parseStrict(readInput(file));
  const id = json.ok ? (json.value as { runtime_pack_id?: unknown } | null)?.runtime_pack_id : undefined;
  if (typeof id !== 'string') throw new CliError('MANIFEST_SCHEMA_INVALID', `${file} is no pack manifest`);
  return id;
}

/** A page of statements for a person. */
export function describePage(page: PackPage): string[] {
  // Labels and values are words of documents and gazetteers: they may not steer a terminal.
  const named = (t: { id: string; label: { text: string } | null }): string =>
    shown(t.label ? `${t.label.text} (${t.id})` : t.id);
  return [
    ...table(
      ['SUBJECT', 'PROPERTY', 'OBJECT', 'EVIDENCE'],
      page.results.map((r) => [
        named(r.subject),
        named(r.property),
        r.object.type === 'item' && 'id' in r.object
          ? named(r.object)
          : shown(JSON.stringify((r.object as { value: unknown }).value)),
        `${r.evidence_ids.length}`,
      ]),
    ),
    `${page.page_info.returned}${page.cardinality ? ` of ${page.cardinality.value}` : ''} rows${page.next_cursor ? `, more with --cursor ${page.next_cursor}` : ''}`,
  ];
}
