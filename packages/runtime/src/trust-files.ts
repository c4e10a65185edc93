import { join } from 'node:path';
import { tenantIdSchema } from '@orgo/contracts';
import { isDigest, parseStrict } from '@orgo/core';
import { readFileIfAny } from './durable-file.ts';
import { Breach } from './errors.ts';

/** Where a home keeps private keys and trust. */
export const keysDir = (home: string): string => join(home, 'keys');
export const trustDir = (home: string): string => join(home, 'trust');

export const pinsFile = (dir: string): string => join(dir, 'pins.json');
export const pinsLock = (dir: string): string => join(dir, '.pins.lock');
export const rootFile = (dir: string, tenant: string, version: number): string =>
  join(dir, tenant, `${version}.root.json`);

/** The entry of a root in the tenant's log: who judges signatures by their place needs it. */
export const rootSealFile = (dir: string, tenant: string, version: number): string =>
  join(dir, tenant, `${version}.sealed.json`);
/** One empty file per root that is not known to be in the log yet. A tenant's name has no dot. */
export const unsealedDir = (dir: string): string => join(dir, '.unsealed');
export const unsealedFile = (dir: string, tenant: string, version: number): string =>
  join(unsealedDir(dir), `${tenant}.${version}`);

/** Pinned fingerprint of each tenant. @throws Breach TRUST_ROOT_INVALID when the file is not that. */
export async function readPins(dir: string): Promise<Map<string, string>> {
  const bytes = await readFileIfAny(pinsFile(dir));
  if (bytes === undefined) return new Map();
  const json = parseStrict(bytes, { maxMembers: 1_000_000, maxBytes: 256 * 1024 * 1024 });
  const pins =
    json.ok && typeof json.value === 'object' && json.value !== null ? Object.entries(json.value) : undefined;
  if (pins === undefined || !pins.every(([tenant, pin]) => tenantIdSchema.safeParse(tenant).success && isDigest(pin))) {
    throw new Breach('TRUST_ROOT_INVALID', `${pinsFile(dir)} is not a list of fingerprints`);
  }
  return new Map(pins as [string, string][]);
}
