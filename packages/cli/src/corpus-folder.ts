import fs from 'node:fs';
import path from 'node:path';
import { CliError } from './cli-error.ts';
import { readInput, unreadable } from './read-input.ts';

/** Where a document is from, as the build request carries it. */
export type Source = {
  source_id: string;
  origin: string;
  license: string;
  title: string | null;
  lang: string | null;
  retrieved_at: string | null;
};
export type LocalDocument = { path: string; file: string; media_type: string; source: Source };

const mediaTypes: Record<string, string> = {
  '.md': 'text/markdown',
  '.txt': 'text/plain',
  '.csv': 'text/csv',
  '.json': 'application/json',
  '.jsonl': 'application/jsonl',
};

/** Optional `corpus.json` beside the documents: provenance per path; without it a document's origin is its file name. */
type CorpusFile = {
  files?: { path: string; media_type?: string; source?: Partial<Source> }[];
  license?: string;
  origin?: string;
};

const hostile = /[\u0000-\u001f\u007f\\]/;

function checkName(relative: string): void {
  if (hostile.test(relative)) throw new CliError('INPUT_PATH_INVALID', JSON.stringify(relative));
}

function statOf(place: string): fs.Stats {
  try {
    return fs.statSync(place);
  } catch (e) {
    throw unreadable(place, e);
  }
}

function readManifest(folder: string): CorpusFile | null {
  const file = path.join(folder, 'corpus.json');
  if (!fs.existsSync(file)) return null;
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(readInput(file)).toString('utf8'));
  } catch (e) {
    throw e instanceof SyntaxError ? new CliError('JSON_MALFORMED', `${file}: ${e.message}`) : e;
  }
  if (!isCorpusFile(json))
    throw new CliError(
      'USAGE_INVALID',
      `${file} is no list of documents`,
      'Write {"files": [{"path": …}]}, or leave it out.',
    );
  return json;
}

function isCorpusFile(json: unknown): json is CorpusFile {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return false;
  const { files = [] } = json as { files?: unknown };
  return Array.isArray(files) && files.every((file) => typeof file?.path === 'string');
}

/**
 * Documents below the given files and folders, in code-unit order of their paths. Links are not followed;
 * hidden files are left out. Throws INPUT_UNREADABLE or INPUT_PATH_INVALID: nothing is skipped silently.
 */
export function readCorpus(places: readonly string[]): LocalDocument[] {
  const documents: LocalDocument[] = [];
  for (const place of places) {
    const stat = statOf(place);
    const root = stat.isDirectory() ? place : path.dirname(place);
    const manifest = readManifest(root);
    const prefix = places.length > 1 && stat.isDirectory() ? `${path.basename(path.resolve(place))}/` : '';
    const add = (file: string): void => {
      const relative = path.relative(root, file).split(path.sep).join('/');
      checkName(`${prefix}${relative}`);
      const declared = manifest?.files?.find((f) => f.path === relative);
      const source = declared?.source ?? {};
      documents.push({
        path: `${prefix}${relative}`,
        file,
        media_type: declared?.media_type ?? mediaTypes[path.extname(file).toLowerCase()] ?? 'application/octet-stream',
        source: {
          source_id: source.source_id ?? `${prefix}${relative}`,
          origin: source.origin ?? manifest?.origin ?? `file:${relative}`,
          license: source.license ?? manifest?.license ?? 'unspecified',
          title: source.title ?? null,
          lang: source.lang ?? null,
          // Who has the file had it then at the latest; ingest refuses a document that nobody can date.
          retrieved_at: source.retrieved_at ?? statOf(file).mtime.toISOString(),
        },
      });
    };
    const walk = (folder: string): void => {
      let entries: fs.Dirent[];
      try {
        entries = fs.readdirSync(folder, { withFileTypes: true });
      } catch (e) {
        throw unreadable(folder, e);
      }
      for (const entry of entries) {
        if (entry.name.startsWith('.') || (folder === root && entry.name === 'corpus.json')) continue;
        const file = path.join(folder, entry.name);
        if (entry.isDirectory()) walk(file);
        else if (entry.isFile()) add(file);
      }
    };
    if (stat.isDirectory()) walk(place);
    else if (stat.isFile()) add(place);
    else throw new CliError('INPUT_UNREADABLE', `${place} is neither a file nor a folder`);
    const found = new Set(documents.map((document) => document.path));
    const lost = stat.isDirectory() && manifest?.files?.find((file) => !found.has(`${prefix}${file.path}`));
    if (lost) throw new CliError('INPUT_UNREADABLE', `${path.join(place, lost.path)}: corpus.json names it`);
  }
  return documents.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}
