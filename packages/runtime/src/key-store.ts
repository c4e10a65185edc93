import { createKey, createSpareKey, type KeyAlg, listKeys } from './key-files.ts';
import { openTokenKeyring } from './pkcs11/token-keyring.ts';
import type { AnySigner } from './signer.ts';

/** Where the keys of a home are made and found: in files, or in the token that `pkcs11.json` names for their roles. */
export type KeyStore = {
  /** Every key of a role that is held here. @throws Fault SIGNER_UNAVAILABLE */
  list(tenant: string, role: string): Promise<AnySigner[]>;
  /** The first key of a role, made where there is none; durable on return. */
  first(tenant: string, role: string, alg?: KeyAlg): Promise<AnySigner>;
  /** One more key of a role; it signs when a root lists it first. Durable on return. */
  another(tenant: string, role: string, alg?: KeyAlg): Promise<AnySigner>;
};

/** @throws Fault SIGNER_UNAVAILABLE where the settings of the token cannot be read */
export async function openKeyStore(dir: string): Promise<KeyStore> {
  const token = await openTokenKeyring(dir);
  const inToken = (role: string): boolean => token?.has(role) === true;
  return {
    list: async (tenant, role) =>
      token !== null && inToken(role) ? token.signers(tenant, role) : listKeys(dir, tenant, role),
    async first(tenant, role, alg) {
      if (token === null || !inToken(role)) return createKey(dir, tenant, role, alg);
      return (await token.signers(tenant, role))[0] ?? token.create(tenant, role, alg);
    },
    another: async (tenant, role, alg) =>
      token !== null && inToken(role) ? token.create(tenant, role, alg) : createSpareKey(dir, tenant, role, alg),
  };
}
