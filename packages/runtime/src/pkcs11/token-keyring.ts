import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { nameSchema } from '@orgo/contracts';
import { keyIdOf, keyIdOfP256 } from '@orgo/core';
import { z } from 'zod';
import { isAbsent } from '../durable-file.ts';
import { unavailable } from '../key-files.ts';
import type { AnySigner } from '../signer.ts';
import { type Agent, tokenAgent } from './agent.ts';
import type { TokenAlg, TokenKey } from './token.ts';

/** `pkcs11.json` in the key folder: which roles have their keys in which token. */
const settingsSchema = z.strictObject({
  v: z.literal(1),
  /** The module’s shared library. */
  module: z.string().min(1),
  /** The token’s label. */
  token: z.string().min(1).max(32),
  /** File with the user PIN, mode 0600; relative to the key folder. */
  pin_file: z.string().min(1),
  /** Roles whose keys are in the token; `adapter.*` and `channel.*` stand for all of that kind, `*` for every role. */
  roles: z.array(z.string().min(1)).min(1),
  /** Algorithm of the keys that are made in the token. */
  alg: z.enum(['ed25519', 'ecdsa-p256-sha256']).default('ecdsa-p256-sha256'),
});

/** Keys of a token under the label `orgo/<tenant>/<role>`, as a keyring gives them. */
export type TokenKeyring = {
  has(role: string): boolean;
  signers(tenant: string, role: string): Promise<AnySigner[]>;
  create(tenant: string, role: string, alg?: TokenAlg): Promise<AnySigner>;
};

const matches = (pattern: string, role: string): boolean =>
  pattern === '*' || pattern === role || (pattern.endsWith('.*') && role.startsWith(pattern.slice(0, -1)));

const labelOf = (tenant: string, role: string): string => `orgo/${tenant}/${role}`;

const signerOf = (agent: Agent, tenant_id: string, role: string, key: TokenKey): AnySigner => {
  const publicKey = new Uint8Array(Buffer.from(key.public, 'base64'));
  return {
    key_id: key.alg === 'ed25519' ? keyIdOf(publicKey) : keyIdOfP256(publicKey),
    role,
    tenant_id,
    alg: key.alg,
    publicKey,
    sign: (message) => agent.sign(labelOf(tenant_id, role), key, message),
  };
};

/**
 * The token that a key folder names; null where it names none.
 * @throws Fault SIGNER_UNAVAILABLE where the settings cannot be read
 */
export async function openTokenKeyring(dir: string): Promise<TokenKeyring | null> {
  const text = await readFile(join(dir, 'pkcs11.json'), 'utf8').catch((error) => {
    if (isAbsent(error)) return null;
    throw unavailable('pkcs11.json cannot be read', error);
  });
  if (text === null) return null;
  let settings: z.infer<typeof settingsSchema>;
  try {
    settings = settingsSchema.parse(JSON.parse(text));
  } catch (error) {
    throw unavailable('pkcs11.json is no settings of a token', error);
  }
  const { module, token, roles } = settings;
  const pin_file = isAbsolute(settings.pin_file) ? settings.pin_file : join(dir, settings.pin_file);
  const agent = tokenAgent({ module, token, pin_file });
  return {
    has: (role) => nameSchema.safeParse(role).success && roles.some((pattern) => matches(pattern, role)),
    signers: async (tenant, role) =>
      (await agent.list(labelOf(tenant, role))).map((key) => signerOf(agent, tenant, role, key)),
    create: async (tenant, role, alg = settings.alg) =>
      signerOf(agent, tenant, role, await agent.create(labelOf(tenant, role), alg)),
  };
}
