import fs from 'node:fs/promises';
import path from 'node:path';
import { type Digest, ok, type Result, refuse } from '@orgo/core';
import { type RootPlaces, withHistory } from '@orgo/core/root-history';
import { placesOf } from '@orgo/core/root-places';
import { type Root, readRoot } from '@orgo/core/trust-root';
import type { Disk } from './disk.ts';
import { NodeError } from './node-error.ts';
import { verifySignature } from './signatures.ts';

/** The tenant's trust as it is given to a node when it joins: the pinned fingerprint of the first root, and the roots from the first on. */
export type GivenTrust = { pin: Digest; roots: readonly Uint8Array[] };

/** What a channel brings of the tenant's trust: further roots, and entries of roots in the log by version. */
export type TrustNews = { roots: readonly Uint8Array[]; seals: ReadonlyMap<number, Uint8Array> };

/** Roots a tenant may have had before a node stops reading. */
const maxRoots = 1024;

/**
 * Verifies a chain of trust roots from the pinned fingerprint on. Refuses with `TRUST_ROOT_MISSING` or `TRUST_ROOT_INVALID`.
 * @returns the newest root
 */
export function verifyTrust(tenant: string, given: GivenTrust): Result<Root> {
  const chain = verifyChain(tenant, given);
  return chain.ok ? ok(chain.value.at(-1) as Root) : chain;
}

/** As `verifyTrust`, with every root of the chain, oldest first. */
function verifyChain(tenant: string, { pin, roots }: GivenTrust): Result<Root[]> {
  const chain: Root[] = [];
  for (const [index, bytes] of roots.entries()) {
    const before = chain.at(-1);
    const root = readRoot(bytes, { tenant, version: index + 1, pin, before, verify: verifySignature });
    if (!root.ok) return root;
    chain.push(root.value);
  }
  return chain.length === 0 ? refuse('TRUST_ROOT_MISSING', `no trust root of ${tenant} was given`) : ok(chain);
}

const fileOf = (folder: string, version: number): string => path.join(folder, `${version}.root.json`);
const sealOf = (folder: string, version: number): string => path.join(folder, `${version}.sealed.json`);

/** The roots that lie in a node's `trust` folder, from the first on. */
export async function readTrust(folder: string): Promise<Uint8Array[]> {
  const roots: Uint8Array[] = [];
  for (let version = 1; version <= maxRoots; version++) {
    try {
      roots.push(new Uint8Array(await fs.readFile(fileOf(folder, version))));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') break;
      throw error;
    }
  }
  return roots;
}

/** The roots that a node holds, oldest first. @throws NodeError HOME_UNREADABLE where the chain does not hold: nothing can be checked without it */
export async function openTrustChain(folder: string, tenant: string, pin: Digest): Promise<Root[]> {
  const chain = verifyChain(tenant, { pin, roots: await readTrust(folder) });
  if (!chain.ok) throw new NodeError('HOME_UNREADABLE', `${folder}: ${chain.detail}`);
  return chain.value;
}

/** The entries of roots in the log that lie in a node's `trust` folder, by version. */
export async function readSeals(folder: string): Promise<Map<number, Uint8Array>> {
  const seals = new Map<number, Uint8Array>();
  for (const name of await fs.readdir(folder)) {
    const version = /^([1-9][0-9]{0,8})\.sealed\.json$/.exec(name)?.[1];
    if (version !== undefined) seals.set(Number(version), new Uint8Array(await fs.readFile(path.join(folder, name))));
  }
  return seals;
}

/** The newest root that a node holds, knowing the ones before and their places in the log; `unplaced` are the versions that it knows no place of. */
export type OpenedTrust = { root: Root; unplaced: number[] };

/** Reads what a node holds of its tenant's trust. @throws NodeError HOME_UNREADABLE as `openTrustChain` does */
export async function openTrust(folder: string, tenant: string, pin: Digest): Promise<OpenedTrust> {
  const chain = await openTrustChain(folder, tenant, pin);
  const places: RootPlaces = chain.length === 1 ? new Map() : await heldPlaces(folder, chain);
  const unplaced = chain.slice(1).flatMap(({ version }) => (places.has(version) ? [] : [version]));
  return { root: withHistory(chain, places), unplaced };
}

async function heldPlaces(folder: string, chain: readonly Root[]): Promise<RootPlaces> {
  const seals = await readSeals(folder);
  return placesOf(chain, (version) => seals.get(version), verifySignature);
}

/** Keeps entries of roots that hold; what does not is left where it came from. Durable on return. */
export async function keepSeals(
  folder: string,
  tenant: string,
  pin: Digest,
  of: { seals: ReadonlyMap<number, Uint8Array>; disk: Disk },
): Promise<void> {
  if (of.seals.size === 0) return;
  const chain = await openTrustChain(folder, tenant, pin);
  const places = placesOf(chain, (version) => of.seals.get(version), verifySignature);
  for (const [version, bytes] of of.seals)
    if (places.has(version)) await of.disk.replace(sealOf(folder, version), bytes);
}

/**
 * Keeps roots that continue the chain a node holds; the ones it has are never replaced (RO-10). Durable on return.
 * Refuses with `TRUST_ROOT_INVALID` or `TRUST_ROOT_MISSING`, and then nothing has changed.
 */
export async function keepTrust(folder: string, tenant: string, given: GivenTrust, disk: Disk): Promise<Result<Root>> {
  const held = await readTrust(folder);
  const roots = [...held, ...given.roots.slice(held.length)];
  const root = verifyTrust(tenant, { pin: given.pin, roots });
  if (!root.ok) return root;
  // crash: the chain ends earlier then, and holds; who gives roots gives all of them again.
  for (const [index, bytes] of roots.entries())
    if (index >= held.length) await disk.replace(fileOf(folder, index + 1), bytes);
  return root;
}
