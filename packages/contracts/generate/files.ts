import fs from 'node:fs';
import path from 'node:path';
import { reasonCodes } from '../src/index.ts';
import { asyncapi } from './asyncapi.ts';
import { jsonText } from './json-text.ts';
import { openapi } from './openapi.ts';
import { messagesPage } from './reference-messages.ts';
import { channelsPage, reasonsPage, routesPage, statesPage } from './reference-tables.ts';
import { documentOf, kebab, namedSchemas } from './schema-documents.ts';

const root = path.join(import.meta.dirname, '../../..');
const generated = 'packages/contracts/generated';
const codes = 'packages/contracts/vectors/reason-codes.json';

/** Every generated file: path from the repository's root → text. The same tables always give the same bytes. */
export function generatedFiles(): Map<string, string> {
  const files = new Map<string, string>();
  for (const entry of namedSchemas()) {
    const document = documentOf(entry);
    if (document !== undefined) files.set(`${generated}/${kebab(entry.id)}.schema.json`, jsonText(document));
  }
  files.set(`${generated}/openapi.json`, jsonText(openapi()));
  files.set(`${generated}/asyncapi.json`, jsonText(asyncapi()));
  files.set(codes, jsonText(everGiven()));
  files.set('docs/reference/reasons.md', reasonsPage());
  files.set('docs/reference/messages.md', messagesPage());
  files.set('docs/reference/routes.md', routesPage());
  files.set('docs/reference/channels.md', channelsPage());
  files.set('docs/reference/states.md', statesPage());
  return files;
}

/** Paths whose committed text is not what the tables print: missing, different, or no longer generated. */
export function driftedFiles(): string[] {
  const files = generatedFiles();
  const drifted = [...files].filter(([file, text]) => readOrEmpty(file) !== text).map(([file]) => file);
  const stale = listed(generated).filter((file) => !files.has(file));
  return [...drifted, ...stale].sort();
}

/** Writes what changed and removes what is no longer generated; answers the paths it touched. */
export function writeFiles(): string[] {
  const files = generatedFiles();
  const drifted = driftedFiles();
  for (const file of drifted) {
    const at = path.join(root, file);
    const text = files.get(file);
    if (text === undefined) fs.rmSync(at);
    else {
      fs.mkdirSync(path.dirname(at), { recursive: true });
      fs.writeFileSync(at, text);
    }
  }
  return drifted;
}

/** Codes that were ever given, oldest first: a new one is appended here, and a test refuses that one disappears. */
function everGiven(): string[] {
  const kept = JSON.parse(readOrEmpty(codes) || '[]') as string[];
  return [...kept, ...reasonCodes.filter((code) => !kept.includes(code))];
}

const readOrEmpty = (file: string): string =>
  fs.existsSync(path.join(root, file)) ? fs.readFileSync(path.join(root, file), 'utf8') : '';
const listed = (folder: string): string[] =>
  fs.existsSync(path.join(root, folder))
    ? fs.readdirSync(path.join(root, folder)).map((name) => `${folder}/${name}`)
    : [];
