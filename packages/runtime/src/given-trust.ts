import { type Digest, isDigest } from '@orgo/core';
import { readFileIfAny } from './durable-file.ts';
import { Refused } from './errors.ts';
import { readPins, rootFile, trustDir } from './trust-files.ts';

/**
 * A tenant's pinned fingerprint and its trust roots as a home has them, unread: what a person gives a node that joins, which verifies the chain for itself.
 * @throws Refused TRUST_ROOT_MISSING
 */
export async function givenTrust(home: string, tenant: string): Promise<{ pin: Digest; roots: Uint8Array[] }> {
  const dir = trustDir(home);
  const pin = (await readPins(dir)).get(tenant);
  if (pin === undefined || !isDigest(pin))
    throw new Refused('TRUST_ROOT_MISSING', `no root of ${tenant} is pinned here`);
  const roots: Uint8Array[] = [];
  for (;;) {
    const bytes = await readFileIfAny(rootFile(dir, tenant, roots.length + 1));
    if (bytes === undefined) return { pin, roots };
    roots.push(bytes);
  }
}
