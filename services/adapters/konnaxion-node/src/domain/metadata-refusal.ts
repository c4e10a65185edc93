import type { ReasonCode } from '@orgo/contracts';
import { tufKeyOf } from '@orgo/core';
import type { Root } from '@orgo/core/trust-root';
import { z } from 'zod';

/** Metadata that came last when the client said no, and what it was held against. */
export type Evidence = {
  /** As TUF names it: `root`, `timestamp`, `snapshot`, `targets`, or a channel's own role. */
  role: string;
  file: unknown;
  /** Metadata that says who may sign the role: the channel root, or its targets. */
  delegator: unknown;
  /** The tenant's trust roots that the node holds, oldest first. */
  trust: readonly Root[];
};

/** The role of a metadata file by its name in a consistent snapshot. */
export const roleOfFile = (name: string): string => name.replace(/\.json$/, '').replace(/^\d+\./, '');

const signaturesSchema = z.object({ signatures: z.array(z.object({ keyid: z.string() })) });
const roleSchema = z.object({ keyids: z.array(z.string()), threshold: z.number() });
const delegatorSchema = z.object({
  signed: z.object({
    roles: z.record(z.string(), roleSchema).default({}),
    delegations: z.object({ roles: z.array(roleSchema.extend({ name: z.string() })) }).optional(),
  }),
});

/** Who may sign which role, by what one file of metadata says. */
function rolesIn(delegator: unknown): Map<string, z.infer<typeof roleSchema>> {
  const parsed = delegatorSchema.safeParse(delegator);
  if (!parsed.success) return new Map();
  const { roles, delegations } = parsed.data.signed;
  return new Map([...Object.entries(roles), ...(delegations?.roles ?? []).map((role) => [role.name, role] as const)]);
}

/** Roles of trust roots under which a key is listed, as the channel root calls them; by its id in TUF metadata. */
const listedIn = (root: Root): Map<string, string> =>
  new Map(
    root.roles.flatMap((role) =>
      root.keysOf(role).map((key) => [tufKeyOf(key).id, role === 'tuf-root' ? 'root' : role] as const),
    ),
  );

/**
 * Why the signatures of refused metadata do not count: nobody's, a key's that the tenant never listed, that it dropped, or that it lists for something
 * else; too few; or the right key's over other bytes. Key ids prove nothing, and all that follows from them is the word for a refusal.
 */
export function codeOfSignatures({ role, file, delegator, trust }: Evidence): ReasonCode {
  if (role === 'root') return 'ROOT_CONTINUITY_FAILED';
  const parsed = signaturesSchema.safeParse(file);
  if (!parsed.success) return 'METADATA_INVALID';
  const signers = new Set(parsed.data.signatures.map(({ keyid }) => keyid));
  if (signers.size === 0) return 'SIGNATURE_MISSING';
  const roles = rolesIn(delegator);
  const expected = roles.get(role);
  const named = expected?.keyids.filter((keyid) => signers.has(keyid)) ?? [];
  if (expected !== undefined && named.length > 0)
    return named.length < expected.threshold ? 'THRESHOLD_NOT_MET' : 'SIGNATURE_INVALID';
  const newest = trust.at(-1);
  const now = newest === undefined ? new Map<string, string>() : listedIn(newest);
  for (const [name, { keyids }] of roles)
    for (const keyid of keyids) if (name !== role && signers.has(keyid)) return 'KEY_NOT_TRUSTED_FOR_ROLE';
  const once = trust.map(listedIn);
  for (const keyid of signers) {
    // The channel root may be ahead of the trust root that the node holds: a key that is listed there alone was dropped.
    if (now.get(keyid) === role) return 'KEY_REVOKED';
    if (now.has(keyid)) return 'KEY_NOT_TRUSTED_FOR_ROLE';
    if (once.some((listed) => listed.has(keyid))) return 'KEY_REVOKED';
  }
  return 'KEY_UNKNOWN';
}

/**
 * What a TUF client's refusal is called here. The client tells its refusals apart by class, and wraps those about snapshot and targets, of which only the
 * words are left: the words are those of tuf-js 6.
 */
export function codeOfRefusal(words: string, evidence: () => Evidence): ReasonCode {
  if (/\broot\.json is expired\b/.test(words)) return 'TRUST_ROOT_EXPIRED';
  if (/\bis expired\b/.test(words)) return 'METADATA_STALE';
  if (/^Expected version \d+, got \d+/.test(words)) return 'ROOT_VERSION_GAP';
  if (/\bis less than current version\b/.test(words)) return 'METADATA_ROLLBACK';
  if (
    /\bUnable to load\b.*\b(?:Expected (?:hash|length)|does not match snapshot version|doesn't match timestamp)/.test(
      words,
    )
  )
    return 'SNAPSHOT_MISMATCH';
  if (/\bwas signed by \d+\/\d+ keys\b/.test(words)) return codeOfSignatures(evidence());
  return 'METADATA_INVALID';
}
