import { type Digest, digestSchema, signedItemSchema } from '@orgo/contracts';
import { digestHex, type JsonValue } from '@orgo/core';

/** Where things lie in an evidence bundle; `docs/evidence-bundle.md` tells a reader the same. */
export const bundlePaths = {
  /** DSSE envelope by the role `audit` over the list of all other files. The only file that it does not list. */
  inventory: 'inventory.dsse.json',
  record: 'record.json',
  statement: 'statement.dsse.json',
  checkpoint: 'log/checkpoint',
  trustRoot: (version: number): string => `trust/${version}.root.json`,
  /** The root's own entry in the log; absent for the first root, and for one that was not in the log yet. */
  trustSeal: (version: number): string => `trust/${version}.sealed.json`,
  decision: (index: number): string => `decisions/${`${index}`.padStart(12, '0')}.json`,
  artifact: (ref: Digest): string => `artifacts/sha256/${digestHex(ref)}`,
} as const;

/** One line of the inventory. */
export type InventoryFile = { path: string; size: number; digest: Digest };
export type Inventory = { v: 1; tenant_id: string; build_id: string; files: InventoryFile[] };

/** A decision in a bundle: with its proof of signature, its authorizations, and the path to the bundle's one checkpoint. */
export type BundledDecision = {
  v: 1;
  index: number;
  decision: { type: string; payload: string; proof: JsonValue };
  authorizations: { type: string; payload: string; proof: JsonValue }[];
  seal: { index: number; size: number; path: string[] };
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Reads an inventory's payload; undefined for anything else. Paths must be plain, sorted and unique. */
export function readInventory(value: JsonValue): Inventory | undefined {
  if (!isObject(value) || value.v !== 1 || !Array.isArray(value.files)) return undefined;
  const { tenant_id, build_id, files } = value;
  if (typeof tenant_id !== 'string' || typeof build_id !== 'string') return undefined;
  let last = '';
  const read: InventoryFile[] = [];
  for (const file of files as unknown[]) {
    if (
      !isObject(file) ||
      typeof file.path !== 'string' ||
      !isCount(file.size) ||
      !digestSchema.safeParse(file.digest).success
    )
      return undefined;
    if (
      file.path <= last ||
      !/^[a-z0-9][a-z0-9._/-]*$/.test(file.path) ||
      file.path.split('/').some((part) => part === '' || /^\.+$/.test(part))
    )
      return undefined;
    last = file.path;
    read.push({ path: file.path, size: file.size, digest: file.digest as Digest });
  }
  return { v: 1, tenant_id, build_id, files: read };
}

/** Reads a decision file; undefined for anything else. Signatures and proofs are not looked at. */
export function readBundledDecision(value: JsonValue): BundledDecision | undefined {
  if (
    !isObject(value) ||
    value.v !== 1 ||
    !isCount(value.index) ||
    !isObject(value.seal) ||
    !Array.isArray(value.authorizations)
  )
    return undefined;
  const { index, size, path } = value.seal;
  if (!isCount(index) || !isCount(size) || !Array.isArray(path) || !path.every((hash) => typeof hash === 'string'))
    return undefined;
  const items = [value.decision, ...value.authorizations].map((item) => signedItemSchema.safeParse(item));
  if (!items.every((item) => item.success)) return undefined;
  const [decision, ...authorizations] = items.map((item) => item.data as BundledDecision['decision']);
  return {
    v: 1,
    index: value.index,
    decision: decision as BundledDecision['decision'],
    authorizations,
    seal: { index, size, path: path as string[] },
  };
}
