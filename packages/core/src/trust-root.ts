import {
  dsseEnvelopeSchema,
  payloadTypes,
  type RevokedKey,
  type TrustRoot,
  thresholdRoles,
  trustRootSchema,
} from '@orgo/contracts';
import { fromBase64 } from './base64.ts';
import { type Digest, digestOfBytes } from './digest.ts';
import { verifyDsse } from './dsse.ts';
import { keyIdOf, keyIdOfP256 } from './key-id.ts';
import type { NoteKey } from './note-key.ts';
import { ok, type Result, refuse } from './result.ts';
import type { TrustedKey, VerifySignature } from './signature.ts';
import { parseStrict } from './strict-json.ts';

/** A verified trust root: which keys hold which role of a tenant, and how its log is named and signed. */
export type Root = {
  readonly tenant_id: string;
  readonly version: number;
  /** RFC 3339. A root past its expiry still verifies what was signed under it; who acts on it decides. */
  readonly expires_at: string;
  /** Digest of the signed bytes; of version 1 it is what is pinned. */
  readonly digest: Digest;
  readonly roles: readonly string[];
  /** Keys of exactly this role; none for a role the root does not name. */
  keysOf(role: string): readonly TrustedKey[];
  /** How many distinct keys of the role must sign. */
  threshold(role: string): number;
  /** Keys on their way out: they verify, and sign nothing new. */
  readonly deprecated?: ReadonlyMap<string, { since: string; until: string }>;
  /** Keys that were dropped for a cause, by this version or one before. */
  readonly revoked?: readonly RevokedKey[];
  /** The versions before, where they are known: then entries of the log are judged by where they stand (`keysAt`). */
  readonly history?: RootHistory;
  /** The tenant's log: origin line of its checkpoints, its current key, and every key that may sign them. */
  readonly log: { readonly origin: string; readonly public: Uint8Array; readonly keys: readonly NoteKey[] };
};

/** What came before a root: keys by the place of the entry they signed. */
export type RootHistory = {
  keysAt(role: string, index: number): readonly TrustedKey[];
  /** True for a key that an earlier version listed for the role and this one does not. */
  dropped(role: string, keyid: string): boolean;
};

const invalid = (why: string) => refuse('TRUST_ROOT_INVALID', why);

const keysOfRole = (body: TrustRoot, role: string): TrustedKey[] | undefined => {
  const keys: TrustedKey[] = [];
  for (const keyid of Object.hasOwn(body.roles, role) ? (body.roles[role]?.key_ids ?? []) : []) {
    const key = Object.hasOwn(body.keys, keyid) ? body.keys[keyid] : undefined;
    if (key === undefined) return undefined;
    keys.push({ keyid, ...key });
  }
  return keys;
};

const idOfMaterial = (alg: TrustedKey['alg'], material: Uint8Array): string | undefined => {
  if (alg === 'ed25519') return material.length === 32 ? keyIdOf(material) : undefined;
  return material.length === 91 ? keyIdOfP256(material) : undefined;
};

/** Ids follow from the material, and no key holds two roles: a signature then says by itself in which role it was made. */
const keysAreSound = (body: TrustRoot): boolean => {
  const used = new Set<string>();
  for (const role of Object.keys(body.roles)) {
    const keys = keysOfRole(body, role);
    if (keys === undefined || keys.length < (body.roles[role]?.threshold ?? 1)) return false;
    for (const key of keys) {
      const material = fromBase64(key.public);
      if (!material.ok || used.has(key.public)) return false;
      if (idOfMaterial(key.alg, material.value) !== key.keyid) return false;
      used.add(key.public);
    }
  }
  return true;
};

/** A role that wants more signatures than what it signs can carry; undefined where there is none. */
const unkeptThreshold = (body: TrustRoot): string | undefined =>
  Object.keys(body.roles).find((role) => (body.roles[role]?.threshold ?? 1) > 1 && !thresholdRoles.has(role));

/** A revoked key is listed no more, and no later version forgets one. */
const revocationsHold = ({ keys, revoked = [] }: TrustRoot, before: Root | undefined): boolean => {
  const named = new Set(revoked.map(({ key_id }) => key_id));
  const forgotten = (before?.revoked ?? []).some(({ key_id }) => !named.has(key_id));
  return !forgotten && !Object.keys(keys).some((key_id) => named.has(key_id));
};

const rootOf = (body: TrustRoot, digest: Digest): Result<Root> => {
  const byRole = new Map(Object.keys(body.roles).map((role) => [role, keysOfRole(body, role) ?? []]));
  const logKeys: NoteKey[] = [];
  for (const key of byRole.get('log') ?? []) {
    const material = fromBase64(key.public);
    if (material.ok && key.alg === 'ed25519') logKeys.push({ name: body.log_origin, public: material.value });
  }
  const [current] = logKeys;
  if (current === undefined) return invalid('no Ed25519 key holds the role log');
  return ok({
    tenant_id: body.tenant_id,
    version: body.version,
    expires_at: body.expires_at,
    digest,
    roles: [...byRole.keys()],
    keysOf: (role) => byRole.get(role) ?? [],
    threshold: (role) => (Object.hasOwn(body.roles, role) ? (body.roles[role]?.threshold ?? 1) : 1),
    deprecated: new Map(Object.entries(body.deprecated ?? {})),
    revoked: body.revoked ?? [],
    log: { origin: body.log_origin, public: current.public, keys: logKeys },
  });
};

/**
 * Reads one root file and verifies it: version 1 against the pinned digest of its payload, a later version by the root keys
 * of the version before and by its own (TUF section 5.3.4).
 * Refuses with `ROOT_VERSION_GAP` where it is another version than the next one, `ROOT_CONTINUITY_FAILED` where a later version is not signed by both,
 * `TRUST_ROOT_INVALID` for everything else; the detail says which rule failed.
 */
export function readRoot(
  bytes: Uint8Array,
  expect: { tenant: string; version: number; pin: string; before: Root | undefined; verify: VerifySignature },
): Result<Root> {
  const { tenant, version, pin, before, verify } = expect;
  const json = parseStrict(bytes);
  if (!json.ok) return invalid(json.detail);
  const envelope = dsseEnvelopeSchema.safeParse(json.value);
  if (!envelope.success) return invalid('not a DSSE envelope');
  const payload = fromBase64(envelope.data.payload);
  if (!payload.ok) return invalid(payload.detail);
  const digest = digestOfBytes(payload.value);
  const content = parseStrict(payload.value);
  if (!content.ok) return invalid(content.detail);
  const body = trustRootSchema.safeParse(content.value);
  if (!body.success) return invalid(body.error.issues[0]?.message ?? 'not a trust root');
  if (body.data.tenant_id !== tenant) return invalid('of another tenant');
  if (body.data.version !== version)
    return refuse('ROOT_VERSION_GAP', `version ${body.data.version} where ${version} comes next`);
  if (!keysAreSound(body.data)) return invalid('a key id is not of its key, or a key holds two roles');
  const unkept = unkeptThreshold(body.data);
  if (unkept !== undefined)
    return invalid(`role ${unkept} has a threshold above one, and what it signs is signed once`);
  if (!revocationsHold(body.data, before)) return invalid('a revoked key is listed, or forgotten');
  if (version === 1 ? digest !== pin : before?.version !== version - 1)
    return invalid('not the pinned root or its successor');

  const root = rootOf(body.data, digest);
  if (!root.ok) return root;
  for (const signers of before === undefined ? [root.value] : [before, root.value]) {
    const signed = verifyDsse(envelope.data, {
      payloadType: payloadTypes.trustRoot,
      keys: signers.keysOf('root'),
      threshold: signers.threshold('root'),
      verify,
    });
    if (!signed.ok) {
      const why = `by the keys of version ${signers.version}: ${signed.detail}`;
      return before === undefined ? invalid(why) : refuse('ROOT_CONTINUITY_FAILED', why);
    }
  }
  return root;
}
