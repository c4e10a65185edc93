import { createPublicKey, verify } from 'node:crypto';
import { formatCheckpoint, formatVkey, parseCheckpoint, parseVkey, type VerifySignature, verifyNote } from '@orgo/core';
import { describe, expect, it } from 'vitest';

const verifySignature: VerifySignature = (key, message, signature) => {
  const x = Buffer.from(key.public, 'base64').toString('base64url');
  return verify(null, message, createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }), signature);
};

const published = [
  {
    source: 'the C2SP signed-note example',
    vkey: 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
    body: 'This is an example message.\n',
    signature:
      'example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=',
  },
  {
    source: 'the example of the Go note package',
    vkey: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    body: "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n",
    signature:
      'PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=',
  },
];

describe.each(published)('$source', ({ vkey, body, signature }) => {
  const key = parseVkey(vkey);
  if (!key.ok) throw new Error(key.detail);
  const note = `${body}\n\u2014 ${signature}\n`;

  it('has a verifier key that we read and write', () => {
    expect(formatVkey(key.value)).toBe(vkey);
    expect(vkey).toContain(`+${key.value.keyId}+`);
  });

  it('verifies', () => {
    expect(verifyNote(note, [key.value], verifySignature)).toEqual({
      ok: true,
      value: { body, verifiedBy: [key.value.name] },
    });
  });

  it('does not verify when a letter of its text changes', () => {
    const changed = note.replace('example', 'exemple').replace('answer', 'anwser');
    expect(verifyNote(changed, [key.value], verifySignature)).toMatchObject({
      ok: false,
      code: 'CHECKPOINT_SIGNATURE_INVALID',
    });
  });
});

it('reads and writes the text of the C2SP checkpoint example', () => {
  const text = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
  const checkpoint = parseCheckpoint(text);
  if (!checkpoint.ok) expect.fail(checkpoint.detail);
  expect(checkpoint.value).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20852163, extensions: [] });
  expect(formatCheckpoint(checkpoint.value)).toBe(text);
});

it('reads the shape of published notes whose keys are not published, and trusts none of them', () => {
  const sofa =
    'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n' +
    '\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n';
  const poem =
    'Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned \u00e8 subito sera.\n\n' +
    '\u2014 quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n';
  for (const note of [sofa, poem]) {
    expect(verifyNote(note, [], verifySignature)).toMatchObject({ ok: false, code: 'KEY_UNKNOWN' });
  }
});
