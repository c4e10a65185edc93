import { join } from 'node:path';
import { channelIndexPath } from '@orgo/contracts';
import { digestOfBytes, equalBytes } from '@orgo/core';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { createFile, readFileIfAny, replaceFile } from '@orgo/runtime/durable-file';
import { Breach, codeOf } from '@orgo/runtime/errors';
import type { Log } from '@orgo/runtime/log';
import type { Keyring } from '@orgo/runtime/signer';
import type { Root, TrustStore } from '@orgo/runtime/trust';
import { changeAlarms } from '@orgo/store/alarm-rows';
import type { Db, Tx } from '@orgo/store/db';
import { type FaultPoints, noFaults } from '@orgo/store/fault-points';
import { type ChannelHead, channelHeads } from '../channel/heads.ts';
import { adoptFiles } from './adopt-files.ts';
import { tufRoleName } from './keys.ts';
import { indexBytes, type RootTarget, rootTargetFiles, storedTargets } from './metadata.ts';
import { defaultLifetimes, isFrozen, type Lifetimes } from './renewal.ts';
import { type Kept, keepMetadata, keptMetadata, lockChannels } from './rows.ts';
import { newestOf, signRepository } from './sign-repository.ts';
import { targetFilePath } from './target-path.ts';

/**
 * The channels of each tenant as TUF repositories, `<dir>/<tenant>/metadata` and `<dir>/<tenant>/targets`. The rows of `channel` say what is to be
 * published, those of `tuf_metadata` hold what was signed; the files follow from both and can be written again at any time.
 */
export type ChannelRepository = {
  /**
   * Signs what changed of a tenant's channels, or is due, under the next number of the tenant, and writes it; whole and durable on return, and visible to
   * clients. Answers the channels as they were written. Where nothing changed nothing is signed, so whoever does not know whether it was done asks again.
   * @throws Fault SIGNER_UNAVAILABLE, DATABASE_UNAVAILABLE, ARTIFACT_STORE_UNAVAILABLE; Breach HASH_MISMATCH when a file that
   * clients may have read would have to change, or a manifest is not its digest; Refused ARTIFACT_NOT_FOUND
   */
  publish(tenant: string): Promise<ChannelHead[]>;
  /**
   * Writes what is missing of a tenant's files, once per process, and publishes again where the tenant's trust root has changed since or a renewal did not
   * come: a timestamp that is held up is said aloud.
   */
  ensure(tenant: string): Promise<void>;
  /** What an alarm asks for: renews what is due. Tries again later, and says so, where it cannot be signed. */
  renew(tenant: string): Promise<void>;
  /** Where a tenant's file is. `path` is known to be safe. */
  pathOf(tenant: string, path: string): string;
};

/** Names the alarms of repositories among those of the service. */
export const repositoryMachine = 'channel_files';

/** A version stands for one content. A file that is there must be what we would write: clients may have it. */
async function keepFile(path: string, bytes: Uint8Array): Promise<void> {
  const there = await readFileIfAny(path);
  if (there === undefined && (await createFile(path, bytes, 0o644))) return;
  const found = there ?? (await readFileIfAny(path));
  if (found === undefined || !equalBytes(found, bytes))
    throw new Breach('HASH_MISMATCH', `${path} was published with other bytes`);
}

type Known = { root: Root; timestamp: Kept | null; triedAt: number };

/** What could not be signed is not tried again at every question. */
const againMs = 1000;
/** After a renewal that failed it is tried again this soon, or sooner where renewals are that frequent. */
const retryMs = 30_000;

export type ChannelsOptions = {
  dir: string;
  db: Db;
  keyring: Keyring;
  trust: TrustStore;
  artifacts: ArtifactStore;
  log: Log;
  lifetimes?: Lifetimes;
  faults?: FaultPoints;
  /** Told when the next renewal is due, to be woken in time. */
  armed?: (dueInMs: readonly number[]) => void;
};

export function openChannels(options: ChannelsOptions): ChannelRepository {
  const { dir, db, keyring, trust, artifacts, log, faults = noFaults, lifetimes = defaultLifetimes } = options;
  const known = new Map<string, Known>();
  const ensuring = new Map<string, Promise<void>>();
  const pathOf = (tenant: string, path: string): string => join(dir, tenant, path);

  const writeTargets = async (tenant: string, head: ChannelHead): Promise<void> => {
    const { channel } = head;
    const write = (target: string, bytes: Uint8Array): Promise<void> =>
      keepFile(pathOf(tenant, targetFilePath(target, digestOfBytes(bytes))), bytes);
    for (const [target, { ref }] of storedTargets(head)) await write(target, await artifacts.get(tenant, ref));
    await write(channelIndexPath(channel), indexBytes(head));
  };

  const rootTargets = async (tenant: string, newest: number): Promise<RootTarget[]> => {
    const { places } = await trust.chain(tenant);
    return Promise.all(
      Array.from({ length: newest - 1 }, async (_, nth) => ({
        version: nth + 2,
        bytes: await trust.file(tenant, nth + 2),
        seal: places.has(nth + 2) ? await trust.sealFile(tenant, nth + 2) : undefined,
      })),
    );
  };

  const arm = async (tx: Tx, tenant: string, dueInMs: number, now: string): Promise<void> => {
    // Nobody's child: time alone brings it, and it has no span.
    const set = { id: 'renew', due_in_ms: dueInMs, kind: 'renew', data: null };
    const change = { key: { tenant_id: tenant, id: 'tuf' }, alarm_id: 'renew', set, traceparent: null };
    changeAlarms(tx, repositoryMachine, [change], now);
  };

  /** Numbers and signs what is new. Targets are written before the metadata that names them is kept: they are known by their digest. */
  const signNew = async (tx: Tx, tenant: string) => {
    const root = await trust.root(tenant);
    const now = await lockChannels(tx, tenant);
    const heads = await channelHeads(tx, tenant);
    const kept = await keptMetadata(tx, tenant);
    const roots = await rootTargets(tenant, root.version);
    const found = await adoptFiles(pathOf(tenant, 'metadata'), kept);
    const before = newestOf([...kept, ...found.roots]);
    const newest = await signRepository(
      { keyring, lifetimes, log },
      { tenant, trust: root, now, heads, roots, kept: [...kept, ...found.roots], floor: found.floor },
    );
    const made = [...found.roots, ...newest.filter((one) => before.get(one.role)?.version !== one.version)];
    const changed = new Set(made.map(({ role }) => role));
    const again = !known.has(tenant);
    for (const head of heads) if (again || changed.has(tufRoleName(head.channel))) await writeTargets(tenant, head);
    for (const [target, bytes] of heads.length === 0 ? [] : roots.flatMap(rootTargetFiles))
      await keepFile(pathOf(tenant, targetFilePath(target, digestOfBytes(bytes))), bytes);
    await keepMetadata(tx, tenant, made);
    // What is still due could not be signed, as a root whose keys are elsewhere: it is tried again with the next that is.
    const due = newest.map((one) => Date.parse(one.renew_at) - Date.parse(now)).filter((ms) => ms > 0);
    const dueInMs = due.length > 0 ? Math.min(...due) : lifetimes.renewal;
    // Also where nothing was made: the alarm that brought us here is gone, and what it was to renew may have been signed before and not written.
    await arm(tx, tenant, dueInMs, now);
    await faults.at('release.signed');
    return { heads, dueInMs, root };
  };
  const sign = async (tenant: string) => {
    const done = await db.tx((tx) => signNew(tx, tenant));
    // crash: if we die here it is signed and not written; the next start writes what is kept.
    await faults.at('release.kept');
    return done;
  };

  /** Writes the files of what is kept. Under the lock, so that a slow writer never puts back an older timestamp. */
  const write = (tenant: string): Promise<Kept | null> =>
    db.tx(async (tx) => {
      await lockChannels(tx, tenant);
      const kept = await keptMetadata(tx, tenant);
      const timestamp = kept.find(({ role }) => role === 'timestamp');
      for (const { role, version, bytes } of kept)
        if (role !== 'timestamp') await keepFile(pathOf(tenant, `metadata/${version}.${role}.json`), bytes);
      if (timestamp === undefined) return null;
      // crash: before timestamp.json is replaced clients see the publication before; after it everything it names is there.
      await faults.at('release.beforeTimestamp');
      await replaceFile(pathOf(tenant, 'metadata/timestamp.json'), timestamp.bytes, 0o644);
      await faults.at('release.timestampWritten');
      return timestamp;
    });

  const publish = async (tenant: string): Promise<ChannelHead[]> => {
    const { heads, dueInMs, root } = await sign(tenant);
    known.set(tenant, { root, timestamp: await write(tenant), triedAt: Date.now() });
    options.armed?.([dueInMs]);
    return heads;
  };

  const sayIfFrozen = (tenant: string, error: unknown): void => {
    const timestamp = known.get(tenant)?.timestamp ?? null;
    const frozen = timestamp !== null && isFrozen(timestamp, Date.now(), lifetimes);
    const about = { err: error, tenant_id: tenant, expires_at: timestamp?.expires_at };
    if (frozen)
      log.error({ code: 'METADATA_STALE', ...about }, 'no fresh timestamp for two renewals: the channels stand still');
    else log.warn({ code: codeOf(error), ...about }, 'a renewal is put off');
  };

  return {
    pathOf,
    publish,
    async ensure(tenant) {
      const running = ensuring.get(tenant);
      if (running !== undefined) return running;
      const now = known.get(tenant);
      const root = await trust.root(tenant);
      const isLate = now?.timestamp != null && isFrozen(now.timestamp, Date.now(), lifetimes);
      // Another root, or the entry of one: the trust store gives the same object as long as nothing changed.
      const isBehind = now?.root !== root || isLate;
      if (now !== undefined && (!isBehind || Date.now() - now.triedAt < againMs)) return;
      if (now !== undefined) now.triedAt = Date.now();
      const started = publish(tenant)
        .then(() => undefined)
        .catch((error) => {
          // What is written goes on being served.
          if (now === undefined) throw error;
          sayIfFrozen(tenant, error);
        })
        .finally(() => ensuring.delete(tenant));
      ensuring.set(tenant, started);
      return started;
    },
    async renew(tenant) {
      try {
        await publish(tenant);
      } catch (error) {
        sayIfFrozen(tenant, error);
        const dueInMs = Math.min(retryMs, lifetimes.renewal);
        await db.tx(async (tx) => arm(tx, tenant, dueInMs, await lockChannels(tx, tenant)));
        options.armed?.([dueInMs]);
      }
    },
  };
}
