import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { nameSchema, tenantIdSchema } from '@orgo/contracts';
import { fromBase64, keyIdOf, type TrustedKey, toBase64, toBase64Url, type VerifySignature } from '@orgo/core';
import { z } from 'zod';
import { createFile, makeDir, readFileIfAny } from './durable-file.ts';
import { Fault } from './errors.ts';

/** A key that can sign for one role of one tenant. The message is signed as it is (Ed25519, RFC 8032). */
export type Signer = {
  key_id: string;
  role: string;
  tenant_id: string;
  /** Raw 32 bytes. */
  publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
};

/** The private keys this process was given: one folder per role, one file per tenant. */
export type Keyring = {
  /**
   * The signer of a role; opened once, then kept.
   * @throws Fault SIGNER_UNAVAILABLE when the key is absent, readable by others, or not the key its name says.
   */
  signer(tenant: string, role: string): Promise<Signer>;
};

const keyFileSchema = z.strictObject({
  v: z.literal(1),
  tenant_id: tenantIdSchema,
  role: nameSchema,
  key_id: z.string(),
  jwk: z.strictObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string(), d: z.string() }),
});
type KeyFile = z.infer<typeof keyFileSchema>;

const unavailable = (detail: string, cause?: unknown): Fault => new Fault('SIGNER_UNAVAILABLE', { detail, cause });

const pathOf = (dir: string, tenant: string, role: string): string => {
  if (!tenantIdSchema.safeParse(tenant).success || !nameSchema.safeParse(role).success)
    throw unavailable('not a tenant or role name');
  return join(dir, role, `${tenant}.json`);
};

const signerOf = (file: KeyFile): Signer => {
  const key = createPrivateKey({ key: file.jwk, format: 'jwk' });
  const publicKey = new Uint8Array(
    Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x as string, 'base64url'),
  );
  if (toBase64Url(publicKey) !== file.jwk.x || keyIdOf(publicKey) !== file.key_id)
    throw unavailable('the key file’s public half or id is not of its private key');
  return {
    key_id: file.key_id,
    role: file.role,
    tenant_id: file.tenant_id,
    publicKey,
    sign: (message) => new Uint8Array(sign(null, message, key)),
  };
};

const openSigner = async (dir: string, tenant: string, role: string): Promise<Signer> => {
  const path = pathOf(dir, tenant, role);
  const file = await open(path, constants.O_RDONLY).catch((cause) => {
    throw unavailable(`no key of role ${role} for tenant ${tenant}`, cause);
  });
  try {
    if (((await file.stat()).mode & 0o077) !== 0) throw unavailable(`${path} is open to others than its owner`);
    const parsed = keyFileSchema.safeParse(JSON.parse(await file.readFile('utf8')));
    if (!parsed.success || parsed.data.tenant_id !== tenant || parsed.data.role !== role)
      throw unavailable(`${path} is not that key`);
    return signerOf(parsed.data);
  } catch (error) {
    throw error instanceof Fault ? error : unavailable(`${path} cannot be read as a key`, error);
  } finally {
    await file.close();
  }
};

/** Opens a key folder (`<home>/keys`). Nothing is read before a signer is asked for. */
export const Keyring = {
  open(dir: string): Keyring {
    const signers = new Map<string, Promise<Signer>>();
    return {
      signer(tenant, role) {
        const id = `${role}/${tenant}`;
        let signer = signers.get(id);
        if (signer === undefined) {
          signer = openSigner(dir, tenant, role);
          signers.set(id, signer);
          // A key may still be on its way: a failure is not remembered.
          signer.catch(() => signers.delete(id));
        }
        return signer;
      },
    };
  },
};

/**
 * Makes the key of a role and stores it with mode 0600; durable on return. When the key exists it stays, so a repeated
 * call after a crash is harmless.
 */
export async function createKey(dir: string, tenant: string, role: string): Promise<Signer> {
  const path = pathOf(dir, tenant, role);
  if ((await readFileIfAny(path)) === undefined) {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const { x = '' } = publicKey.export({ format: 'jwk' });
    const { d = '' } = privateKey.export({ format: 'jwk' });
    const key_id = keyIdOf(new Uint8Array(Buffer.from(x, 'base64url')));
    const file: KeyFile = { v: 1, tenant_id: tenant, role, key_id, jwk: { kty: 'OKP', crv: 'Ed25519', x, d } };
    await makeDir(dirname(dir));
    await makeDir(dirname(path), 0o700);
    // crash: if we die here there is no key, and the next call makes one.
    await createFile(path, `${JSON.stringify(file)}\n`, 0o600);
  }
  return openSigner(dir, tenant, role);
}

/** A signer's public half as a trust root lists it. */
export const trustedKeyOf = (signer: Signer): TrustedKey => ({
  keyid: signer.key_id,
  alg: 'ed25519',
  public: toBase64(signer.publicKey),
});

const keyObjects = new Map<string, KeyObject | null>();
const maxKeyObjects = 4096;

const importKey = ({ alg, public: material }: TrustedKey): KeyObject | null => {
  const bytes = fromBase64(material);
  if (!bytes.ok) return null;
  try {
    if (alg === 'ecdsa-p256-sha256') {
      const key = createPublicKey({ key: Buffer.from(bytes.value), format: 'der', type: 'spki' });
      return key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : null;
    }
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: toBase64Url(bytes.value) }, format: 'jwk' });
  } catch {
    return null;
  }
};

const keyObjectOf = (key: TrustedKey): KeyObject | null => {
  const id = `${key.alg} ${key.public}`;
  let object = keyObjects.get(id);
  if (object === undefined) {
    if (keyObjects.size >= maxKeyObjects) keyObjects.clear();
    object = importKey(key);
    keyObjects.set(id, object);
  }
  return object;
};

/** Checks one signature with node:crypto; key objects are kept. False for any wrong shape, never a throw. */
export const verifySignature: VerifySignature = (key, message, signature) => {
  const object = keyObjectOf(key);
  if (object === null || signature.length !== 64) return false;
  return key.alg === 'ed25519'
    ? verify(null, message, object, signature)
    : verify('sha256', message, { key: object, dsaEncoding: 'ieee-p1363' }, signature);
};
