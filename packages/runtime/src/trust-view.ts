import { dsseEnvelopeSchema } from '@orgo/contracts';
import { fromBase64, pae, parseStrict } from '@orgo/core';
import type { KeyAlg } from './key-files.ts';
import { openKeyStore } from './key-store.ts';
import { verifySignature } from './signer.ts';
import { type Root, TrustStore } from './trust.ts';
import { keysDir, trustDir } from './trust-files.ts';

/** A key before a root lists it, while it signs, while it only verifies, after it was dropped, and after it was dropped for a cause. */
export const keyStates = ['PENDING', 'ACTIVE', 'DEPRECATED', 'RETIRED', 'REVOKED'] as const;
export type KeyView = {
  role: string;
  key_id: string;
  alg: KeyAlg;
  state: (typeof keyStates)[number];
  /** True where its private half lies in this home. */
  held: boolean;
  /** The root version that first listed it, and the one that dropped it. */
  since: number | null;
  dropped: number | null;
  until: string | null;
  reason: string | null;
};
export type TrustView = {
  tenant_id: string;
  root_version: number;
  fingerprint: string;
  expires_at: string;
  log_origin: string;
  roles: { role: string; threshold: number }[];
  keys: KeyView[];
  /**
   * Where each version's entry stands in the log, null for the first and for one that is not in it yet; and the root keys whose signatures
   * on it hold.
   */
  versions: { version: number; digest: string; log_index: number | null; signed_by: string[] }[];
};

/** Root keys that signed a version: those of the version before and of its own whose signatures hold. */
function signersOf(file: Uint8Array, roots: readonly Root[]): string[] {
  const json = parseStrict(file);
  const envelope = dsseEnvelopeSchema.safeParse(json.ok ? json.value : undefined);
  const payload = fromBase64(envelope.success ? envelope.data.payload : '!');
  if (!envelope.success || !payload.ok) return [];
  const message = pae(envelope.data.payloadType, payload.value);
  const keys = new Map(roots.flatMap((root) => root.keysOf('root')).map((key) => [key.keyid, key]));
  return envelope.data.signatures.flatMap(({ keyid = '', sig }) => {
    const [key, signature] = [keys.get(keyid), fromBase64(sig)];
    return key !== undefined && signature.ok && verifySignature(key, message, signature.value) ? [keyid] : [];
  });
}

/** Everything a tenant's trust says now and said before. Keys that no root lists yet are PENDING. */
export async function showTrust(home: string, tenant: string): Promise<TrustView> {
  const trust = TrustStore.open(trustDir(home));
  const { roots, places } = await trust.chain(tenant);
  const files = await Promise.all(roots.map(({ version }) => trust.file(tenant, version)));
  const newest = roots.at(-1) as Root;
  const keys = new Map<string, KeyView>();
  for (const root of roots)
    for (const role of root.roles)
      for (const { keyid, alg } of root.keysOf(role))
        keys.set(keyid, {
          ...(keys.get(keyid) ?? { held: false, since: root.version, until: null, reason: null }),
          role,
          key_id: keyid,
          alg,
          state: 'ACTIVE',
          dropped: null,
        });
  for (const view of keys.values()) {
    const last = roots.findLast((root) => root.keysOf(view.role).some(({ keyid }) => keyid === view.key_id)) as Root;
    const cause = newest.revoked?.find(({ key_id }) => key_id === view.key_id);
    const ends = newest.deprecated?.get(view.key_id);
    view.dropped = last.version === newest.version ? null : last.version + 1;
    view.state = cause ? 'REVOKED' : view.dropped !== null ? 'RETIRED' : ends ? 'DEPRECATED' : 'ACTIVE';
    view.until = ends?.until ?? null;
    view.reason = cause?.reason ?? null;
  }
  const store = await openKeyStore(keysDir(home));
  for (const role of newest.roles)
    for (const { key_id, alg } of await store.list(tenant, role)) {
      const view = keys.get(key_id);
      if (view !== undefined) view.held = true;
      else {
        const none = { since: null, dropped: null, until: null, reason: null };
        keys.set(key_id, { role, key_id, alg, state: 'PENDING', held: true, ...none });
      }
    }
  return {
    tenant_id: tenant,
    root_version: newest.version,
    fingerprint: (roots[0] as Root).digest,
    expires_at: newest.expires_at,
    log_origin: newest.log.origin,
    roles: newest.roles.map((role) => ({ role, threshold: newest.threshold(role) })),
    keys: [...keys.values()].sort((a, b) =>
      a.role < b.role ? -1 : a.role > b.role ? 1 : (a.since ?? 1e9) - (b.since ?? 1e9),
    ),
    versions: roots.map(({ version, digest }, at) => ({
      version,
      digest,
      log_index: places.get(version) ?? null,
      signed_by: signersOf(files[at] as Uint8Array, roots.slice(Math.max(0, at - 1), at + 1)),
    })),
  };
}
