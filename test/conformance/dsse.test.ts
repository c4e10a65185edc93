import { createPublicKey, verify } from 'node:crypto';
import {
  fromUtf8,
  pae,
  type TrustedKey,
  toBase64,
  toBase64Url,
  utf8,
  type VerifySignature,
  verifyDsse,
} from '@orgo/core';
import { describe, expect, it } from 'vitest';

// The test vector of the DSSE v1 protocol document: ECDSA P-256, deterministic nonce, signature as r || s.
const published = {
  payload: 'hello world',
  payloadType: 'http://example.com/HelloWorld',
  pae: 'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
  x: 46950820868899156662930047687818585632848591499744589407958293238635476079160n,
  y: 5640078356564379163099075877009565129882514886557779369047442380624545832820n,
  envelope: {
    payload: 'aGVsbG8gd29ybGQ=',
    payloadType: 'http://example.com/HelloWorld',
    signatures: [
      {
        keyid: '',
        sig: 'A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==',
      },
    ],
  },
};

const coordinate = (n: bigint): string => Buffer.from(n.toString(16).padStart(64, '0'), 'hex').toString('base64url');
const publicKey = createPublicKey({
  key: { kty: 'EC', crv: 'P-256', x: coordinate(published.x), y: coordinate(published.y) },
  format: 'jwk',
});
const key: TrustedKey = {
  keyid: 'published',
  alg: 'ecdsa-p256-sha256',
  public: toBase64(new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }))),
};
const verifySignature: VerifySignature = (trusted, message, signature) =>
  verify(
    'sha256',
    message,
    { key: Buffer.from(trusted.public, 'base64'), format: 'der', type: 'spki', dsaEncoding: 'ieee-p1363' },
    signature,
  );
const expected = { payloadType: published.payloadType, keys: [key], threshold: 1, verify: verifySignature };

describe('the published DSSE vector', () => {
  it('has our encoding', () => {
    expect(fromUtf8(pae(published.payloadType, utf8(published.payload)))).toEqual({ ok: true, value: published.pae });
  });

  it('verifies, in both alphabets', () => {
    const value = { payload: utf8(published.payload), keyids: ['published'] };
    expect(verifyDsse(published.envelope, expected)).toEqual({ ok: true, value });
    const raw = new Uint8Array(Buffer.from(published.envelope.signatures[0]?.sig ?? '', 'base64'));
    const urlSafe = {
      ...published.envelope,
      payload: toBase64Url(utf8(published.payload)),
      signatures: [{ keyid: '', sig: toBase64Url(raw) }],
    };
    expect(verifyDsse(urlSafe, expected)).toEqual({ ok: true, value });
  });

  it('does not verify for another payload, type or key', () => {
    const changed = { ...published.envelope, payload: toBase64(utf8('hello_world')) };
    expect(verifyDsse(changed, expected)).toMatchObject({ ok: false, code: 'KEY_UNKNOWN' });
    expect(
      verifyDsse({ ...changed, signatures: [{ ...changed.signatures[0], keyid: 'published' } as never] }, expected),
    ).toMatchObject({
      code: 'SIGNATURE_INVALID',
    });
    const other = { ...published.envelope, payloadType: 'http://example.com/Other' };
    expect(verifyDsse(other, { ...expected, payloadType: other.payloadType })).toMatchObject({ ok: false });
    expect(verifyDsse(published.envelope, { ...expected, keys: [] })).toMatchObject({ ok: false, code: 'KEY_UNKNOWN' });
  });
});
