import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, fdatasync, fstatSync, mkdirSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Digest, digestHex, digestOfBytes, isDigest } from '@orgo/core';
import { syncDir } from './durable-file.ts';
import { runs, startOf } from './process-identity.ts';

/** One artifact in a journal: whose it is, what it is called, its bytes. */
export type JournalEntry = { tenant: string; ref: Digest; bytes: Uint8Array };

/**
 * Makes small artifacts durable in company: what is appended while one flush runs shares the next. The artifacts themselves are then written as plain
 * files without a flush each; after a power cut `settleJournals` writes again what the disk had not kept.
 */
export type ArtifactJournal = {
  /** Resolves when the entry survives a power cut; rejects with the disk's error, and then nothing is promised. */
  append(entry: JournalEntry): Promise<void>;
};

const flush = promisify(fdatasync);
const run = promisify(execFile);

/** Where journals lie: no tenant is called that. */
export const journalDir = (dir: string): string => join(dir, '.journal');

/** Journals grow by so much at once. A flush of bytes that were there before need not wait for the file system's own journal, a longer file does. */
const stepBytes = 1_048_576;
const suffix = '.journal';
const digestBytes = 32;

const own = `${hostname().replaceAll(/[^A-Za-z0-9-]/g, '-')}_${process.pid}_${startOf(process.pid)}_`;

/** Whether a journal's writer may still be at work. A writer of another host is taken to be. */
export function isWritten(name: string): boolean {
  const [host, pid, start] = name.split('_');
  if (host !== own.split('_')[0]) return true;
  return runs(Number(pid), start);
}

export const isJournal = (name: string): boolean => name.endsWith(suffix);

const encode = ({ tenant, ref, bytes }: JournalEntry): Uint8Array[] => {
  const name = Buffer.from(tenant, 'latin1');
  const head = Buffer.allocUnsafe(5 + name.length + digestBytes);
  head.writeUInt8(name.length, 0);
  name.copy(head, 1);
  head.write(digestHex(ref), 1 + name.length, 'hex');
  head.writeUInt32BE(bytes.length, 1 + name.length + digestBytes);
  return [head, bytes];
};

/** The entries of a journal up to the first that is torn or broken: what follows was never promised to anyone. */
export function* readJournal(journal: Buffer): Generator<JournalEntry> {
  for (let at = 0; at < journal.length; ) {
    const name = journal[at] as number;
    const head = at + 5 + name + digestBytes;
    if (head > journal.length) return;
    const end = head + journal.readUInt32BE(head - 4);
    if (end > journal.length) return;
    const ref = `sha256:${journal.toString('hex', at + 1 + name, head - 4)}`;
    const bytes = journal.subarray(head, end);
    if (!isDigest(ref) || digestOfBytes(bytes) !== ref) return;
    yield { tenant: journal.toString('latin1', at + 1, at + 1 + name), ref, bytes };
    at = end;
  }
}

/** Waits until everything written below a folder is on the disk. Throws where that cannot be asked for. */
export const syncAll = async (dir: string): Promise<void> => {
  await run('sync', ['-f', dir]);
};

type Journal = { fd: number; path: string; size: number; room: number };

const zeros = Buffer.alloc(stepBytes);

/**
 * Opens the journal of this process below the artifact folder; its file is made at the first append, and a new one after `maxBytes`. The full one goes
 * as soon as the disk has everything that it holds.
 */
export function openJournal(dir: string, { maxBytes = 33_554_432 } = {}): ArtifactJournal {
  type Waiting = { entry: JournalEntry; resolve(): void; reject(error: unknown): void };
  let waiting: Waiting[] = [];
  let flushing = false;
  let file: Journal | undefined;

  const fileNow = async (): Promise<Journal> => {
    if (file !== undefined && file.size < maxBytes && fstatSync(file.fd).nlink > 0) return file;
    if (file !== undefined) void retire(file);
    file = undefined;
    mkdirSync(journalDir(dir), { recursive: true, mode: 0o700 });
    const path = join(journalDir(dir), `${own}${randomUUID()}${suffix}`);
    file = { fd: openSync(path, 'wx', 0o600), path, size: 0, room: 0 };
    for (const folder of [journalDir(dir), dir]) await syncDir(folder);
    return file;
  };
  const retire = async ({ fd, path }: Journal): Promise<void> => {
    closeSync(fd);
    try {
      await syncAll(dir);
      // crash: if we die before this the journal is settled by the next process, which finds nothing to do
      unlinkSync(path);
    } catch {
      // It stays until a process is started and settles it.
    }
  };
  const work = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        const at = await fileNow();
        const bytes = Buffer.concat(batch.flatMap(({ entry }) => encode(entry)));
        // Zeros are no entry, so whoever reads the journal stops where they begin.
        for (; at.room < at.size + bytes.length; at.room += stepBytes) writeSync(at.fd, zeros, 0, stepBytes, at.room);
        for (let done = 0; done < bytes.length; )
          done += writeSync(at.fd, bytes, done, bytes.length - done, at.size + done);
        at.size += bytes.length;
        await flush(at.fd);
        // crash: if we die here the entries are durable, no file has them yet, and nobody was told
        for (const { resolve } of batch) resolve();
      } catch (error) {
        // What a failed flush has left is unknown: nothing is appended behind it.
        if (file !== undefined) closeSync(file.fd);
        file = undefined;
        for (const { reject } of batch) reject(error);
      }
    }
    flushing = false;
  };

  return {
    append: (entry) =>
      new Promise((resolve, reject) => {
        waiting.push({ entry, resolve, reject });
        if (flushing) return;
        flushing = true;
        setImmediate(() => void work());
      }),
  };
}
