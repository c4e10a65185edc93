import { createHash, generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { canonical } from './canonical.ts';
import { tufKeyOf } from './tuf-key.ts';

test.each(['a', 'b', 'c'])('a P-256 key has the text form that node:crypto gives it, and is named after it: %s', () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const der = publicKey.export({ type: 'spki', format: 'der' });
  const { id, key } = tufKeyOf({ alg: 'ecdsa-p256-sha256', public: der.toString('base64') });
  expect(key.keyval.public).toBe(publicKey.export({ type: 'spki', format: 'pem' }));
  expect(id).toBe(createHash('sha256').update(canonical(key)).digest('hex'));
});

test('an Ed25519 key is listed in hex', () => {
  const raw = Buffer.alloc(32, 7);
  const { key } = tufKeyOf({ alg: 'ed25519', public: raw.toString('base64') });
  expect(key).toEqual({ keytype: 'ed25519', scheme: 'ed25519', keyval: { public: raw.toString('hex') } });
});
