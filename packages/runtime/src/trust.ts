import { rm } from 'node:fs/promises';
import { type SealedDecision, tenantIdSchema } from '@orgo/contracts';
import { canonicalBytes, type JsonValue } from '@orgo/core';
import { withHistory } from '@orgo/core/root-history';
import { placeOfRoot, readSealed } from '@orgo/core/root-places';
import { type Clock, systemClock } from './clock.ts';
import { readDirIfAny, readFileIfAny, replaceFile } from './durable-file.ts';
import { Breach, Fault, Refused } from './errors.ts';
import { verifySignature } from './signer.ts';
import { readPins, rootFile, rootSealFile, unsealedDir, unsealedFile } from './trust-files.ts';
import { type Root, readRoot } from './trust-root.ts';

export { type CreatedTenant, createTenant, publishRoot } from './tenants.ts';
export { keysDir, trustDir } from './trust-files.ts';
export type { Root } from './trust-root.ts';

/** The trust roots a process believes: chains that start at a fingerprint pinned outside (`pins.json`). */
export type TrustStore = {
  /**
   * The newest root of a tenant, or the version a message names. Verified once and kept; newer files are looked for when a
   * second has passed, and at once for a version that is not known yet.
   * The newest one knows the ones before it, and where in the log they were dropped (`keysAt`); an older one is as it was.
   * @throws Refused TRUST_ROOT_MISSING (no pin or no first root), Breach TRUST_ROOT_INVALID, ROOT_VERSION_GAP or ROOT_CONTINUITY_FAILED,
   * Fault ROOT_VERSION_UNKNOWN.
   */
  root(tenant: string, version?: number): Promise<Root>;
  /** Every version of a tenant's root, the first one first, and the index of those whose entry in the log is known. @throws as `root` */
  chain(tenant: string): Promise<{ roots: readonly Root[]; places: ReadonlyMap<number, number> }>;
  /** The file of a version that `chain` gave. */
  file(tenant: string, version: number): Promise<Uint8Array>;
  /** The entry of a version that `chain` gave a place; undefined where none lies beside it. */
  sealFile(tenant: string, version: number): Promise<Uint8Array | undefined>;
  /** Roots that are published and not known to be in the log; asked for often, so it costs one look at a folder. */
  unsealed(): Promise<{ tenant_id: string; version: number }[]>;
  /**
   * Keeps a root's entry beside it, where every process finds it; durable on return.
   * @throws Breach with the code of what is wrong with it
   */
  keepSeal(tenant: string, version: number, sealed: SealedDecision): Promise<void>;
};

type Chain = { roots: Root[]; places: Map<number, number>; newest: Root; lookedAt: number };
const lookAgainMs = 1000;

const extend = async (dir: string, tenant: string, roots: Root[], pin: string): Promise<Root[]> => {
  const found = roots.slice();
  for (;;) {
    const version = found.length + 1;
    const bytes = await readFileIfAny(rootFile(dir, tenant, version));
    if (bytes === undefined) return found;
    const root = readRoot(bytes, { tenant, version, pin, before: found.at(-1), verify: verifySignature });
    if (!root.ok) throw new Breach(root.code, `${tenant} version ${version}: ${root.detail}`);
    found.push(root.value);
  }
};

/** Versions whose entry in the log lies beside them. One that does not hold is no entry, so that its drop counts from the beginning. */
const findPlaces = async (
  dir: string,
  tenant: string,
  roots: readonly Root[],
  known: ReadonlyMap<number, number>,
): Promise<Map<number, number>> => {
  const places = new Map(known);
  for (const { version } of roots.slice(1)) {
    if (places.has(version)) continue;
    const bytes = await readFileIfAny(rootSealFile(dir, tenant, version));
    const sealed = bytes === undefined ? undefined : readSealed(bytes);
    const place = sealed?.ok
      ? placeOfRoot(sealed.value, roots.slice(version - 1) as [Root, ...Root[]], verifySignature)
      : undefined;
    if (place?.ok) places.set(version, place.value);
  }
  return places;
};

/** Opens a trust folder (`<home>/trust`). Nothing is read before a root is asked for. */
export const TrustStore = {
  open(dir: string, clock: Clock = systemClock): TrustStore {
    const chains = new Map<string, Chain>();
    const looking = new Map<string, Promise<Chain>>();

    const look = async (tenant: string): Promise<Chain> => {
      const pin = tenantIdSchema.safeParse(tenant).success ? (await readPins(dir)).get(tenant) : undefined;
      if (pin === undefined) throw new Refused('TRUST_ROOT_MISSING', `no root of tenant ${tenant} is pinned here`);
      const roots = await extend(dir, tenant, chains.get(tenant)?.roots ?? [], pin);
      if (roots.length === 0) throw new Refused('TRUST_ROOT_MISSING', `tenant ${tenant} has no root version 1`);
      const before = chains.get(tenant);
      const places = await findPlaces(dir, tenant, roots, before?.places ?? new Map());
      // The same object as long as nothing changed: what was verified under it need not be verified again.
      const same = before?.roots.length === roots.length && before.places.size === places.size;
      const newest = same ? before.newest : withHistory(roots, places);
      const chain = { roots, places, newest, lookedAt: clock.monotonicMs() };
      chains.set(tenant, chain);
      return chain;
    };
    const lookOnce = (tenant: string): Promise<Chain> => {
      const running = looking.get(tenant);
      if (running !== undefined) return running;
      const started = look(tenant).finally(() => looking.delete(tenant));
      looking.set(tenant, started);
      return started;
    };

    return {
      async root(tenant, version) {
        const known = chains.get(tenant);
        const fresh = known !== undefined && clock.monotonicMs() - known.lookedAt < lookAgainMs;
        const wanted = version === undefined ? undefined : known?.roots[version - 1];
        if (wanted !== undefined) return wanted;
        const { roots, newest } = fresh && version === undefined ? known : await lookOnce(tenant);
        const root = version === undefined ? newest : roots[version - 1];
        if (root === undefined)
          throw new Fault('ROOT_VERSION_UNKNOWN', `tenant ${tenant} has no root version ${version}`);
        return root;
      },
      chain: (tenant) => lookOnce(tenant),
      async file(tenant, version) {
        const bytes = await readFileIfAny(rootFile(dir, tenant, version));
        if (bytes === undefined)
          throw new Fault('ROOT_VERSION_UNKNOWN', `tenant ${tenant} has no root version ${version}`);
        return bytes;
      },
      sealFile: (tenant, version) => readFileIfAny(rootSealFile(dir, tenant, version)),
      async unsealed() {
        const names = await readDirIfAny(unsealedDir(dir));
        return names.flatMap((name) => {
          const [tenant_id = '', version = ''] = name.split('.');
          return tenantIdSchema.safeParse(tenant_id).success && /^[1-9][0-9]{0,8}$/.test(version)
            ? [{ tenant_id, version: Number(version) }]
            : [];
        });
      },
      async keepSeal(tenant, version, sealed) {
        const { roots } = await lookOnce(tenant);
        const [root, ...later] = roots.slice(version - 1);
        if (root === undefined)
          throw new Fault('ROOT_VERSION_UNKNOWN', `tenant ${tenant} has no root version ${version}`);
        const place = placeOfRoot(sealed, [root, ...later], verifySignature);
        if (!place.ok) throw new Breach(place.code, `the entry of root version ${version}: ${place.detail}`);
        await replaceFile(rootSealFile(dir, tenant, version), canonicalBytes(sealed as unknown as JsonValue), 0o644);
        // crash: before this the root is taken to the log once more, where its entry stands already.
        await rm(unsealedFile(dir, tenant, version), { force: true });
      },
    };
  },
};
