import { describe, expect, it } from 'vitest';
import { toBase64, toBase64Url } from './base64.ts';
import { type DsseEnvelope, verifyDsse } from './dsse.ts';
import { type FixtureKey, keyNumber, verifySignature } from './keys.fixture.ts';
import { pae } from './pae.ts';
import type { TrustedKey } from './signature.ts';
import { fromUtf8, utf8 } from './text.ts';

const payloadType = 'application/vnd.orgo.approval.v1+json';
const payload = utf8('{"intent":"sha256:…"}');
const [alice, bob, carol, mallory] = [1, 2, 3, 4].map(keyNumber) as [FixtureKey, FixtureKey, FixtureKey, FixtureKey];

const signedBy = (...signers: FixtureKey[]): DsseEnvelope => ({
  payloadType,
  payload: toBase64(payload),
  signatures: signers.map((signer) => ({
    keyid: signer.trusted.keyid,
    sig: toBase64(signer.sign(pae(payloadType, payload))),
  })),
});

const check = (
  envelope: DsseEnvelope,
  threshold = 1,
  keys: TrustedKey[] = [alice, bob, carol].map((key) => key.trusted),
) => verifyDsse(envelope, { payloadType, keys, threshold, verify: verifySignature });

it('encodes type and payload with their lengths in bytes', () => {
  expect(fromUtf8(pae('é', utf8('€')))).toEqual({ ok: true, value: 'DSSEv1 2 é 3 €' });
  expect(fromUtf8(pae('', new Uint8Array()))).toEqual({ ok: true, value: 'DSSEv1 0  0 ' });
});

it('hands on the bytes that were signed and who signed them', () => {
  expect(check(signedBy(alice))).toEqual({ ok: true, value: { payload, keyids: [alice.trusted.keyid] } });
  expect(check(signedBy(carol, alice), 2)).toMatchObject({
    value: { keyids: [carol.trusted.keyid, alice.trusted.keyid] },
  });
});

it('takes both base64 alphabets', () => {
  const envelope = signedBy(alice);
  const sig = toBase64Url(alice.sign(pae(payloadType, payload)));
  expect(check({ ...envelope, payload: toBase64Url(payload), signatures: [{ keyid: 'x', sig }] }).ok).toBe(true);
});

it('treats the key id as a hint only', () => {
  const [signature] = signedBy(alice).signatures as [{ keyid: string; sig: string }];
  expect(check({ ...signedBy(), signatures: [{ ...signature, keyid: bob.trusted.keyid }] })).toMatchObject({
    value: { keyids: [alice.trusted.keyid] },
  });
  expect(check({ ...signedBy(), signatures: [{ ...signature, keyid: '' }] }).ok).toBe(true);
});

it('ignores unknown signers beside enough known ones', () => {
  expect(check(signedBy(mallory, alice, bob), 2)).toMatchObject({ ok: true });
});

describe('refuses', () => {
  const [forged] = signedBy(mallory).signatures as [{ keyid: string; sig: string }];

  it('another payload type, in the envelope or under the signature', () => {
    expect(check({ ...signedBy(alice), payloadType: 'application/vnd.orgo.release.v1+json' })).toMatchObject({
      code: 'PAYLOAD_TYPE_MISMATCH',
    });
    const other = { keyid: alice.trusted.keyid, sig: toBase64(alice.sign(pae('other', payload))) };
    expect(check({ ...signedBy(), signatures: [other] })).toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  it('an unknown key', () => expect(check(signedBy(mallory))).toMatchObject({ code: 'KEY_UNKNOWN' }));

  it('a good key id with a bad signature', () => {
    const envelope = { ...signedBy(), signatures: [{ ...forged, keyid: alice.trusted.keyid }] };
    expect(check(envelope)).toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  it('a payload that was changed', () => {
    expect(check({ ...signedBy(alice), payload: toBase64(utf8('{}')) })).toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  it('one key signing twice for two', () => {
    expect(check(signedBy(alice, alice), 2)).toMatchObject({ code: 'THRESHOLD_NOT_MET' });
  });

  it('one key listed under two ids for two', () => {
    const twin = { ...alice.trusted, keyid: 'another' };
    const envelope = signedBy(alice, alice);
    (envelope.signatures[1] as { keyid: string }).keyid = 'another';
    expect(check(envelope, 2, [alice.trusted, twin])).toMatchObject({ code: 'THRESHOLD_NOT_MET' });
  });

  it('a known and a forged signature for two', () => {
    const envelope = signedBy(alice);
    envelope.signatures.push({ ...forged, keyid: bob.trusted.keyid });
    expect(check(envelope, 2)).toMatchObject({ code: 'THRESHOLD_NOT_MET' });
  });

  it.each([1, 0, -1])('no signature at all, at threshold %d', (threshold) => {
    expect(check(signedBy(), threshold)).toMatchObject({ code: 'SIGNATURE_MISSING' });
  });

  it('a key that its root lists under another algorithm', () => {
    const twisted = { ...alice.trusted, alg: 'ecdsa-p256-sha256' as const };
    expect(
      check({ ...signedBy(alice), signatures: [{ ...forged, keyid: alice.trusted.keyid }] }, 1, [twisted]),
    ).toMatchObject({
      code: 'ALG_MISMATCH',
    });
  });

  it('everything when the threshold is no number', () => {
    expect(check(signedBy(alice), Number.NaN)).toMatchObject({ code: 'THRESHOLD_NOT_MET' });
  });

  it('malformed base64', () => {
    expect(check({ ...signedBy(alice), payload: 'e30' + '\n' })).toMatchObject({ code: 'BASE64_MALFORMED' });
    expect(check({ ...signedBy(), signatures: [{ keyid: '', sig: 'Zh==' }] })).toMatchObject({
      code: 'BASE64_MALFORMED',
    });
  });

  it('a flood of signatures', () => {
    expect(check(signedBy(...Array.from({ length: 65 }, () => mallory)))).toMatchObject({ code: 'SIGNATURE_INVALID' });
  });

  it('a signature of the wrong length, without throwing', () => {
    const envelope = { ...signedBy(), signatures: [{ keyid: alice.trusted.keyid, sig: toBase64(new Uint8Array(5)) }] };
    expect(check(envelope)).toMatchObject({ code: 'SIGNATURE_INVALID' });
  });
});
