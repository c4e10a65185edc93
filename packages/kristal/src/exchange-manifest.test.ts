import type { VerifySignature } from '@orgo/core';
import { describe, expect, it } from 'vitest';
import { type ExchangeManifest, ExchangeManifestSchema, verifyExchangeManifest } from './exchange-manifest.ts';
import type { Signers } from './signatures.ts';

const hex = 'e'.repeat(64);
const manifest: ExchangeManifest = {
  schema_version: '3.0',
  kristal_id: `sha256:${hex}`,
  canonicalization_profile: 'kristal.v3:jcs-rfc8785',
  canonicalization_version: '1',
  content_hash: { algo: 'sha256', value: hex },
  build: { build_id: 'c-123456', compiler_name: 'test', compiler_version: '1', config_hash: hex },
  inputs: { source_snapshot_id: `sha256:${hex}` },
};
const signature = { key_id: 'k', alg: 'ed25519' as const, signature: 'A'.repeat(86) };
const signed: ExchangeManifest = { ...manifest, signatures: [signature] };

/** Over which digest the one key was asked for, and what it answers. */
const trusting = (good: boolean, asked: string[] = []): Signers => {
  const verify: VerifySignature = (_key, message) => {
    asked.push(Buffer.from(message).toString('hex'));
    return good;
  };
  return { keys: [{ keyid: 'k', alg: 'ed25519', public: '' }], verify };
};

describe('verifyExchangeManifest (EX-4)', () => {
  it('takes a manifest without signatures, and one that a trusted key signed', () => {
    expect(verifyExchangeManifest(manifest)).toEqual({ ok: true, value: manifest });
    expect(verifyExchangeManifest(signed, trusting(true))).toEqual({ ok: true, value: signed });
  });

  it('has a signature stand on everything but the signatures', () => {
    const asked: string[] = [];
    const of = (changed: ExchangeManifest) => verifyExchangeManifest(changed, trusting(true, asked));
    of(signed);
    of({ ...signed, signatures: [{ ...signature, created_at: '2026-01-01T00:00:00Z' }] });
    of({ ...signed, created_at: '2026-01-01T00:00:00Z' });
    of({ ...signed, build: { ...manifest.build, compiler_version: '2' } });
    expect(asked).toHaveLength(4);
    expect(asked[1]).toBe(asked[0]);
    expect(new Set(asked).size).toBe(3);
  });

  it.each<[string, string, ExchangeManifest, Signers | undefined]>([
    [
      'the hash of another Exchange',
      'EXCHANGE_MANIFEST_MISMATCH',
      { ...manifest, kristal_id: 'sha256:other' },
      undefined,
    ],
    ['a signature where nobody is trusted', 'KEY_UNKNOWN', signed, undefined],
    ['a signature that does not verify', 'SIGNATURE_INVALID', signed, trusting(false)],
    [
      'a good signature and one by a stranger',
      'KEY_UNKNOWN',
      { ...signed, signatures: [signature, { ...signature, key_id: 'other' }] },
      trusting(true),
    ],
    [
      'a signature under another algorithm than its key’s',
      'SIGNATURE_INVALID',
      { ...signed, signatures: [{ ...signature, alg: 'ecdsa-p256-sha256' }] },
      trusting(true),
    ],
    [
      'a signature with bits behind its end',
      'SIGNATURE_INVALID',
      { ...signed, signatures: [{ ...signature, signature: `${'A'.repeat(85)}B` }] },
      trusting(true),
    ],
  ])('refuses %s: %s', (_what, code, given, signers) => {
    expect(verifyExchangeManifest(given, signers)).toMatchObject({ ok: false, code });
  });

  it.each<[string, unknown]>([
    ['of another shape', { kid: 'k', sig: 'abc' }],
    ['under two names of its key', { ...signature, kid: 'other' }],
    ['of an algorithm that nobody has', { ...signature, alg: 'none' }],
    ['in another base64', { ...signature, signature: `${'+'.repeat(86)}==` }],
    ['of no time', { ...signature, created_at: 'yesterday' }],
  ])('is no manifest with a signature %s (IN-04)', (_what, shape) => {
    expect(ExchangeManifestSchema.safeParse(signed).success).toBe(true);
    expect(ExchangeManifestSchema.safeParse({ ...manifest, signatures: [shape] }).success).toBe(false);
  });
});
