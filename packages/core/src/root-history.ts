import { toBase64 } from './base64.ts';
import { type SignedItem, type StatementCache, type VerifiedItem, verifyItem } from './batch.ts';
import { type DsseEnvelope, verifyDsse } from './dsse.ts';
import type { NoteKey } from './note-key.ts';
import { type Result, refuse } from './result.ts';
import { keyIdentity, type TrustedKey, type VerifySignature } from './signature.ts';
import type { Root, RootHistory } from './trust-root.ts';

/** At which index of the log the entry of each root version stands; absent where none is known. */
export type RootPlaces = ReadonlyMap<number, number>;

/**
 * The newest root of a chain, knowing the ones before. A signature by a key that a later root dropped counts only where its entry stands below
 * the entry of that root: who has the key can write any time into what they sign, but not any place. Without a known place the drop counts
 * from the beginning. A revoked key's `distrust_from_index` counts before that. Keys of the log that were dropped and not revoked go on vouching for the
 * checkpoints they signed.
 */
export function withHistory(chain: readonly Root[], places: RootPlaces): Root {
  const newest = chain.at(-1) as Root;
  const distrusted = (keyid: string, index: number): boolean =>
    (newest.revoked ?? []).some(
      ({ key_id, distrust_from_index }) =>
        key_id === keyid && distrust_from_index !== null && index >= distrust_from_index,
    );
  const lists = (root: Root, role: string, key: TrustedKey): boolean =>
    root.keysOf(role).some((known) => keyIdentity(known) === keyIdentity(key));
  const droppedFrom = function* (role: string): Generator<{ key: TrustedKey; by: number }> {
    for (let at = chain.length - 2; at >= 0; at--)
      for (const key of (chain[at] as Root).keysOf(role))
        if (!lists(chain[at + 1] as Root, role, key)) yield { key, by: at + 2 };
  };
  const history: RootHistory = {
    keysAt(role, index) {
      const keys = [...newest.keysOf(role)];
      for (const { key, by } of droppedFrom(role)) {
        const place = places.get(by);
        const counts = place !== undefined && index < place && !distrusted(key.keyid, index);
        if (counts && !keys.some((known) => keyIdentity(known) === keyIdentity(key))) keys.push(key);
      }
      return keys;
    },
    dropped: (role, keyid) =>
      !newest.keysOf(role).some((key) => key.keyid === keyid) &&
      [...droppedFrom(role)].some(({ key }) => key.keyid === keyid),
  };
  const gone = new Set((newest.revoked ?? []).map(({ key_id }) => key_id));
  const wasRevoked = (root: Root, key: NoteKey): boolean =>
    root.keysOf('log').some(({ keyid, public: material }) => gone.has(keyid) && material === toBase64(key.public));
  const former = chain.slice(0, -1).flatMap((root) => root.log.keys.filter((key) => !wasRevoked(root, key)));
  // The current key first, as in every root.
  const known = new Map([...newest.log.keys, ...former].map((key) => [toBase64(key.public), key]));
  return { ...newest, history, log: { ...newest.log, keys: [...known.values()] } };
}

/** The keys of a role whose signature counts on the entry at `index`: the root's own, where it knows of none before. */
export const keysAt = (root: Pick<Root, 'keysOf' | 'history'>, role: string, index: number): readonly TrustedKey[] =>
  root.history?.keysAt(role, index) ?? root.keysOf(role);

/**
 * `verifyItem` under a trust root, for an item that stands at `index` in the log, or for one that stands nowhere yet.
 * Refuses as it does, and with `KEY_REVOKED` where the key was the role's and a later root dropped it.
 */
export function verifyItemUnder(
  item: SignedItem,
  under: {
    root: Root;
    role: string;
    type: string;
    index?: number | undefined;
    verify: VerifySignature;
    cache?: StatementCache | undefined;
  },
): Result<VerifiedItem> {
  const { root, role, type, index, verify, cache } = under;
  const keys = index === undefined ? root.keysOf(role) : keysAt(root, role, index);
  const verified = verifyItem(item, {
    type,
    role,
    tenant_id: root.tenant_id,
    keys,
    verify,
    ...(cache && { cache }),
  });
  if (verified.ok || verified.code !== 'KEY_UNKNOWN' || !root.history?.dropped(role, item.proof.key_id))
    return verified;
  return revoked(item.proof.key_id, role, index);
}

const revoked = (keyid: string, role: string, index: number | undefined) => {
  const place = index === undefined ? 'has no place in the log yet' : `stands at ${index}`;
  return refuse('KEY_REVOKED', `${keyid} was dropped from ${role}, and what it signed ${place}`);
};

/**
 * `verifyDsse` under a trust root, for an envelope whose place is that of an entry of the log that rests on it, or which has none yet. `threshold` is the
 * root's, unless another root said at that time how many must sign.
 * Refuses as it does, and with `KEY_REVOKED` where no key of the role signed, and one that a later root dropped is named.
 */
export function verifyDsseUnder(
  envelope: DsseEnvelope,
  under: {
    root: Pick<Root, 'keysOf' | 'threshold' | 'history'>;
    role: string;
    type: string;
    index?: number | undefined;
    threshold?: number;
    verify: VerifySignature;
  },
): ReturnType<typeof verifyDsse> {
  const { root, role, type, index, threshold = root.threshold(role), verify } = under;
  const keys = index === undefined ? root.keysOf(role) : keysAt(root, role, index);
  const verified = verifyDsse(envelope, { payloadType: type, keys, threshold, verify });
  if (verified.ok || verified.code !== 'KEY_UNKNOWN') return verified;
  const gone = envelope.signatures.find(({ keyid }) => root.history?.dropped(role, keyid));
  return gone === undefined ? verified : revoked(gone.keyid, role, index);
}
