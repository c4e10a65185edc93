import { type TrustRoot, trustRootSchema } from '@orgo/contracts';
import { fromBase64, keyIdentity, parseStrict } from '@orgo/core';
import { readFileIfAny } from './durable-file.ts';
import { Breach, Refused } from './errors.ts';
import { createKey, createSpareKey, type KeyAlg, makeCurrent } from './key-files.ts';
import { openKeyStore } from './key-store.ts';
import { type AnySigner, trustedKeyOf, verifySignature } from './signer.ts';
import { signRoot, writeRoot } from './tenants.ts';
import { type Root, TrustStore } from './trust.ts';
import { keysDir, rootFile, trustDir } from './trust-files.ts';
import { readRoot } from './trust-root.ts';

/** What became of the keys of a role. `root_version` is null where no root lists the role: the key of a channel follows from channel metadata. */
export type Rotated = { role: string; root_version: number | null; key_id: string; before: string[] };

const hour = 3_600_000;
const bodyOf = async (dir: string, tenant: string, version: number): Promise<TrustRoot> => {
  const envelope = parseStrict((await readFileIfAny(rootFile(dir, tenant, version))) ?? new Uint8Array());
  const payload = fromBase64(envelope.ok ? String((envelope.value as { payload?: unknown }).payload) : '!');
  const json = parseStrict(payload.ok ? payload.value : new Uint8Array());
  const body = trustRootSchema.safeParse(json.ok ? json.value : undefined);
  if (!body.success) throw new Breach('TRUST_ROOT_INVALID', `${tenant} version ${version} cannot be read`);
  return body.data;
};

/** The newest root of a tenant with its body, and the root keys that are held here. */
async function present(home: string, tenant: string) {
  const dir = trustDir(home);
  const { roots } = await TrustStore.open(dir).chain(tenant);
  const root = roots.at(-1) as Root;
  return {
    dir,
    root,
    body: await bodyOf(dir, tenant, root.version),
    rootKeys: await (await openKeyStore(keysDir(home))).list(tenant, 'root'),
  };
}

/**
 * Publishes the version after the newest one, signed by every root key of both that is held here, after reading it as everybody will. It is good for
 * as long as the one before was. Durable on return; processes find it within a second.
 * @throws Refused or Breach with the code of `readRoot`: THRESHOLD and continuity are not met where too few root keys are here; Fault STATE_CONFLICT
 */
async function publishNext(
  home: string,
  tenant: string,
  edit: (body: TrustRoot) => TrustRoot,
  now: Date,
): Promise<number> {
  const { dir, root, body, rootKeys } = await present(home, tenant);
  const life = Date.parse(body.expires_at) - Date.parse(body.issued_at);
  const next = edit({
    ...structuredClone(body),
    version: root.version + 1,
    issued_at: now.toISOString(),
    expires_at: new Date(now.getTime() + life).toISOString(),
  });
  const listed = new Set([...root.keysOf('root').map(({ keyid }) => keyid), ...(next.roles.root?.key_ids ?? [])]);
  const signers = rootKeys.filter(({ key_id }) => listed.has(key_id));
  if (signers.length === 0)
    throw new Refused('SIGNATURE_MISSING', `no root key of ${tenant} is held in ${keysDir(home)}`);
  const bytes = await signRoot(next, signers);
  const expect = { tenant, version: next.version, pin: '', before: root, verify: verifySignature };
  const read = readRoot(bytes, expect);
  if (!read.ok) throw new Refused(read.code, read.detail);
  await writeRoot(dir, tenant, next.version, bytes);
  return next.version;
}

const publicOf = (signer: AnySigner): TrustRoot['keys'][string] => {
  const { keyid: _, ...key } = trustedKeyOf(signer);
  return key;
};

/** A key of the role that lies here and was in no root yet: what an earlier call left before it died, or a new one. */
async function freshKey(
  home: string,
  root: Root,
  roots: readonly Root[],
  role: string,
  alg: KeyAlg,
): Promise<AnySigner> {
  const store = await openKeyStore(keysDir(home));
  const ever = new Set(roots.flatMap((one) => one.keysOf(role)).map(keyIdentity));
  const held = await store.list(root.tenant_id, role);
  const left = held.find((signer) => signer.alg === alg && !ever.has(keyIdentity(trustedKeyOf(signer))));
  return left ?? store.another(root.tenant_id, role, alg);
}

const isChannelRole = (role: string): boolean => role.startsWith('channel.');

/** A channel's key is listed by the channel metadata, not by the root: another one takes its place here, and the next publication says so. */
async function rotateChannel(home: string, tenant: string, role: string, alg: KeyAlg): Promise<Rotated> {
  const dir = keysDir(home);
  const before = await createKey(dir, tenant, role);
  const fresh = await createSpareKey(dir, tenant, role, alg);
  await makeCurrent(dir, tenant, role, fresh.key_id);
  return { role, root_version: null, key_id: fresh.key_id, before: [before.key_id] };
}

/**
 * Gives a role another key, which signs from now on; the ones before go on verifying until `until` (the overlap), and are dropped by
 * `retireKeys`. One published root, signed by the old root keys and, for the role `root`, by the new one too.
 * @throws Refused KEY_UNKNOWN for a role that the root does not name; as `publishNext`
 */
export async function rotateRole(
  home: string,
  tenant: string,
  role: string,
  options: { alg?: KeyAlg; overlapHours?: number; now?: Date } = {},
): Promise<Rotated> {
  const { overlapHours = 24, now = new Date() } = options;
  if (isChannelRole(role)) return rotateChannel(home, tenant, role, options.alg ?? 'ed25519');
  const { dir, root } = await present(home, tenant);
  const current = root.keysOf(role);
  const [first] = current;
  if (first === undefined) throw new Refused('KEY_UNKNOWN', `the trust root of ${tenant} names no role ${role}`);
  const alg = role === 'log' ? 'ed25519' : (options.alg ?? first.alg);
  const { roots } = await TrustStore.open(dir).chain(tenant);
  const fresh = await freshKey(home, root, roots, role, alg);
  const deprecated = new Set(root.deprecated?.keys() ?? []);
  const threshold = root.threshold(role);
  // With a threshold of several the oldest one goes, so that as many as before are on duty.
  const active = current.filter(({ keyid }) => !deprecated.has(keyid));
  const goes = active.slice(threshold > 1 ? -1 : 0).map(({ keyid }) => keyid);
  const until = new Date(now.getTime() + overlapHours * hour).toISOString();
  const root_version = await publishNext(
    home,
    tenant,
    (body) => ({
      ...body,
      keys: { ...body.keys, [fresh.key_id]: publicOf(fresh) },
      roles: { ...body.roles, [role]: { threshold, key_ids: [fresh.key_id, ...current.map(({ keyid }) => keyid)] } },
      deprecated: {
        ...body.deprecated,
        ...Object.fromEntries(goes.map((key_id) => [key_id, { since: now.toISOString(), until }])),
      },
    }),
    now,
  );
  return { role, root_version, key_id: fresh.key_id, before: goes };
}

const without = (body: TrustRoot, gone: ReadonlySet<string>): TrustRoot => {
  const keep = <T>(record: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(record).filter(([key_id]) => !gone.has(key_id)));
  return {
    ...body,
    keys: keep(body.keys),
    roles: Object.fromEntries(
      Object.entries(body.roles).map(([role, { key_ids, threshold }]) => [
        role,
        { key_ids: key_ids.filter((key_id) => !gone.has(key_id)), threshold },
      ]),
    ),
    deprecated: keep(body.deprecated ?? {}),
  };
};

/**
 * Drops the keys whose overlap is over, or all deprecated ones with `early`. What they signed counts where its entry is in the log below the entry of
 * the root that this publishes. Null version where there is nothing to drop.
 */
export async function retireKeys(
  home: string,
  tenant: string,
  options: { early?: boolean; now?: Date } = {},
): Promise<{ root_version: number | null; retired: string[] }> {
  const { early = false, now = new Date() } = options;
  const { root } = await present(home, tenant);
  const due = [...(root.deprecated ?? [])].filter(([, { until }]) => early || until <= now.toISOString());
  const retired = due.map(([key_id]) => key_id);
  if (retired.length === 0) return { root_version: null, retired };
  const root_version = await publishNext(home, tenant, (body) => without(body, new Set(retired)), now);
  return { root_version, retired };
}

/**
 * Never trusts a key again, from one published root on, and gives its role another one where too few would be left. What it signed counts where
 * its entry is in the log below that root's entry, and below `distrustFromIndex` where it is known since when a thief may have had it.
 * @throws Refused KEY_UNKNOWN for a key that the newest root does not list; as `publishNext`
 */
export async function revokeKey(
  home: string,
  tenant: string,
  key_id: string,
  options: { reason: string; distrustFromIndex?: number | null; now?: Date },
): Promise<Rotated> {
  const { reason, distrustFromIndex = null, now = new Date() } = options;
  const { dir, root } = await present(home, tenant);
  const role = root.roles.find((name) => root.keysOf(name).some(({ keyid }) => keyid === key_id));
  const key = role === undefined ? undefined : root.keysOf(role).find(({ keyid }) => keyid === key_id);
  if (role === undefined || key === undefined)
    throw new Refused('KEY_UNKNOWN', `root version ${root.version} of ${tenant} does not list ${key_id}`);
  const rest = root.keysOf(role).filter(({ keyid }) => keyid !== key_id && !root.deprecated?.has(keyid));
  const { roots } = await TrustStore.open(dir).chain(tenant);
  const isShort = rest.length < root.threshold(role);
  const fresh = isShort ? await freshKey(home, root, roots, role, key.alg) : null;
  const entry = { key_id, role, reason, at: now.toISOString(), distrust_from_index: distrustFromIndex };
  const root_version = await publishNext(
    home,
    tenant,
    (body) => {
      const left = without(body, new Set([key_id]));
      const { key_ids = [], threshold = 1 } = left.roles[role] ?? {};
      return {
        ...left,
        keys: fresh === null ? left.keys : { ...left.keys, [fresh.key_id]: publicOf(fresh) },
        roles: { ...left.roles, [role]: { threshold, key_ids: fresh === null ? key_ids : [fresh.key_id, ...key_ids] } },
        revoked: [...(body.revoked ?? []), entry],
      };
    },
    now,
  );
  return { role, root_version, key_id: fresh?.key_id ?? rest[0]?.keyid ?? '', before: [key_id] };
}

/** Publishes the same keys for another term, before the root expires. */
export const renewRoot = (home: string, tenant: string, now: Date = new Date()): Promise<number> =>
  publishNext(home, tenant, (body) => body, now);
