import { createHash, type Hash, randomUUID } from 'node:crypto';
import { closeSync, createReadStream, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { type FileHandle, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ArtifactRef, tenantIdSchema } from '@orgo/contracts';
import { type Digest, digestHex, digestOfBytes, isDigest, ok, refuse } from '@orgo/core';
import { firstOf, readSmall, smallBytes } from './artifacts.bytes.ts';
import { type JournalEntry, openJournal } from './artifacts.journal.ts';
import { settleJournals } from './artifacts.settle.ts';
import type { ArtifactStore } from './artifacts.ts';
import { isAbsent, makeDir, readDirIfAny, syncDir } from './durable-file.ts';
import { Breach, Fault, Refused } from './errors.ts';

export const defaultMaxArtifactBytes = 1_073_741_824;

const notFound = (ref: string): Refused => new Refused('ARTIFACT_NOT_FOUND', `no artifact ${ref}`);
const unavailable = (cause: unknown): Fault => new Fault('ARTIFACT_STORE_UNAVAILABLE', { cause });
/** Names the disk as what failed; an error of the caller's own byte source keeps its name. */
const onDisk = <T>(done: Promise<T>): Promise<T> =>
  done.catch((error) => {
    throw isAbsent(error) ? error : unavailable(error);
  });
const mismatch = (ref: string): Breach => new Breach('HASH_MISMATCH', `the stored bytes are not those of ${ref}`);
const digestFrom = (hash: Hash): Digest => `sha256:${hash.digest('hex')}`;

const writeAll = async (file: FileHandle, bytes: Uint8Array): Promise<void> => {
  for (let done = 0; done < bytes.length; ) done += (await onDisk(file.write(bytes, done))).bytesWritten;
};

/**
 * Artifacts as files, `<dir>/<tenant>/sha256/<first two digits>/<hex>`, read-only once written.
 * For one host, or hosts that share a POSIX volume. Small ones are durable through a journal before their file is written (`artifacts.journal.ts`), so a
 * name that can be seen is one that lasts; large ones are flushed themselves.
 */
export function fileArtifacts(dir: string, options: { maxBytes?: number } = {}): ArtifactStore {
  const { maxBytes = defaultMaxArtifactBytes } = options;
  const ready = new Map<string, Promise<void>>();
  const made = new Set<string>();
  const journal = openJournal(dir);
  const own = randomUUID();
  let temporaries = 0;

  const tenantDir = (tenant: string): string => {
    if (!tenantIdSchema.safeParse(tenant).success) throw new Refused('TENANT_NOT_FOUND', 'not a tenant name');
    return join(dir, tenant, 'sha256');
  };
  const shardOf = (tenant: string, ref: Digest): string => join(tenantDir(tenant), digestHex(ref).slice(0, 2));
  const pathOf = (tenant: string, ref: Digest): string => {
    if (!isDigest(ref)) throw notFound('of that name');
    return join(shardOf(tenant, ref), digestHex(ref));
  };
  const ensureDir = (path: string): Promise<void> => {
    let made = ready.get(path);
    if (made === undefined) {
      // Bytes of tenants are nobody else's to read, whatever the folder around them allows.
      made = onDisk(makeDir(dirname(dir)).then(() => makeDir(path, 0o700)));
      ready.set(path, made);
      made.catch(() => ready.delete(path));
    }
    return made;
  };
  const sizeNow = (tenant: string, ref: Digest): { size: number } | null => {
    const path = pathOf(tenant, ref);
    try {
      const found = statSync(path, { throwIfNoEntry: false });
      return found === undefined ? null : { size: found.size };
    } catch (error) {
      throw unavailable(error);
    }
  };
  const folderNow = (path: string): string => {
    if (!made.has(path)) mkdirSync(path, { recursive: true, mode: 0o700 });
    made.add(path);
    return path;
  };
  /** Gives bytes their name in one step; nothing of it is flushed. */
  const place = ({ tenant, ref, bytes }: JournalEntry): void => {
    const temporary = join(folderNow(join(tenantDir(tenant), 'tmp')), `${own}-${temporaries++}`);
    folderNow(shardOf(tenant, ref));
    const fd = openSync(temporary, 'wx', 0o444);
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, pathOf(tenant, ref));
  };
  /** After a power cut a file may be gone, cut short or full of zeros; one that is wrong in another way is damage, which must stay visible. */
  const restore = (entry: JournalEntry): void => {
    const found = sizeNow(entry.tenant, entry.ref);
    const lost =
      found?.size !== entry.bytes.length ||
      readSmall(pathOf(entry.tenant, entry.ref))?.every((byte) => byte === 0) === true;
    if (lost) place(entry);
  };
  let settling: Promise<void> | undefined;
  const settled = (): Promise<void> => {
    settling ??= settleJournals(dir, restore).catch((error) => {
      settling = undefined;
      throw unavailable(error);
    });
    return settling;
  };
  const putSmall = async (tenant: string, bytes: Uint8Array): Promise<{ ref: Digest; size: number }> => {
    const ref = digestOfBytes(bytes);
    const size = bytes.length;
    if (sizeNow(tenant, ref) !== null) return { ref, size };
    await onDisk(ensureDir(tenantDir(tenant)));
    try {
      await journal.append({ tenant, ref, bytes });
      // crash: if we die here the next process finds the bytes in the journal; nobody was told of them yet
      if (sizeNow(tenant, ref) === null) place({ tenant, ref, bytes });
    } catch (error) {
      throw error instanceof Fault ? error : unavailable(error);
    }
    return { ref, size };
  };

  /** Writes to a temporary name while hashing; answers where and what it was. */
  const spool = async (
    tenant: string,
    bytes: AsyncIterable<Uint8Array>,
  ): Promise<{ temporary: string; ref: Digest; size: number }> => {
    const folder = join(tenantDir(tenant), 'tmp');
    await ensureDir(folder);
    const temporary = join(folder, randomUUID());
    const file = await onDisk(open(temporary, 'wx', 0o444));
    const hash = createHash('sha256');
    let size = 0;
    try {
      for await (const piece of bytes) {
        size += piece.length;
        if (size > maxBytes) throw new Refused('ARTIFACT_TOO_LARGE', `more than ${maxBytes} bytes`);
        hash.update(piece);
        await writeAll(file, piece);
      }
      await onDisk(file.sync());
    } catch (error) {
      await unlink(temporary);
      throw error;
    } finally {
      await file.close();
    }
    return { temporary, ref: digestFrom(hash), size };
  };

  const putLarge = async (tenant: string, bytes: AsyncIterable<Uint8Array>): Promise<{ ref: Digest; size: number }> => {
    const { temporary, ref, size } = await spool(tenant, bytes);
    const shard = shardOf(tenant, ref);
    await ensureDir(shard);
    if (sizeNow(tenant, ref) === null) await onDisk(rename(temporary, pathOf(tenant, ref)));
    else await unlink(temporary);
    // crash: if we die before this the name may be lost with the power; nobody was told of it yet.
    await onDisk(syncDir(shard));
    return { ref, size };
  };
  const put = async (
    tenant: string,
    bytes: Uint8Array | AsyncIterable<Uint8Array>,
  ): Promise<{ ref: Digest; size: number }> => {
    await settled();
    const { whole, pieces } = await firstOf(bytes, Math.min(smallBytes, maxBytes));
    if (whole === null) return putLarge(tenant, pieces);
    if (whole.length <= Math.min(smallBytes, maxBytes)) return putSmall(tenant, whole);
    const ref = digestOfBytes(whole);
    if (sizeNow(tenant, ref) === null) return putLarge(tenant, pieces);
    // Another writer may have renamed it and not yet made the name durable.
    await onDisk(syncDir(shardOf(tenant, ref)));
    return { ref, size: whole.length };
  };

  async function* stream(tenant: string, ref: Digest): AsyncGenerator<Uint8Array> {
    await settled();
    const hash = createHash('sha256');
    try {
      for await (const piece of createReadStream(pathOf(tenant, ref), { highWaterMark: 262_144 })) {
        hash.update(piece);
        yield piece;
      }
    } catch (error) {
      throw isAbsent(error) ? notFound(ref) : unavailable(error);
    }
    if (digestFrom(hash) !== ref) throw mismatch(ref);
  }

  async function* list(tenant: string): AsyncGenerator<{ ref: Digest; size: number }> {
    await settled();
    const shards = await onDisk(readDirIfAny(tenantDir(tenant)));
    for (const shard of shards.filter((name) => /^[0-9a-f]{2}$/.test(name))) {
      for (const name of await onDisk(readdir(join(tenantDir(tenant), shard)))) {
        const ref = `sha256:${name}` as const;
        const found = isDigest(ref) ? sizeNow(tenant, ref) : null;
        if (found !== null) yield { ref, size: found.size };
      }
    }
  }

  return {
    async put(tenant, kind, media_type, bytes): Promise<ArtifactRef> {
      const { ref, size } = await put(tenant, bytes);
      return { kind, ref, media_type, size };
    },
    async get(tenant, ref) {
      await settled();
      const path = pathOf(tenant, ref);
      let bytes: Uint8Array;
      try {
        bytes = readSmall(path) ?? (await readFile(path));
      } catch (error) {
        throw isAbsent(error) ? notFound(ref) : unavailable(error);
      }
      if (digestOfBytes(bytes) !== ref) throw mismatch(ref);
      return bytes;
    },
    async stat(tenant, ref) {
      await settled();
      return sizeNow(tenant, ref);
    },
    stream,
    async verify(tenant, ref, size) {
      await settled();
      const found = sizeNow(tenant, ref);
      if (found === null) return refuse('ARTIFACT_NOT_FOUND', `no artifact ${ref}`);
      if (found.size !== size) return refuse('SIZE_MISMATCH', `${ref} has ${found.size} bytes instead of ${size}`);
      try {
        for await (const _ of stream(tenant, ref));
        return ok(true);
      } catch (error) {
        if (error instanceof Breach) return refuse(error.code, error.detail);
        throw error;
      }
    },
    list,
  };
}
