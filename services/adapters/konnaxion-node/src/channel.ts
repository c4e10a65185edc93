import fs from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import {
  authorizationPath,
  type ChannelIndex,
  channelIndexPath,
  channelIndexSchema,
  type Offer,
  packManifestPath,
  trustRootPath,
  trustSealPath,
} from '@orgo/contracts';
import { ok, parseStrict, type Refusal, type Result, refuse } from '@orgo/core';
import type { TargetFile } from '@tufjs/models';
import { ChannelFetcher } from './channel-fetcher.ts';
import { laterOf, trustedNow } from './domain/clock.ts';
import { codeOfRefusal, roleOfFile } from './domain/metadata-refusal.ts';
import { type NodeConfig, placesIn } from './folder.ts';
import { clockOf, type NodeContext } from './node-context.ts';
import { messageOf, NodeError, noAnswer } from './node-error.ts';
import { openStoredUpdater } from './stored-updater.ts';
import { openTrustChain, readSeals, readTrust, type TrustNews } from './trust.ts';
import { type MetadataFiles, onTrustedMetadata } from './trusted-metadata.ts';

/** What the channel brings for an offer: its manifest, and what says that the gatekeeper authorized it, not yet verified; null where it brings none. */
export type Brought = { manifest: Uint8Array; authorization: Uint8Array | null };

/** What the channel says now, verified: its index, null before the first, and what it brings for the offers that were asked for, by pack. */
export type ChannelAnswer = {
  index: ChannelIndex | null;
  brought: ReadonlyMap<string, Brought>;
  /** Trust roots after those that the node holds, and entries of roots in the log that it has no place for, not yet verified. */
  trust: TrustNews;
  /** The highest time that the metadata itself says. */
  signedTime: string | null;
};

export const channelUrl = (config: NodeConfig): string => `${config.api}/v1/tenants/${config.tenant_id}/tuf`;

/** What a file says, where it is JSON. */
const jsonOf = (bytes: Uint8Array | null): unknown => {
  const json = bytes === null ? null : parseStrict(bytes);
  return json?.ok ? json.value : null;
};

/** What the client said no to, by its words and by what it had in hand. */
async function refusalOf(
  error: unknown,
  ctx: NodeContext,
  files: MetadataFiles,
  { last }: ChannelFetcher,
): Promise<Refusal> {
  const { dir, config } = ctx;
  const role = roleOfFile(last?.name ?? '');
  const above = topRoles.has(role) ? 'root.json' : 'targets.json';
  const delegator = files.get(above) ?? null;
  const trust = await openTrustChain(placesIn(dir).trust, config.tenant_id, config.trust_pin);
  const words = messageOf(error);
  const evidence = { role, file: jsonOf(last?.bytes ?? null), delegator: jsonOf(delegator), trust };
  return refuse(
    codeOfRefusal(words, () => evidence),
    words,
  );
}
const topRoles: ReadonlySet<string> = new Set(['root', 'timestamp', 'snapshot', 'targets']);

/**
 * Follows the channel with a TUF client of which only the storage is ours (TUF 1.0 section 5): roots one by one, timestamp, snapshot, targets, the channel's
 * delegated role, then the index, and manifest and authorization of the offers that `wanted` names, whose lengths and hashes the metadata fixes. Trusted
 * metadata is kept in `tuf/metadata`, which is what refuses older metadata after a restart.
 * Everything is judged by the time at which it began: what expires meanwhile was good when it was asked for.
 * Refuses as `codeOfRefusal` does, and with `CLOCK_UNTRUSTED` where only a clock that is behind what was signed before
 * finds the metadata fresh.
 * @param floor the highest signed time that the node knows
 * @throws NodeError SERVICE_UNAVAILABLE where something did not arrive, HOME_UNREADABLE: nothing was decided
 */
export async function readChannel(
  ctx: NodeContext,
  floor: string | null,
  wanted: (index: ChannelIndex) => readonly Offer[],
): Promise<Result<ChannelAnswer>> {
  const { dir, config, world, signal } = ctx;
  const begun = clockOf(world);
  const { tuf, trust } = placesIn(dir);
  const targets = `${tuf}/targets`;
  await fs.mkdir(targets, { recursive: true });
  return onTrustedMetadata(tuf, world.disk, async (files) => {
    const { fetch, transfer } = world;
    const fetcher = new ChannelFetcher({ fetch, timeoutMs: transfer.metadataMs, signal });
    const updater = openUpdater(files, { metadataBaseUrl: `${channelUrl(config)}/metadata`, fetcher });
    /** Bytes of a target, of the length and the hashes that the metadata fixes (section 5.7); null where it names none of that name. */
    const target = async (name: string): Promise<Uint8Array | null> => {
      const info = await updater.getTargetInfo(name);
      if (!info) return null;
      const file = path.join(targets, encodeURIComponent(name));
      const held = await fs.readFile(file).catch(() => null);
      if (held !== null && (await isTarget(info, held))) return held;
      const bytes = await fetcher.downloadBytes(targetUrl(config, info), info.length);
      await info.verify(Readable.from([bytes]));
      // crash: a file that is not whole is none of that name, and comes again.
      await fs.writeFile(file, bytes);
      return bytes;
    };
    try {
      await updater.refresh();
      const bytes = await target(channelIndexPath(config.channel));
      const signed = signedOf(files);
      const signedTime = timeOf(signed('timestamp').issued_at);
      const fresh = checkFresh(signed, config.channel, begun, laterOf(floor, signedTime));
      if (!fresh.ok) return fresh;
      const news = await following(target, listedIn(signed('targets')), await readTrust(trust), await readSeals(trust));
      const brought = new Map<string, Brought>();
      if (bytes === null) return ok({ index: null, brought, trust: news, signedTime });
      const index = readIndex(bytes);
      if (!index.ok) return index;
      for (const { pack_id, release_id } of wanted(index.value)) {
        const manifest = await target(packManifestPath(config.channel, pack_id));
        if (manifest === null)
          return refuse('METADATA_INVALID', `the channel names pack ${pack_id} and no manifest of it`);
        const authorization = await target(authorizationPath(config.channel, release_id));
        brought.set(pack_id, { manifest, authorization });
      }
      return ok({ index: index.value, brought, trust: news, signedTime });
    } catch (error) {
      if (fetcher.failure !== null) throw noAnswer('channel', fetcher.failure);
      return refusalOf(error, ctx, files, fetcher);
    }
  });
}

/** Where a target lies: its name with its hash before it (section 6.2.2, consistent snapshots). */
function targetUrl(config: NodeConfig, { path: name, hashes }: TargetFile): string {
  const at = name.lastIndexOf('/') + 1;
  return `${channelUrl(config)}/targets/${name.slice(0, at)}${Object.values(hashes)[0]}.${name.slice(at)}`;
}

const isTarget = (info: TargetFile, bytes: Buffer): Promise<boolean> =>
  info.verify(Readable.from([bytes])).then(
    () => true,
    () => false,
  );

function readIndex(bytes: Uint8Array): Result<ChannelIndex> {
  const json = parseStrict(bytes);
  if (!json.ok) return refuse('METADATA_INVALID', `the channel index: ${json.detail}`);
  const index = channelIndexSchema.safeParse(json.value);
  if (index.success) return ok(index.data);
  const [issue] = index.error.issues;
  return refuse('METADATA_INVALID', `the channel index: ${issue?.path.join('.')}: ${issue?.message}`);
}

/** Names of the targets that metadata which the client trusts lists itself. */
const listedIn = ({ targets }: Signed): ReadonlySet<string> => new Set(Object.keys(targets ?? {}));

/** Trust roots that the channel's targets name after the ones that are held, and entries of roots that none is held of. */
async function following(
  find: (name: string) => Promise<Uint8Array | null>,
  listed: ReadonlySet<string>,
  held: readonly Uint8Array[],
  sealed: ReadonlyMap<number, Uint8Array>,
): Promise<TrustNews> {
  const target = (name: string): Promise<Uint8Array | null> | null => (listed.has(name) ? find(name) : null);
  const roots: Uint8Array[] = [];
  for (;;) {
    const bytes = await target(trustRootPath(held.length + roots.length + 1));
    if (bytes === null) break;
    roots.push(bytes);
  }
  const seals = new Map<number, Uint8Array>();
  for (let version = 2; version <= held.length + roots.length; version++) {
    const bytes = sealed.has(version) ? null : await target(trustSealPath(version));
    if (bytes !== null) seals.set(version, bytes);
  }
  return { roots, seals };
}

/** What authorizes a release, as it came when the channel was read last and was found to be what its metadata names; null where nothing came. */
export async function keptAuthorization({ dir, config }: NodeContext, release_id: string): Promise<Uint8Array | null> {
  const name = encodeURIComponent(authorizationPath(config.channel, release_id));
  const bytes = await fs.readFile(path.join(placesIn(dir).tuf, 'targets', name)).catch(() => null);
  return bytes === null ? null : new Uint8Array(bytes);
}

type Signed = { expires?: unknown; issued_at?: unknown; targets?: object };
type SignedOf = (role: string) => Signed;

/** What the trusted metadata of a role says; nothing where there is none. */
const signedOf =
  (files: MetadataFiles): SignedOf =>
  (role) => {
    const json = JSON.parse(files.get(`${role}.json`)?.toString('utf8') ?? '{}');
    return (json as { signed?: Signed }).signed ?? {};
  };

/** A time of metadata in our form; null for what is none. */
const timeOf = (value: unknown): string | null => {
  const at = typeof value === 'string' ? new Date(value) : null;
  return at === null || Number.isNaN(at.getTime()) ? null : at.toISOString();
};

/** Whether the metadata that the node trusts already is still good by its clock, without the network. Refuses as `readChannel` does. */
export const checkTrusted = ({ dir, config, world }: NodeContext, floor: string | null): Promise<Result<true>> =>
  onTrustedMetadata(placesIn(dir).tuf, world.disk, async (files) =>
    checkFresh(signedOf(files), config.channel, clockOf(world), floor),
  );

/** The client judged by the system's clock; the node judges by its own, and by what was signed where that is later. */
function checkFresh(signed: SignedOf, channel: string, clock: string, floor: string | null): Result<true> {
  for (const role of ['timestamp', 'snapshot', 'targets', `channel.${channel}`, 'root']) {
    const expires = timeOf(signed(role).expires);
    if (expires === null || trustedNow(clock, floor) < expires) continue;
    return clock >= expires
      ? refuse(role === 'root' ? 'TRUST_ROOT_EXPIRED' : 'METADATA_STALE', `${role} is over since ${expires}`)
      : refuse('CLOCK_UNTRUSTED', `${role} is over since ${expires}, and ${floor} was signed before`);
  }
  return ok(true);
}

/** @throws NodeError HOME_UNREADABLE where the root that the node trusts cannot be read: nothing can be checked without it */
function openUpdater(...of: Parameters<typeof openStoredUpdater>): ReturnType<typeof openStoredUpdater> {
  try {
    return openStoredUpdater(...of);
  } catch (error) {
    throw new NodeError('HOME_UNREADABLE', `the trusted root: ${messageOf(error)}`, { cause: error });
  }
}
