import fs from 'node:fs/promises';
import path from 'node:path';
import { type Digest, ok, type Result, refuse } from '@orgo/core';
import { withHistory } from '@orgo/core/root-history';
import { type Root, readRoot } from '@orgo/core/trust-root';
import type { Disk } from './disk.ts';
import { NodeError } from './node-error.ts';
import { verifySignature } from './signatures.ts';

/** The tenant's trust as it is given to a node when it joins: the pinned fingerprint of the first root, and the roots from the first on. */
export type GivenTrust = { pin: Digest; roots: readonly Uint8Array[] };

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

/** The newest root that a node holds, knowing the ones before. @throws NodeError HOME_UNREADABLE as `openTrustChain` does */
export const openTrust = async (folder: string, tenant: string, pin: Digest): Promise<Root> =>
  withHistory(await openTrustChain(folder, tenant, pin), new Map());

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
