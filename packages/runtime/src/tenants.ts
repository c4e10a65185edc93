import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fixedRoles, payloadTypes, roleOfAdapter, type TrustRoot, trustRootSchema } from '@orgo/contracts';
import { canonicalBytes, type Digest, digestOfBytes, fromBase64, pae, parseStrict, toBase64 } from '@orgo/core';
import { createFile, makeDir, readFileIfAny, replaceFile } from './durable-file.ts';
import { Fault, Refused } from './errors.ts';
import type { KeyAlg } from './key-files.ts';
import { type KeyStore, openKeyStore } from './key-store.ts';
import { withProcessLock } from './process-lock.ts';
import { type AnySigner, trustedKeyOf } from './signer.ts';
import { keysDir, pinsFile, pinsLock, readPins, rootFile, trustDir, unsealedFile } from './trust-files.ts';

export type CreatedTenant = { tenant_id: string; fingerprint: Digest; root_version: number; created: boolean };

const days = (from: Date, count: number): string => new Date(from.getTime() + count * 86_400_000).toISOString();

/** A root file: the body in its one form, under the signatures of these keys. */
export const signRoot = async (body: TrustRoot, signers: readonly AnySigner[]): Promise<Uint8Array> => {
  const payload = canonicalBytes(trustRootSchema.parse(body));
  const message = pae(payloadTypes.trustRoot, payload);
  const signatures = await Promise.all(
    signers.map(async (signer) => ({ keyid: signer.key_id, sig: toBase64(await signer.sign(message)) })),
  );
  return canonicalBytes({ payloadType: payloadTypes.trustRoot, payload: toBase64(payload), signatures });
};

const payloadOf = (envelope: Uint8Array): Uint8Array => {
  const json = parseStrict(envelope);
  const payload =
    json.ok && typeof json.value === 'object' && json.value !== null && 'payload' in json.value
      ? json.value.payload
      : undefined;
  const bytes = fromBase64(typeof payload === 'string' ? payload : '!');
  if (!bytes.ok) throw new Refused('TRUST_ROOT_INVALID', 'not a root file');
  return bytes.value;
};

/** Another process may pin at the same moment. */
const pin = (dir: string, tenant: string, fingerprint: Digest): Promise<boolean> =>
  withProcessLock(pinsLock(dir), async () => {
    const pins = await readPins(dir);
    const pinned = pins.get(tenant);
    if (pinned === fingerprint) return false;
    if (pinned !== undefined) throw new Refused('TRUST_ROOT_INVALID', `tenant ${tenant} is pinned to ${pinned}`);
    await replaceFile(pinsFile(dir), canonicalBytes({ ...Object.fromEntries(pins), [tenant]: fingerprint }), 0o644);
    return true;
  });

export type TenantOptions = {
  adapters: readonly string[];
  instance?: string;
  now?: Date;
  validDays?: number;
  /** Of every key but the log's, which is Ed25519: signed notes know no other. By default Ed25519 in files, and what a token is set to. */
  alg?: KeyAlg;
  /** How many root keys there are, and how many must sign a root; the same for the root of the channels. */
  rootKeys?: number;
  rootThreshold?: number;
};

const rootRoles: ReadonlySet<string> = new Set(['root', 'tuf-root']);

/** The keys of a role: those that are there, and as many more as it needs. */
async function keysOfRole(
  store: KeyStore,
  tenant: string,
  role: string,
  { rootKeys = 1, alg }: TenantOptions,
): Promise<AnySigner[]> {
  const of = role === 'log' ? 'ed25519' : alg;
  const first = await store.first(tenant, role, of);
  if (!rootRoles.has(role) || rootKeys === 1) return [first];
  const held = await store.list(tenant, role);
  while (held.length < rootKeys) held.push(await store.another(tenant, role, of));
  return held;
}

/**
 * Makes a tenant in a home: a key per role, the first trust root signed by the root key, and its pin; all durable on return.
 * A repeated call finishes what a crash left undone and otherwise changes nothing (`created: false`).
 *
 * `instance` names this Orgo in the origin of the tenant's log, `orgo.local/<instance>/<tenant>`. Embedded keys share one disk with the
 * services, so they prove nothing against who owns that disk.
 * @throws Refused TRUST_ROOT_INVALID when another root is pinned.
 */
export async function createTenant(home: string, tenant: string, options: TenantOptions): Promise<CreatedTenant> {
  const { adapters, instance = 'local', now = new Date(), validDays = 3650 } = options;
  const { rootKeys = 1, rootThreshold = 1 } = options;
  if (!(rootThreshold >= 1 && rootThreshold <= rootKeys && rootKeys <= 16))
    throw new Refused('USAGE_INVALID', `${rootThreshold} of ${rootKeys} root keys cannot be`);
  const roles = [...fixedRoles, ...new Set(adapters.map(roleOfAdapter))];
  const store = await openKeyStore(keysDir(home));
  const byRole = new Map<string, AnySigner[]>();
  const file = rootFile(trustDir(home), tenant, 1);
  // Root keys may lie elsewhere since: where there is a root none are made.
  const isThere = (await readFileIfAny(file)) !== undefined;
  for (const role of roles.filter((role) => !(isThere && rootRoles.has(role))))
    byRole.set(role, await keysOfRole(store, tenant, role, options));
  const signers = [...byRole.values()].flat();
  const thresholdOf = (role: string): number => (rootRoles.has(role) ? rootThreshold : 1);
  const body: TrustRoot = {
    v: 1,
    tenant_id: tenant,
    version: 1,
    issued_at: now.toISOString(),
    expires_at: days(now, validDays),
    keys: Object.fromEntries(signers.map(trustedKeyOf).map(({ keyid, ...key }) => [keyid, key])),
    roles: Object.fromEntries(
      [...byRole].map(([role, keys]) => [
        role,
        { key_ids: keys.map(({ key_id }) => key_id), threshold: thresholdOf(role) },
      ]),
    ),
    log_origin: `orgo.local/${instance}/${tenant}`,
  };
  if (!isThere) await createFile(file, await signRoot(body, byRole.get('root') ?? []), 0o644);
  // The file that stands decides, also when it is of an earlier call that died before its pin.
  const fingerprint = digestOfBytes(payloadOf(await readFile(file)));
  // crash: if we die before the pin, nobody believes the root, and the next call pins it.
  const created = await pin(trustDir(home), tenant, fingerprint);
  return { tenant_id: tenant, fingerprint, root_version: 1, created };
}

/**
 * Publishes the next version of a tenant's root, signed by the given keys (those of the old root role and of the new one);
 * durable on return. Processes find it within a second. `edit` gets the newest body with its version already raised.
 * @throws Refused TRUST_ROOT_MISSING, or Fault STATE_CONFLICT when another writer published the same version.
 */
export async function publishRoot(
  home: string,
  tenant: string,
  edit: (body: TrustRoot) => TrustRoot,
  signers: readonly AnySigner[],
): Promise<number> {
  const dir = trustDir(home);
  await makeDir(join(dir, tenant));
  let newest: Uint8Array | undefined;
  let version = 1;
  for (
    let bytes = await readFileIfAny(rootFile(dir, tenant, version));
    bytes !== undefined;
    bytes = await readFileIfAny(rootFile(dir, tenant, version))
  ) {
    newest = bytes;
    version++;
  }
  if (newest === undefined) throw new Refused('TRUST_ROOT_MISSING', `tenant ${tenant} has no root version 1`);
  const json = parseStrict(payloadOf(newest));
  const body = trustRootSchema.parse(json.ok ? json.value : undefined);
  const next = edit({ ...structuredClone(body), version });
  await writeRoot(dir, tenant, version, await signRoot(next, signers));
  return version;
}

/**
 * Writes a root file that follows the newest one; durable on return. It is marked first as one that the log does not hold yet.
 * @throws Fault STATE_CONFLICT when another writer published the same version
 */
export async function writeRoot(dir: string, tenant: string, version: number, bytes: Uint8Array): Promise<void> {
  await createFile(unsealedFile(dir, tenant, version), '', 0o644);
  // crash: if we die here a root is marked that there is not, and nobody looks for it before it is there.
  if (!(await createFile(rootFile(dir, tenant, version), bytes, 0o644)))
    throw new Fault('STATE_CONFLICT', `root version ${version} of ${tenant} was published by another writer`);
}
