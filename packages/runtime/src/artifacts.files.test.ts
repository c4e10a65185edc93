import { chmod, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Digest, digestHex, digestOfBytes, utf8 } from '@orgo/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fileArtifacts } from './artifacts.files.ts';
import type { ArtifactStore } from './artifacts.ts';

let dir: string;
let store: ArtifactStore;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'orgo-artifacts-'));
  store = fileArtifacts(dir, { maxBytes: 100_000 });
});
afterEach(() => rm(dir, { recursive: true }));

const refused = (code: string) => expect.objectContaining({ code });
const pathOf = (ref: Digest) => join(dir, 'acme', 'sha256', digestHex(ref).slice(0, 2), digestHex(ref));
const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
};
const collect = async (pieces: AsyncIterable<Uint8Array>) => Buffer.concat(await all(pieces));
async function* inPieces(...pieces: string[]) {
  for (const piece of pieces) yield utf8(piece);
}

test('bytes are found by their digest, whole or in pieces, once however often stored', async () => {
  const ref = await store.put('acme', 'note', 'text/plain', utf8('hello'));
  expect(ref).toEqual({ kind: 'note', ref: digestOfBytes(utf8('hello')), media_type: 'text/plain', size: 5 });
  expect(await store.put('acme', 'note', 'text/plain', inPieces('hel', 'lo'))).toEqual(ref);
  await Promise.all(Array.from({ length: 8 }, () => store.put('acme', 'n', 't', utf8('same'))));
  expect(Buffer.from(await store.get('acme', ref.ref)).toString()).toBe('hello');
  expect((await collect(store.stream('acme', ref.ref))).toString()).toBe('hello');
  expect(await store.stat('acme', ref.ref)).toEqual({ size: 5 });
  expect(await store.verify('acme', ref.ref, 5)).toEqual({ ok: true, value: true });
  expect((await all(store.list('acme'))).length).toBe(2);
  expect(await readdir(join(dir, 'acme', 'sha256', 'tmp'))).toEqual([]);
});

test('a folder that cannot be read is not taken for an empty one', async () => {
  await mkdir(join(dir, 'acme'));
  await writeFile(join(dir, 'acme', 'sha256'), 'no folder');
  await expect(all(store.list('acme'))).rejects.toEqual(refused('ARTIFACT_STORE_UNAVAILABLE'));
});

test('a digest opens nothing in another tenant', async () => {
  const { ref } = await store.put('acme', 'n', 't', utf8('hello'));
  await expect(store.get('beta', ref)).rejects.toEqual(refused('ARTIFACT_NOT_FOUND'));
  expect(await store.stat('beta', ref)).toBeNull();
  expect(await store.verify('beta', ref, 5)).toMatchObject({ ok: false, code: 'ARTIFACT_NOT_FOUND' });
  await expect(store.get('../acme', ref)).rejects.toEqual(refused('TENANT_NOT_FOUND'));
  await expect(store.get('acme', 'sha256:../../x' as Digest)).rejects.toEqual(refused('ARTIFACT_NOT_FOUND'));
});

test('one flipped bit is seen by every reader', async () => {
  const { ref } = await store.put('acme', 'n', 't', utf8('hello'));
  const bytes = await readFile(pathOf(ref));
  bytes[2] = (bytes[2] as number) ^ 1;
  await chmod(pathOf(ref), 0o600);
  await writeFile(pathOf(ref), bytes);
  await expect(store.get('acme', ref)).rejects.toEqual(refused('HASH_MISMATCH'));
  await expect(collect(store.stream('acme', ref))).rejects.toEqual(refused('HASH_MISMATCH'));
  expect(await store.verify('acme', ref, 5)).toMatchObject({ code: 'HASH_MISMATCH' });
  // Storing the right bytes again must not paper over the damage.
  await store.put('acme', 'n', 't', utf8('hello'));
  await expect(store.get('acme', ref)).rejects.toEqual(refused('HASH_MISMATCH'));
  await truncate(pathOf(ref), 3);
  expect(await store.verify('acme', ref, 5)).toMatchObject({ code: 'SIZE_MISMATCH' });
});

test('too much, or a source that breaks off, leaves nothing behind', async () => {
  await expect(store.put('acme', 'n', 't', inPieces('x'.repeat(60_000), 'y'.repeat(60_000)))).rejects.toEqual(
    refused('ARTIFACT_TOO_LARGE'),
  );
  async function* broken() {
    yield utf8('a');
    throw new Error('gone');
  }
  await expect(store.put('acme', 'n', 't', broken())).rejects.toThrow('gone');
  expect(await readdir(join(dir, 'acme', 'sha256', 'tmp'))).toEqual([]);
  expect(await all(store.list('acme'))).toEqual([]);
});
