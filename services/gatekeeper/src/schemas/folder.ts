import fs from 'node:fs';
import path from 'node:path';
import { type Digest, digestOfBytes, type JsonValue, parseStrict } from '@orgo/core';
import { artifactLimits, schemaSetId } from '@orgo/kristal';
import { Refused } from '@orgo/runtime/errors';

/** Schemas as they were read, and the content id of their folder. Plain data, so that another thread can be given it. */
export type SchemaFolder = { set_id: Digest; files: { path: string; schema: JsonValue }[] };

const maxFiles = 256;
const maxDepth = 8;
const maxBytes = 8 * 1024 * 1024;
/** One spelling on every file system; nothing hidden, nothing that leaves the folder. */
const nameForm = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;

const no = (detail: string, cause?: unknown): never => {
  throw new Refused('SCHEMA_SET_INVALID', { detail, cause });
};

/**
 * Reads a folder of schemas whole, once: `.json` files in folders and nothing else, no links, at most 256 files and 8 MiB. What was read must have the
 * content id `pin`, so what lies there later changes nothing.
 * @throws Refused SCHEMA_SET_INVALID (unreadable, something else in it, no strict JSON), SCHEMA_SET_MISMATCH (another content id, which it names)
 */
export function readSchemaFolder(dir: string, pin: string): SchemaFolder {
  const read = filesIn(dir, '', 0).map((name) => ({ path: name, bytes: bytesOf(dir, name) }));
  if (read.reduce((sum, { bytes }) => sum + bytes.length, 0) > maxBytes) no(`more than ${maxBytes} bytes`);
  const set_id = schemaSetId(read.map((file) => ({ path: file.path, digest: digestOfBytes(file.bytes) })));
  if (set_id !== pin) throw new Refused('SCHEMA_SET_MISMATCH', `${dir} is ${set_id}, pinned is ${pin}`);
  return { set_id, files: read.map((file) => ({ path: file.path, schema: jsonOf(file) })) };
}

function filesIn(root: string, under: string, depth: number): string[] {
  if (depth > maxDepth) no(`${under}: folders below ${maxDepth} others`);
  const found: string[] = [];
  for (const entry of entriesOf(path.join(root, under))) {
    const name = under === '' ? entry.name : `${under}/${entry.name}`;
    if (!nameForm.test(entry.name)) no(`${JSON.stringify(name)}: a name outside of letters, digits, ".", "_" and "-"`);
    if (entry.isDirectory()) found.push(...filesIn(root, name, depth + 1));
    else if (entry.isFile() && entry.name.endsWith('.json')) found.push(name);
    else no(`${name}: neither a folder nor a .json file`);
    if (found.length > maxFiles) no(`more than ${maxFiles} files`);
  }
  return found;
}

function entriesOf(dir: string): fs.Dirent[] {
  try {
    return fs.readdirSync(dir, { withFileTypes: true });
  } catch (cause) {
    return no(`${dir} cannot be read`, cause);
  }
}

/** A link that was put in the file's place since is not followed. */
function bytesOf(root: string, name: string): Buffer {
  const { O_RDONLY, O_NOFOLLOW } = fs.constants;
  let file: number | undefined;
  try {
    file = fs.openSync(path.join(root, name), O_RDONLY | O_NOFOLLOW);
    if (fs.fstatSync(file).size > maxBytes) no(`${name}: more than ${maxBytes} bytes`);
    return fs.readFileSync(file);
  } catch (cause) {
    return cause instanceof Refused ? no(cause.detail) : no(`${name} cannot be read`, cause);
  } finally {
    if (file !== undefined) fs.closeSync(file);
  }
}

function jsonOf({ path: name, bytes }: { path: string; bytes: Uint8Array }): JsonValue {
  const parsed = parseStrict(bytes, artifactLimits);
  return parsed.ok ? parsed.value : no(`${name}: ${parsed.code} ${parsed.detail}`);
}
