import type { Digest } from '@orgo/contracts';
import { sha256Hex } from '#sha256';
import { fromBase64, toBase64 } from './base64.ts';
import { batchLeaf } from './batch-leaf.ts';
import { canonicalBytes } from './canonical.ts';
import { fromHex, toHex } from './hex.ts';
import type { JsonValue } from './json-limits.ts';
import { levelsOf, pathIn } from './merkle-levels.ts';
import { rootFromPath } from './merkle-verify.ts';
import { pae } from './pae.ts';
import { ok, type Result, refuse } from './result.ts';
import { isOfItsAlg, keyIdentity, type TrustedKey, type VerifySignature } from './signature.ts';
import { parseStrict } from './strict-json.ts';
import { utf8 } from './text.ts';

/** One signature over the Merkle root of a batch, and the path of one item in it. */
export type BatchProof = {
  /** Which key to try; a hint, since only keys of the expected role are ever tried. */
  key_id: string;
  role: string;
  tenant_id: string;
  /** Standard base64 of the signature over `batchStatement`. */
  sig: string;
  size: number;
  index: number;
  /** Inclusion path from the item's sibling up, 64 hex digits per hash. */
  path: string[];
};

/** A message that can be believed on its own: its payload type, the exact RFC 8785 text, and the proof. */
export type SignedItem = { type: string; payload: string; proof: BatchProof };

/** What a verified item is. `digest` is of the exact bytes that were signed: store these, do not write the value again. */
export type VerifiedItem = { payload: JsonValue; bytes: Uint8Array; key_id: string; digest: Digest };

/** Statements already verified in this process. Its owner bounds it; losing an entry costs one signature check. */
export type StatementCache = { has(key: string): boolean; add(key: string): unknown };

const statementType = 'application/vnd.orgo.batch.v1+json';

/** The largest batch: paths stay within 16 hashes. */
export const maxBatchSize = 65_536;

/**
 * The message that is signed for a batch. It names role and tenant, so that a signature cannot be moved to another
 * role or tenant, and the size, so that a path has one possible length.
 */
export const batchStatement = (batch: {
  role: string;
  tenant_id: string;
  root: Uint8Array;
  size: number;
}): Uint8Array => {
  const { role, tenant_id, size } = batch;
  return pae(statementType, canonicalBytes({ v: 1, role, tenant_id, root: toHex(batch.root), size }));
};

type Signable = { type: string; payload: string };
type BatchSigner = { role: string; tenant_id: string; key_id: string };

/**
 * Signs many items with one signature. Payloads must already be RFC 8785 text. `sign` is called once with the
 * statement; what it throws goes to the caller, and where it gives a promise (a key that lives elsewhere) so does this.
 * A RangeError for more than `maxBatchSize` items.
 */
export function signBatch(
  items: readonly Signable[],
  signer: BatchSigner,
  sign: (message: Uint8Array) => Uint8Array,
): SignedItem[];
export function signBatch(
  items: readonly Signable[],
  signer: BatchSigner,
  sign: (message: Uint8Array) => Uint8Array | Promise<Uint8Array>,
): SignedItem[] | Promise<SignedItem[]>;
export function signBatch(
  items: readonly Signable[],
  signer: BatchSigner,
  sign: (message: Uint8Array) => Uint8Array | Promise<Uint8Array>,
): SignedItem[] | Promise<SignedItem[]> {
  if (items.length === 0) return [];
  if (items.length > maxBatchSize) throw new RangeError(`a batch holds at most ${maxBatchSize} items`);
  const { role, tenant_id, key_id } = signer;
  const levels = levelsOf(items.map(({ type, payload }) => batchLeaf(type, payload)));
  const root = (levels.at(-1) as Uint8Array[])[0] as Uint8Array;
  const size = items.length;
  const signedBy = (signature: Uint8Array): SignedItem[] => {
    const sig = toBase64(signature);
    return items.map(({ type, payload }, index) => ({
      type,
      payload,
      proof: { key_id, role, tenant_id, sig, size, index, path: pathIn(levels, index).map(toHex) },
    }));
  };
  const signature = sign(batchStatement({ role, tenant_id, root, size }));
  return signature instanceof Uint8Array ? signedBy(signature) : signature.then(signedBy);
}

const rootOfItem = (leaf: Uint8Array, { index, size, path }: BatchProof): Result<Uint8Array> => {
  if (size > maxBatchSize) return refuse('PROOF_INVALID', `a batch holds at most ${maxBatchSize} items`);
  const hashes: Uint8Array[] = [];
  for (const hex of path) {
    const hash = fromHex(hex);
    if (!hash.ok) return hash;
    hashes.push(hash.value);
  }
  return rootFromPath({ index, size, leafHash: leaf, path: hashes });
};

/** Finds the key that signed this root. The cache is asked per key material, so a key that leaves the root leaves it too. */
const signerOf = (
  proof: BatchProof,
  root: Uint8Array,
  expect: { keys: readonly TrustedKey[]; verify: VerifySignature; cache?: StatementCache },
): Result<TrustedKey> => {
  const { role, tenant_id, size, sig } = proof;
  const candidates = expect.keys.filter((key) => key.keyid === proof.key_id);
  if (candidates.length === 0) return refuse('KEY_UNKNOWN', `no trusted key ${proof.key_id}`);
  const hexRoot = toHex(root);
  const cacheKeyOf = (key: TrustedKey): string =>
    `${keyIdentity(key)} ${sig} ${size} ${hexRoot} ${role.length} ${role} ${tenant_id}`;
  const known = candidates.find((key) => expect.cache?.has(cacheKeyOf(key)));
  if (known !== undefined) return ok(known);

  const signature = fromBase64(sig);
  if (!signature.ok) return signature;
  const statement = batchStatement({ role, tenant_id, root, size });
  const signer = candidates.find((key) => expect.verify(key, statement, signature.value));
  if (signer === undefined)
    return candidates.some(isOfItsAlg)
      ? refuse('SIGNATURE_INVALID', 'the batch signature does not verify')
      : refuse('ALG_MISMATCH', `key ${proof.key_id} is not of the algorithm its root lists`);
  expect.cache?.add(cacheKeyOf(signer));
  return ok(signer);
};

/**
 * Verifies one item of a batch: payload type, role and tenant are the expected ones, the path leads to a root, a trusted
 * key signed that root (checked once per statement when a cache is given), and the payload is strict JSON.
 * `keys` are those the trust root lists for exactly this role and tenant; nothing in the item can widen them.
 *
 * Refuses with `PAYLOAD_TYPE_MISMATCH`, `KEY_NOT_TRUSTED_FOR_ROLE` (another role), `TENANT_MISMATCH`, `PROOF_INVALID`,
 * `KEY_UNKNOWN`, `BASE64_MALFORMED`, `SIGNATURE_INVALID`, `ALG_MISMATCH`, or a `JSON_…` code of `parseStrict`.
 */
export const verifyItem = (
  item: SignedItem,
  expect: {
    type: string;
    role: string;
    tenant_id: string;
    keys: readonly TrustedKey[];
    verify: VerifySignature;
    cache?: StatementCache;
  },
): Result<VerifiedItem> => {
  const { proof } = item;
  if (item.type !== expect.type) return refuse('PAYLOAD_TYPE_MISMATCH', `expected ${expect.type}`);
  if (proof.role !== expect.role) return refuse('KEY_NOT_TRUSTED_FOR_ROLE', `expected role ${expect.role}`);
  if (proof.tenant_id !== expect.tenant_id) return refuse('TENANT_MISMATCH', `expected tenant ${expect.tenant_id}`);

  const root = rootOfItem(batchLeaf(item.type, item.payload), proof);
  if (!root.ok) return root;
  const signer = signerOf(proof, root.value, expect);
  if (!signer.ok) return signer;
  const payload = parseStrict(item.payload);
  if (!payload.ok) return payload;
  const bytes = utf8(item.payload);
  return ok({ payload: payload.value, bytes, key_id: signer.value.keyid, digest: `sha256:${sha256Hex(bytes)}` });
};
