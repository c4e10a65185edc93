import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestHex, digestOfBytes, utf8 } from '@orgo/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fileArtifacts } from './artifacts.files.ts';
import { isWritten, journalDir, openJournal, readJournal } from './artifacts.journal.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'orgo-journal-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const texts = ['one', 'two', 'three'];
const refs = texts.map((text) => digestOfBytes(utf8(text)));
const pathOf = (at: number) => {
  const hex = digestHex(refs[at] as (typeof refs)[number]);
  return join(dir, 'acme', 'sha256', hex.slice(0, 2), hex);
};
const journals = () => readdirSync(journalDir(dir)).map((name) => join(journalDir(dir), name));
/** As if the process that wrote the journals had died: no process ever has pid 0 and starts at 1. */
const orphan = () => {
  for (const [n, path] of journals().entries())
    renameSync(path, join(journalDir(dir), `${hostname().replaceAll(/[^A-Za-z0-9-]/g, '-')}_4194304_1_${n}.journal`));
};
const store = async () => {
  const artifacts = fileArtifacts(dir);
  for (const text of texts) await artifacts.put('acme', 'note', 'text/plain', utf8(text));
  return artifacts;
};

test('what the disk has lost is written again from the journal of a process that is no more, and the journal goes', async () => {
  await store();
  rmSync(pathOf(0));
  truncateSync(pathOf(1), 0);
  rmSync(pathOf(2));
  writeFileSync(pathOf(2), Buffer.alloc(5));
  orphan();
  const after = fileArtifacts(dir);
  for (const [at, text] of texts.entries())
    expect(Buffer.from(await after.get('acme', refs[at] as (typeof refs)[number])).toString()).toBe(text);
  expect(journals()).toEqual([]);
});

test('damage that no power cut makes stays visible', async () => {
  await store();
  rmSync(pathOf(0));
  writeFileSync(pathOf(0), 'onE');
  orphan();
  await expect(fileArtifacts(dir).get('acme', refs[0] as (typeof refs)[number])).rejects.toMatchObject({
    code: 'HASH_MISMATCH',
  });
});

test('the journal of a process at work is left alone', async () => {
  await store();
  rmSync(pathOf(0));
  await expect(fileArtifacts(dir).get('acme', refs[0] as (typeof refs)[number])).rejects.toMatchObject({
    code: 'ARTIFACT_NOT_FOUND',
  });
  expect(journals()).toHaveLength(1);
  expect(isWritten(journals()[0]?.split('/').at(-1) as string)).toBe(true);
});

test('a journal is read up to where it was torn, whatever follows', async () => {
  const journal = openJournal(dir);
  await Promise.all(
    texts.map((text, at) => journal.append({ tenant: 'acme', ref: refs[at] as never, bytes: utf8(text) })),
  );
  const file = readFileSync(journals()[0] as string);
  expect([...readJournal(file)]).toHaveLength(texts.length);
  const bytes = file.subarray(0, file.findLastIndex((byte) => byte !== 0) + 1);
  const read = (part: Buffer) => [...readJournal(part)].map(({ bytes: found }) => Buffer.from(found).toString());
  expect(read(bytes)).toEqual(texts);
  for (let cut = 0; cut < bytes.length; cut++)
    expect(texts.slice(0, 2)).toEqual(expect.arrayContaining(read(bytes.subarray(0, cut))));
  const flipped = Buffer.from(bytes);
  flipped[bytes.length - 1] = (flipped[bytes.length - 1] as number) ^ 1;
  expect(read(flipped)).toEqual(texts.slice(0, 2));
  expect(read(Buffer.concat([bytes, Buffer.alloc(200, 255)]))).toEqual(texts);
});

test('a full journal is followed by another and goes once the disk has all of it', async () => {
  const journal = openJournal(dir, { maxBytes: 64 });
  for (const [at, text] of texts.entries())
    await journal.append({ tenant: 'acme', ref: refs[at] as never, bytes: utf8(text) });
  await expect.poll(() => journals().length).toBe(1);
});

test('a journal that was removed under its writer is replaced before anything is promised', async () => {
  const journal = openJournal(dir);
  await journal.append({ tenant: 'acme', ref: refs[0] as never, bytes: utf8('one') });
  for (const path of journals()) rmSync(path);
  await journal.append({ tenant: 'acme', ref: refs[1] as never, bytes: utf8('two') });
  expect([...readJournal(readFileSync(journals()[0] as string))]).toHaveLength(1);
});

test('two stores of one process keep journals of their own', async () => {
  const both = [fileArtifacts(dir), fileArtifacts(dir)];
  await Promise.all(both.flatMap((one, n) => texts.map((text) => one.put('acme', 'n', 't', utf8(`${n} ${text}`)))));
  expect(journals()).toHaveLength(2);
});

test('a disk that cannot be written to is a fault, and nothing is kept', async () => {
  mkdirSync(dir, { recursive: true });
  writeFileSync(journalDir(dir), 'in the way');
  const artifacts = fileArtifacts(dir);
  await expect(artifacts.put('acme', 'n', 't', utf8('one'))).rejects.toMatchObject({
    code: 'ARTIFACT_STORE_UNAVAILABLE',
  });
});
