import { tenantIdSchema } from '@orgo/contracts';
import { type Clock, systemClock } from './clock.ts';
import { readFileIfAny } from './durable-file.ts';
import { Breach, Fault, Refused } from './errors.ts';
import { verifySignature } from './signer.ts';
import { readPins, rootFile } from './trust-files.ts';
import { type Root, readRoot } from './trust-root.ts';

export { type CreatedTenant, createTenant, publishRoot } from './tenants.ts';
export { keysDir, trustDir } from './trust-files.ts';
export type { Root } from './trust-root.ts';

/** The trust roots a process believes: chains that start at a fingerprint pinned outside (`pins.json`). */
export type TrustStore = {
  /**
   * The newest root of a tenant, or the version a message names. Verified once and kept; newer files are looked for when a
   * second has passed, and at once for a version that is not known yet.
   * @throws Refused TRUST_ROOT_MISSING (no pin or no first root), Breach TRUST_ROOT_INVALID, Fault ROOT_VERSION_UNKNOWN.
   */
  root(tenant: string, version?: number): Promise<Root>;
};

type Chain = { roots: Root[]; lookedAt: number };
const lookAgainMs = 1000;

const extend = async (dir: string, tenant: string, roots: Root[], pin: string): Promise<Root[]> => {
  const found = roots.slice();
  for (;;) {
    const version = found.length + 1;
    const bytes = await readFileIfAny(rootFile(dir, tenant, version));
    if (bytes === undefined) return found;
    const root = readRoot(bytes, { tenant, version, pin, before: found.at(-1), verify: verifySignature });
    if (!root.ok) throw new Breach('TRUST_ROOT_INVALID', `${tenant} version ${version}: ${root.detail}`);
    found.push(root.value);
  }
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
      const chain = { roots, lookedAt: clock.monotonicMs() };
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
        const { roots } = fresh && version === undefined ? known : await lookOnce(tenant);
        const root = version === undefined ? roots.at(-1) : roots[version - 1];
        if (root === undefined)
          throw new Fault('ROOT_VERSION_UNKNOWN', `tenant ${tenant} has no root version ${version}`);
        return root;
      },
    };
  },
};
