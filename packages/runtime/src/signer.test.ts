import { generateKeyPairSync, sign } from 'node:crypto';
import { chmod, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signBatch, utf8, verifyItem } from '@orgo/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createKey, Keyring, trustedKeyOf, verifySignature } from './signer.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'orgo-keys-'));
});
afterEach(() => rm(dir, { recursive: true }));

const unavailable = expect.objectContaining({ code: 'SIGNER_UNAVAILABLE' });

test('a key is made once, closed to others, and opened by tenant and role', async () => {
  const made = await createKey(dir, 'acme', 'gatekeeper');
  expect((await createKey(dir, 'acme', 'gatekeeper')).key_id).toBe(made.key_id);
  expect((await stat(join(dir, 'gatekeeper', 'acme.json'))).mode & 0o777).toBe(0o600);
  expect((await stat(join(dir, 'gatekeeper'))).mode & 0o777).toBe(0o700);
  const keyring = Keyring.open(dir);
  const signer = await keyring.signer('acme', 'gatekeeper');
  expect(signer).toBe(await keyring.signer('acme', 'gatekeeper'));
  expect(verifySignature(trustedKeyOf(signer), utf8('hello'), signer.sign(utf8('hello')))).toBe(true);
});

test('two makers of one key end with the same key', async () => {
  const made = await Promise.all(Array.from({ length: 8 }, () => createKey(dir, 'acme', 'log')));
  expect(new Set(made.map((signer) => signer.key_id)).size).toBe(1);
});

test('an absent, open, moved or damaged key is unavailable, and found once it is right', async () => {
  const keyring = Keyring.open(dir);
  await expect(keyring.signer('acme', 'log')).rejects.toEqual(unavailable);
  await expect(keyring.signer('../acme', 'log')).rejects.toEqual(unavailable);
  await createKey(dir, 'acme', 'log');
  const path = join(dir, 'log', 'acme.json');
  await chmod(path, 0o644);
  await expect(keyring.signer('acme', 'log')).rejects.toEqual(unavailable);
  await chmod(path, 0o600);
  await expect(keyring.signer('acme', 'log')).resolves.toMatchObject({ role: 'log', tenant_id: 'acme' });
  await rename(path, join(dir, 'log', 'other.json'));
  await expect(keyring.signer('other', 'log')).rejects.toEqual(unavailable);
});

test('verification fails closed for other bytes, other keys and wrong shapes', async () => {
  const [one, two] = await Promise.all([createKey(dir, 'acme', 'a'), createKey(dir, 'acme', 'b')]);
  const message = utf8('x');
  const signature = one.sign(message);
  const key = trustedKeyOf(one);
  expect(verifySignature(key, utf8('y'), signature)).toBe(false);
  expect(verifySignature(trustedKeyOf(two), message, signature)).toBe(false);
  expect(verifySignature(key, message, signature.subarray(1))).toBe(false);
  for (const material of ['', '!', 'AAAA'])
    expect(verifySignature({ ...key, public: material }, message, signature)).toBe(false);
});

test('P-256 signatures are raw r and s, and the algorithm is the key’s', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = {
    keyid: 'k',
    alg: 'ecdsa-p256-sha256',
    public: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  } as const;
  const message = utf8('x');
  const signature = sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  expect(verifySignature(key, message, signature)).toBe(true);
  expect(verifySignature({ ...key, alg: 'ed25519' }, message, signature)).toBe(false);
});

test('a signer signs batches for its role', async () => {
  const signer = await createKey(dir, 'acme', 'orchestrator');
  const [item] = signBatch([{ type: 't', payload: '{}' }], signer, signer.sign);
  const expected = {
    type: 't',
    role: 'orchestrator',
    tenant_id: 'acme',
    keys: [trustedKeyOf(signer)],
    verify: verifySignature,
  };
  expect(item && verifyItem(item, expected)).toMatchObject({ ok: true });
  expect(await readFile(join(dir, 'orchestrator', 'acme.json'), 'utf8')).toContain(signer.key_id);
});
