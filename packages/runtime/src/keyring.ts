import { keyIdentity } from '@orgo/core';
import { codeOf } from './errors.ts';
import { unavailable } from './key-files.ts';
import { openTokenKeyring, type TokenKeyring } from './pkcs11/token-keyring.ts';
import { type AnySigner, Keyring, trustedKeyOf } from './signer.ts';
import type { Root, TrustStore } from './trust.ts';

/**
 * How long a key that a new root puts first is not signed with yet, where the one before still verifies: by then every process has seen the
 * root. Roots are looked for once a second.
 */
const adoptAfterMs = 2_000;

type Choice = { version: number; signer: AnySigner; next: { signer: AnySigner; from: number } | null };

/**
 * The keys of a process, as the tenant's trust root orders them: of the keys of a role the first one listed that is held here signs. So a
 * rotation is one published root, and no process is started anew. A role that the root does not name signs with the key of the folder.
 */
export function openKeyring(dir: string, trust: TrustStore): Keyring {
  const files = Keyring.open(dir);
  let opened: Promise<TokenKeyring | null> | undefined;
  /** The token for a role; null for one whose keys are files. Settings that cannot be read are read again. */
  const tokenOf = async (role: string): Promise<TokenKeyring | null> => {
    opened ??= openTokenKeyring(dir);
    const token = await opened.catch((error) => {
      opened = undefined;
      throw error;
    });
    return token?.has(role) ? token : null;
  };
  const held: Keyring = {
    async signer(tenant, role) {
      const token = await tokenOf(role);
      if (token === null) return files.signer(tenant, role);
      const [first] = await token.signers(tenant, role);
      if (first === undefined) throw unavailable(`the token has no key of role ${role} for tenant ${tenant}`);
      return first;
    },
    signers: async (tenant, role) => ((await tokenOf(role)) ?? files).signers(tenant, role),
    create: async (tenant, role) => ((await tokenOf(role)) ?? files).create(tenant, role),
  };
  const choices = new Map<string, Choice>();

  const rootOf = (tenant: string): Promise<Root | null> =>
    trust.root(tenant).catch((error) => {
      if (codeOf(error) === 'TRUST_ROOT_MISSING') return null;
      throw error;
    });

  const choose = async (root: Root, role: string): Promise<AnySigner> => {
    const signers = await held.signers(root.tenant_id, role);
    const byIdentity = new Map(signers.map((signer) => [keyIdentity(trustedKeyOf(signer)), signer]));
    const found = root.keysOf(role).flatMap((key) => byIdentity.get(keyIdentity(key)) ?? []);
    if (found[0] !== undefined) return found[0];
    throw unavailable(
      `no key held here is one that root version ${root.version} of ${root.tenant_id} lists for ${role}`,
    );
  };

  const renewed = async (root: Root, role: string, before: Choice | undefined): Promise<Choice> => {
    const signer = await choose(root, role);
    const { version } = root;
    const isListed = (one: AnySigner): boolean =>
      root.keysOf(role).some((key) => keyIdentity(key) === keyIdentity(trustedKeyOf(one)));
    if (before === undefined || before.signer.key_id === signer.key_id || !isListed(before.signer))
      return { version, signer, next: null };
    return { version, signer: before.signer, next: { signer, from: performance.now() + adoptAfterMs } };
  };

  return {
    async signer(tenant, role) {
      const root = await rootOf(tenant);
      if (root === null || root.keysOf(role).length === 0) return held.signer(tenant, role);
      const id = `${role}/${tenant}`;
      let choice = choices.get(id);
      if (choice?.version !== root.version) {
        choice = await renewed(root, role, choice);
        choices.set(id, choice);
      }
      const { next } = choice;
      if (next === null || performance.now() < next.from) return choice.signer;
      choices.set(id, { version: choice.version, signer: next.signer, next: null });
      return next.signer;
    },
    signers: held.signers,
    create: held.create,
  };
}
