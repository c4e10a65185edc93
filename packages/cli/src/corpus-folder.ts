import fs from 'node:fs';
import path from 'node:path';
import { collidingPath, pathProblem } from '@orgo/contracts';
import { digestOfBytes, utf8 } from '@orgo/core';
import { CliError } from './cli-error.ts';
import { type CorpusManifest, readManifest, type Source } from './corpus-manifest.ts';
import { shown, unreadable } from './read-input.ts';

/** A file that becomes a document: where it is, and what the build request will say of it. `size` in bytes, as of now. */
export type LocalDocument = { path: string; file: string; size: number; media_type: string; source: Source };

const mediaTypes: Record<string, string> = {
  '.md': 'text/markdown',
  '.txt': 'text/plain',
  '.csv': 'text/csv',
  '.json': 'application/json',
  '.jsonl': 'application/jsonl',
};

function statOf(place: string): fs.Stats {
  try {
    return fs.statSync(place);
  } catch (e) {
    throw unreadable(place, e);
  }
}

/** A name that a request bounds: itself, or its digest where it is longer. */
const named = (prefix: string, name: string, most: number): string =>
  prefix.length + name.length <= most ? `${prefix}${name}` : `${prefix}${digestOfBytes(utf8(name))}`;

function documentOf(file: string, relative: string, prefix: string, manifest: CorpusManifest | null): LocalDocument {
  const { size, mtime } = statOf(file);
  try {
    // An unreadable file must fail before anything is uploaded.
    fs.accessSync(file, fs.constants.R_OK);
  } catch (e) {
    throw unreadable(file, e);
  }
  const declared = manifest?.files.get(relative);
  const source = declared?.source ?? {};
  const name = `${prefix}${relative}`;
  return {
    path: name,
    file,
    size,
    media_type: declared?.media_type ?? mediaTypes[path.extname(file).toLowerCase()] ?? 'application/octet-stream',
    source: {
      source_id: source.source_id ?? named('', name, 200),
      origin: source.origin ?? manifest?.origin ?? named('file:', relative, 1000),
      license: source.license ?? manifest?.license ?? 'unspecified',
      title: source.title ?? null,
      lang: source.lang ?? null,
      // Who has the file had it then at the latest; ingest refuses a document that nobody can date.
      retrieved_at: source.retrieved_at ?? mtime.toISOString(),
    },
  };
}

/** Files below a folder. A link, pipe, socket or device is refused: skipping it would lose a document that somebody put there. */
function walk(folder: string, found: { file(name: string): void; hidden(name: string): void }): void {
  let entries: fs.Dirent[];
  try {
    entries = fs.readdirSync(folder, { withFileTypes: true });
  } catch (e) {
    throw unreadable(folder, e);
  }
  for (const entry of entries) {
    const file = path.join(folder, entry.name);
    if (entry.name.startsWith('.')) found.hidden(file);
    else if (entry.isDirectory()) walk(file, found);
    else if (entry.isFile()) found.file(file);
    else if (entry.isSymbolicLink())
      throw new CliError(
        'INPUT_UNREADABLE',
        `${shown(file)} is a link, and links are not followed`,
        'Put what it points to in its place, or remove it.',
      );
    else throw new CliError('INPUT_UNREADABLE', `${shown(file)} is neither a file nor a folder`);
  }
}

/**
 * Documents below the given files and folders, in code-unit order of their paths. Hidden files are left out and told to `leftOut`; everything else is a
 * document or refused: INPUT_UNREADABLE, INPUT_PATH_INVALID (a name that cannot travel, or two that would be one file elsewhere).
 */
export function readCorpus(places: readonly string[], leftOut: (file: string) => void = () => {}): LocalDocument[] {
  const documents: LocalDocument[] = [];
  for (const place of places) {
    const stat = statOf(place);
    const root = stat.isDirectory() ? place : path.dirname(place);
    const manifest = readManifest(root);
    const prefix = places.length > 1 && stat.isDirectory() ? `${path.basename(path.resolve(place))}/` : '';
    const own = new Set<string>();
    const add = (file: string): void => {
      const relative = path.relative(root, file).split(path.sep).join('/');
      if (stat.isDirectory() && relative === 'corpus.json') return;
      const problem = pathProblem(`${prefix}${relative}`);
      if (problem !== undefined) throw new CliError('INPUT_PATH_INVALID', `${shown(prefix + relative)} ${problem}`);
      own.add(relative);
      documents.push(documentOf(file, relative, prefix, manifest));
    };
    if (stat.isDirectory()) walk(place, { file: add, hidden: leftOut });
    else if (stat.isFile()) add(place);
    else throw new CliError('INPUT_UNREADABLE', `${shown(place)} is neither a file nor a folder`);
    const lost = stat.isDirectory() && [...(manifest?.files.keys() ?? [])].find((name) => !own.has(name));
    if (lost) throw new CliError('INPUT_UNREADABLE', `${shown(path.join(place, lost))}: corpus.json names it`);
  }
  const colliding = collidingPath(documents.map((document) => document.path));
  if (colliding !== undefined)
    throw new CliError(
      'INPUT_PATH_INVALID',
      `${shown(colliding)} is the same name as another one to file systems that fold case or composition`,
      'Rename one of them, or pass the folder that holds both.',
    );
  return documents.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}
