import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { nameSchema, tenantIdSchema } from '@orgo/contracts';
import { keyIdOf, keyIdOfP256, type TrustedKey } from '@orgo/core';
import { z } from 'zod';
import { createFile, makeDir, readDirIfAny, readFileIfAny, syncDir } from './durable-file.ts';
import { Fault } from './errors.ts';

export type KeyAlg = TrustedKey['alg'];

/** A key of one role of one tenant, in a file: it signs at once. */
export type Signer = {
  key_id: string;
  role: string;
  tenant_id: string;
  alg: KeyAlg;
  /** Raw 32 bytes of an Ed25519 key, SPKI DER of a P-256 key. */
  publicKey: Uint8Array;
  /** Ed25519 over the message as it is (RFC 8032), or ECDSA P-256 over its SHA-256 as raw `r || s`. */
  sign(message: Uint8Array): Uint8Array;
};

const jwkSchema = z.discriminatedUnion('kty', [
  z.strictObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string(), d: z.string() }),
  z.strictObject({ kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string(), d: z.string() }),
]);
const keyFileSchema = z.strictObject({
  v: z.literal(1),
  tenant_id: tenantIdSchema,
  role: nameSchema,
  key_id: z.string(),
  jwk: jwkSchema,
});
type KeyFile = z.infer<typeof keyFileSchema>;

export const unavailable = (detail: string, cause?: unknown): Fault =>
  new Fault('SIGNER_UNAVAILABLE', { detail, cause });

const checkNames = (tenant: string, role: string): void => {
  if (!tenantIdSchema.safeParse(tenant).success || !nameSchema.safeParse(role).success)
    throw unavailable('not a tenant or role name');
};

/** The key that is signed with. Others of the role lie beside it, under their own names. @throws Fault SIGNER_UNAVAILABLE for no name */
export const keyFile = (dir: string, tenant: string, role: string): string => {
  checkNames(tenant, role);
  return join(dir, role, `${tenant}.json`);
};
const asideDir = (dir: string, tenant: string, role: string): string => {
  checkNames(tenant, role);
  // A tenant's name has no dot, so this is no other tenant's.
  return join(dir, role, `${tenant}.d`);
};
const asideFile = (dir: string, tenant: string, role: string, key_id: string): string =>
  join(asideDir(dir, tenant, role), `${key_id.slice(key_id.indexOf(':') + 1)}.json`);

const publicBytes = (key: KeyObject): { alg: KeyAlg; publicKey: Uint8Array; key_id: string } => {
  const half = createPublicKey(key);
  if (key.asymmetricKeyType === 'ed25519') {
    const publicKey = new Uint8Array(Buffer.from(half.export({ format: 'jwk' }).x as string, 'base64url'));
    return { alg: 'ed25519', publicKey, key_id: keyIdOf(publicKey) };
  }
  const publicKey = new Uint8Array(half.export({ format: 'der', type: 'spki' }));
  return { alg: 'ecdsa-p256-sha256', publicKey, key_id: keyIdOfP256(publicKey) };
};

const signerOf = ({ jwk, role, tenant_id, key_id }: KeyFile): Signer => {
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  const half = publicBytes(key);
  // The private half alone makes signatures; the file must say of which key it is.
  if (half.key_id !== key_id || createPublicKey(key).export({ format: 'jwk' }).x !== jwk.x)
    throw unavailable('the key file’s public half or id is not of its private key');
  return {
    ...half,
    role,
    tenant_id,
    sign: (message) =>
      new Uint8Array(
        half.alg === 'ed25519' ? sign(null, message, key) : sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' }),
      ),
  };
};

/** Reads a key file. @throws Fault SIGNER_UNAVAILABLE when it is absent, readable by others, or not the key its name says */
export async function readKeyFile(path: string, tenant: string, role: string): Promise<Signer> {
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
}

const generate = (alg: KeyAlg): { jwk: KeyFile['jwk']; key_id: string } => {
  const { privateKey } =
    alg === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { jwk: jwkSchema.parse(privateKey.export({ format: 'jwk' })), key_id: publicBytes(privateKey).key_id };
};

const fileOf = (tenant_id: string, role: string, alg: KeyAlg): KeyFile => ({ v: 1, tenant_id, role, ...generate(alg) });

const writeKey = async (dir: string, path: string, file: KeyFile): Promise<void> => {
  await makeDir(dirname(dir));
  await makeDir(dirname(path), 0o700);
  // crash: if we die here there is no key, and the next call makes one.
  await createFile(path, `${JSON.stringify(file)}\n`, 0o600);
};

/**
 * Makes the key that a role signs with and stores it with mode 0600; durable on return. When the key exists it stays, so a repeated
 * call after a crash is harmless.
 */
export async function createKey(dir: string, tenant: string, role: string, alg: KeyAlg = 'ed25519'): Promise<Signer> {
  const path = keyFile(dir, tenant, role);
  if ((await readFileIfAny(path)) === undefined) await writeKey(dir, path, fileOf(tenant, role, alg));
  return readKeyFile(path, tenant, role);
}

/** Makes one more key of a role, which signs nothing before `makeCurrent`. Durable on return. */
export async function createSpareKey(
  dir: string,
  tenant: string,
  role: string,
  alg: KeyAlg = 'ed25519',
): Promise<Signer> {
  const file = fileOf(tenant, role, alg);
  const path = asideFile(dir, tenant, role, file.key_id);
  await writeKey(dir, path, file);
  return readKeyFile(path, tenant, role);
}

/** Every key of a role that lies in the folder, the first one first. @throws Fault SIGNER_UNAVAILABLE where one is no such key */
export async function listKeys(dir: string, tenant: string, role: string): Promise<Signer[]> {
  const first = keyFile(dir, tenant, role);
  const folder = asideDir(dir, tenant, role);
  const names = await readDirIfAny(folder);
  const aside = names.filter((name) => name.endsWith('.json')).sort();
  const paths = [first, ...aside.map((name) => join(folder, name))];
  const found = await Promise.all(
    paths.map(async (path) =>
      (await readFileIfAny(path)) === undefined ? [] : [await readKeyFile(path, tenant, role)],
    ),
  );
  // A key may lie there twice while another takes its place.
  return [...new Map(found.flat().map((signer) => [signer.key_id, signer])).values()];
}

/**
 * Makes a key of the folder the one that its role signs with; the one before stays beside it. Processes find it within a second.
 * A repeated call finishes what a crash left undone.
 * @throws Fault SIGNER_UNAVAILABLE when the key is not here, or the one before it cannot be read
 */
export async function makeCurrent(dir: string, tenant: string, role: string, key_id: string): Promise<void> {
  const path = keyFile(dir, tenant, role);
  // A key that cannot be read is still one, and the rename would be its end: only where there is none, nothing is kept.
  const bytes = await readFileIfAny(path).catch((cause) => {
    throw unavailable(`${path} cannot be read`, cause);
  });
  const now = bytes === undefined ? undefined : await readKeyFile(path, tenant, role);
  if (now?.key_id === key_id) return;
  const wanted = asideFile(dir, tenant, role, key_id);
  await readKeyFile(wanted, tenant, role);
  if (now !== undefined && bytes !== undefined)
    await createFile(asideFile(dir, tenant, role, now.key_id), bytes, 0o600);
  // crash: if we die before the rename the old key signs on, and lies beside itself once more.
  await rename(wanted, path);
  await syncDir(dirname(path));
}
