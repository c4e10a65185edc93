import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { fromBase64, type TrustedKey, toBase64, toBase64Url, type VerifySignature } from '@orgo/core';
import { createKey, keyFile, listKeys, readKeyFile, type Signer, unavailable } from './key-files.ts';

export { createKey, type KeyAlg, type Signer } from './key-files.ts';

/** A key that can sign for one role of one tenant: one in a file at once, one in a token by a promise. */
export type AnySigner = Omit<Signer, 'sign'> & { sign(message: Uint8Array): Uint8Array | Promise<Uint8Array> };

/** The private keys this process was given: one folder per role, one file per tenant. */
export type Keyring = {
  /**
   * The signer of a role: opened once, then kept; another key under its name is found within a second.
   * @throws Fault SIGNER_UNAVAILABLE when the key is absent, readable by others, or not the key its name says.
   */
  signer(tenant: string, role: string): Promise<AnySigner>;
  /** Every key of a role that is held here, the one that is signed with first; empty where there is none. @throws Fault SIGNER_UNAVAILABLE */
  signers(tenant: string, role: string): Promise<AnySigner[]>;
  /** Makes the key of a role where there is none. @throws Fault SIGNER_UNAVAILABLE where keys are not made here */
  create(tenant: string, role: string): Promise<AnySigner>;
};

/** A keyring of files alone, whose keys sign at once. */
export type FileKeyring = {
  signer(tenant: string, role: string): Promise<Signer>;
  signers(tenant: string, role: string): Promise<Signer[]>;
  create(tenant: string, role: string): Promise<Signer>;
};

const lookAgainMs = 1000;
type Held = { signer: Promise<Signer>; mark: string; lookedAt: number };

/** Tells one content of a key file from another without reading it. */
const markOf = async (path: string): Promise<string> => {
  const { ino, mtimeMs, ctimeMs } = await stat(path);
  return `${ino} ${mtimeMs} ${ctimeMs}`;
};

/** Opens a key folder (`<home>/keys`). Nothing is read before a signer is asked for. */
export const Keyring = {
  open(dir: string): FileKeyring {
    const held = new Map<string, Held>();

    const load = async (tenant: string, role: string, known: Held | undefined): Promise<Signer> => {
      const path = keyFile(dir, tenant, role);
      const mark = await markOf(path).catch((cause) => {
        throw unavailable(`no key of role ${role} for tenant ${tenant}`, cause);
      });
      const same = known?.mark === mark ? await known.signer : undefined;
      const signer = same ?? (await readKeyFile(path, tenant, role));
      const entry = held.get(`${role}/${tenant}`);
      if (entry !== undefined) entry.mark = mark;
      return signer;
    };

    return {
      signer(tenant, role) {
        const id = `${role}/${tenant}`;
        const known = held.get(id);
        if (known !== undefined && performance.now() - known.lookedAt < lookAgainMs) return known.signer;
        const signer = load(tenant, role, known);
        held.set(id, { signer, mark: '', lookedAt: performance.now() });
        // A key may still be on its way: a failure is not remembered.
        signer.catch(() => held.delete(id));
        return signer;
      },
      signers: (tenant, role) => listKeys(dir, tenant, role),
      create: (tenant, role) => createKey(dir, tenant, role),
    };
  },
};

/** A signer's public half as a trust root lists it. */
export const trustedKeyOf = (signer: Pick<Signer, 'key_id' | 'alg' | 'publicKey'>): TrustedKey => ({
  keyid: signer.key_id,
  alg: signer.alg,
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
