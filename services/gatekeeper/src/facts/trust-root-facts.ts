import type { Digest, GateClaim } from '@orgo/contracts';
import { keyIdentity } from '@orgo/core';
import { Fault } from '@orgo/runtime/errors';
import type { Root, TrustStore } from '@orgo/runtime/trust';
import type { TrustRootFacts } from '../domain/index.ts';

type RoleKey = { role: string; key_id: string };

/** Keys that `from` lists in some role and `to` does not. */
const missing = (from: Root, to: Root): RoleKey[] =>
  from.roles.flatMap((role) => {
    const kept = new Set(to.keysOf(role).map(keyIdentity));
    return from
      .keysOf(role)
      .filter((key) => !kept.has(keyIdentity(key)))
      .map(({ keyid }) => ({ role, key_id: keyid }));
  });

/**
 * What this process's own trust store has of the root that a claim names; null where the claim names none.
 * @throws Fault ROOT_VERSION_UNKNOWN while it has not arrived, Breach of the trust store
 */
export async function trustRootFacts(
  trust: TrustStore,
  { tenant_id, detail }: GateClaim,
): Promise<TrustRootFacts | null> {
  const { version } = detail;
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 2) return null;
  const { roots } = await trust.chain(tenant_id);
  const [before, root] = [roots[version - 2], roots[version - 1]];
  if (before === undefined || root === undefined)
    throw new Fault('ROOT_VERSION_UNKNOWN', `tenant ${tenant_id} has no root version ${version}`);
  const known = new Set((before.revoked ?? []).map(({ key_id }) => key_id));
  return {
    version,
    root_digest: root.digest as Digest,
    expires_at: root.expires_at,
    added: missing(root, before),
    dropped: missing(before, root),
    revoked: (root.revoked ?? []).filter(({ key_id }) => !known.has(key_id)),
  };
}
