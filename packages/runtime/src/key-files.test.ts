import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createKey, createSpareKey, keyFile, listKeys, makeCurrent } from './key-files.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'orgo-keys-'));
});
afterEach(() => rm(dir, { recursive: true }));

const unavailable = expect.objectContaining({ code: 'SIGNER_UNAVAILABLE' });
const idsOf = async () => (await listKeys(dir, 'acme', 'root')).map(({ key_id }) => key_id);

test('another key takes the place of the one that is signed with, which stays beside it', async () => {
  const first = await createKey(dir, 'acme', 'root');
  const spare = await createSpareKey(dir, 'acme', 'root');
  await makeCurrent(dir, 'acme', 'root', spare.key_id);
  await makeCurrent(dir, 'acme', 'root', spare.key_id);
  expect(await idsOf()).toEqual([spare.key_id, first.key_id]);
});

test('a key that is signed with and cannot be read is not overwritten by another', async () => {
  await createKey(dir, 'acme', 'root');
  const spare = await createSpareKey(dir, 'acme', 'root');
  const path = keyFile(dir, 'acme', 'root');
  await writeFile(path, 'a key that was edited');
  await expect(makeCurrent(dir, 'acme', 'root', spare.key_id)).rejects.toEqual(unavailable);
  expect(await readFile(path, 'utf8')).toBe('a key that was edited');
  await rename(path, `${path}.aside`);
  await makeCurrent(dir, 'acme', 'root', spare.key_id);
  expect(await idsOf()).toEqual([spare.key_id]);
});

test('a folder of keys that cannot be read is not taken for one without', async () => {
  await createKey(dir, 'acme', 'root');
  await writeFile(join(dir, 'root', 'acme.d'), 'no folder');
  await expect(listKeys(dir, 'acme', 'root')).rejects.toThrow('ENOTDIR');
});
