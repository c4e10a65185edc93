import fs from 'node:fs';
import path from 'node:path';
import { type CorpusDocument, corpusManifestSchema } from '@orgo/contracts';
import { parseStrict } from '@orgo/core';
import { artifactLimits } from '@orgo/kristal';
import { CliError } from './cli-error.ts';
import { readInput, shown } from './read-input.ts';

/** Where a document is from, as the build request carries it. */
export type Source = {
  source_id: string;
  origin: string;
  license: string;
  title: string | null;
  lang: string | null;
  retrieved_at: string | null;
};

/** Optional `corpus.json` beside the documents: provenance by path; without it a document's origin is its file name. */
export type CorpusManifest = {
  license?: string | undefined;
  origin?: string | undefined;
  files: ReadonlyMap<string, CorpusDocument>;
};

/** Reads a folder's `corpus.json`, if it has one. @throws CliError INPUT_UNREADABLE, a `JSON_…` code, USAGE_INVALID for another shape */
export function readManifest(folder: string): CorpusManifest | null {
  const file = path.join(folder, 'corpus.json');
  if (!fs.existsSync(file)) return null;
  const json = parseStrict(readInput(file), artifactLimits);
  if (!json.ok) throw new CliError(json.code, `${shown(file)}: ${json.detail}`);
  const parsed = corpusManifestSchema.safeParse(json.value);
  if (parsed.success) {
    const { files = [], ...common } = parsed.data;
    return { ...common, files: new Map(files.map((each) => [each.path, each])) };
  }
  const [issue] = parsed.error.issues;
  throw new CliError(
    'USAGE_INVALID',
    `${shown(file)} is no list of documents: ${issue?.path.join('/')} ${issue?.message}`,
    'Write {"files": [{"path": …}]}, or leave it out.',
  );
}
