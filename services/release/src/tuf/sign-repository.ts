import { digestOf, type JsonValue, tufKeyOf } from '@orgo/core';
import { codeOf } from '@orgo/runtime/errors';
import type { Log } from '@orgo/runtime/log';
import type { Keyring } from '@orgo/runtime/signer';
import type { Root } from '@orgo/runtime/trust';
import type { ChannelHead } from '../channel/heads.ts';
import { channelRole, signersOf, type TufSigner, tufRoleName, tufSignerOf } from './keys.ts';
import {
  channelPart,
  type Part,
  type RootTarget,
  rootPart,
  signPart,
  snapshotPart,
  type TopRoles,
  targetsPart,
  timestampPart,
  tufTime,
} from './metadata.ts';
import { type Lifetimes, lifeOf, renewalAfter } from './renewal.ts';
import type { Kept } from './rows.ts';

/** The four roles of TUF, and the roles of the tenant's trust root that give them their keys. */
export const orgoRoles = {
  root: 'tuf-root',
  targets: 'targets',
  snapshot: 'snapshot',
  timestamp: 'timestamp',
} as const;
type TopRole = keyof typeof orgoRoles;

type RootFile = {
  signed: {
    keys: Record<string, unknown>;
    roles: Record<TopRole, { keyids: string[]; threshold: number }>;
  };
};
const rolesIn = (root: Kept): RootFile['signed']['roles'] =>
  (JSON.parse(Buffer.from(root.bytes).toString('utf8')) as RootFile).signed.roles;

export type SignDeps = { keyring: Keyring; lifetimes: Lifetimes; log: Log };
type Turn = SignDeps & { tenant: string; trust: Root; now: string; kept: ReadonlyMap<string, Kept> };

/** A newest version per role. */
export const newestOf = (kept: readonly Kept[]): Map<string, Kept> => new Map(kept.map((one) => [one.role, one]));

const topRolesOf = (trust: Root): TopRoles => {
  const roleOf = (role: TopRole) => ({
    keys: trust.keysOf(orgoRoles[role]).map(tufKeyOf),
    threshold: trust.threshold(orgoRoles[role]),
  });
  return {
    root: roleOf('root'),
    targets: roleOf('targets'),
    snapshot: roleOf('snapshot'),
    timestamp: roleOf('timestamp'),
  };
};

/** Signs a part anew where it says something new, would be signed by others, or is due; otherwise what is kept stands. */
async function made(
  turn: Turn,
  role: string,
  part: Part,
  { version, signers }: { version: number; signers: readonly TufSigner[] },
): Promise<Kept> {
  const { kept, now, lifetimes } = turn;
  const content = digestOf({ says: part.says as JsonValue, signers: signers.map(({ id }) => id) });
  const before = kept.get(role);
  if (before !== undefined && before.content === content && before.renew_at > now) return before;
  const at = Date.parse(now);
  const expires_at = new Date(at + lifeOf(role, lifetimes)).toISOString();
  const renew_at = new Date(at + renewalAfter(role, lifetimes)).toISOString();
  const times = { expires: tufTime(Date.parse(expires_at)), issued_at: tufTime(at) };
  return { role, version, content, expires_at, renew_at, bytes: await signPart(part, { version, ...times }, signers) };
}

/** Who may sign a root after another: enough of the keys of both (TUF 1.0 section 5.3.4). */
async function rootSigners(turn: Turn, roles: TopRoles, before: Kept | undefined): Promise<TufSigner[]> {
  const of = { tenant: turn.tenant, role: orgoRoles.root };
  const wanted = [
    ...(before === undefined ? [] : [rolesIn(before).root]),
    { keyids: roles.root.keys.map(({ id }) => id), threshold: roles.root.threshold },
  ];
  const found = await Promise.all(wanted.map((role) => signersOf(turn.keyring, of, role)));
  return [...new Map(found.flat().map((signer) => [signer.id, signer])).values()];
}

/**
 * The root that stands from now on: another version where the trust root has other keys for its roles, or where it is to be renewed. Without enough
 * root keys at hand the one before stands, and with it the keys that it names: root keys may be kept where no service runs.
 */
async function rootOf(turn: Turn): Promise<Kept> {
  const { trust, kept, log, tenant } = turn;
  const before = kept.get('root');
  const roles = topRolesOf(trust);
  const part = rootPart(roles);
  const content = digestOf({ says: part.says as JsonValue, signers: [] });
  if (before !== undefined && before.content === content && before.renew_at > turn.now) return before;
  try {
    const signers = await rootSigners(turn, roles, before);
    const root = await made(turn, 'root', part, { version: (before?.version ?? 0) + 1, signers });
    return { ...root, content };
  } catch (error) {
    if (before === undefined) throw error;
    const { expires_at } = before;
    log.error({ code: codeOf(error), err: error, tenant_id: tenant, expires_at }, 'no new channel root can be signed');
    return before;
  }
}

/** The key a channel's own role signs with, made where there is none. */
async function channelSigner({ keyring, tenant }: Turn, channel: string): Promise<TufSigner> {
  const role = channelRole(channel);
  const [held] = await keyring.signers(tenant, role);
  return tufSignerOf(held ?? (await keyring.create(tenant, role)));
}

/**
 * What a tenant's repository is made of now, newest versions only, in the order in which it may be written. What is new has the version `publication`, which is
 * above every version before and above `floor` (roots count by themselves). Nothing but the root where nothing was ever published.
 * @throws Fault SIGNER_UNAVAILABLE: nothing is ever published unsigned
 */
export async function signRepository(
  deps: SignDeps,
  of: {
    tenant: string;
    trust: Root;
    now: string;
    heads: readonly ChannelHead[];
    roots: readonly RootTarget[];
    kept: readonly Kept[];
    floor: number;
  },
): Promise<Kept[]> {
  const { heads } = of;
  const turn: Turn = { ...deps, ...of, kept: newestOf(of.kept) };
  const root = await rootOf(turn);
  if (heads.length === 0) return [root];
  const version = 1 + Math.max(of.floor, ...of.kept.filter(({ role }) => role !== 'root').map((one) => one.version));
  const inForce = rolesIn(root);
  const by = (role: Exclude<TopRole, 'root'>): Promise<TufSigner[]> =>
    signersOf(deps.keyring, { tenant: of.tenant, role: orgoRoles[role] }, inForce[role]);

  const channels = [];
  for (const head of heads) {
    const signer = await channelSigner(turn, head.channel);
    const role = tufRoleName(head.channel);
    channels.push({
      channel: head.channel,
      signer,
      file: await made(turn, role, channelPart(head), { version, signers: [signer] }),
    });
  }
  const listed = targetsPart(
    channels.map(({ channel, signer: { id, key } }) => ({ channel, key: { id, key } })),
    of.roots,
  );
  const targets = await made(turn, 'targets', listed, { version, signers: await by('targets') });
  const files = new Map([targets, ...channels.map(({ file }) => file)].map((file) => [`${file.role}.json`, file]));
  const snapshot = await made(turn, 'snapshot', snapshotPart(files), { version, signers: await by('snapshot') });
  const timestamp = await made(turn, 'timestamp', timestampPart(snapshot), { version, signers: await by('timestamp') });
  return [root, ...channels.map(({ file }) => file), targets, snapshot, timestamp];
}
