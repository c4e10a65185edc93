import { spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync, sign, verify } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { packDataOf } from '@orgo/adapter-compile-pack';
import {
  canonicalBytes,
  digestHex,
  digestOf,
  digestOfBytes,
  type JsonValue,
  ok,
  type Result,
  toBase64,
  toBase64Url,
} from '@orgo/core';
import {
  type Exchange,
  type ExchangeManifest,
  exchangeManifestSignaturePayload,
  exchangeSignaturePayload,
  kristalId,
  readExchange,
  type Signers,
  streamExchange,
  verifyExchangeManifest,
} from '@orgo/kristal';
import canonicalize from 'canonicalize';
import { describe, expect, it } from 'vitest';
import { runChain } from './kristal-chain.fixture.ts';
import { fixtureExchange } from './reproducibility.fixture.ts';
import { expected } from './reproducibility.vectors.ts';

const bytes = fixtureExchange(expected.statements);
const exchange: Exchange = JSON.parse(Buffer.from(bytes).toString());

const short: Exchange = JSON.parse(Buffer.from(fixtureExchange(20)).toString());
const none = `sha256:${'0'.repeat(64)}`;

const [mine, other] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
const raw = new Uint8Array(mine.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
const signers: Signers = {
  keys: [{ keyid: 'publisher', alg: 'ed25519', public: toBase64(raw) }],
  verify: (_key, message, signature) => verify(null, message, mine.publicKey, signature),
};
type Signature = NonNullable<Exchange['signatures']>[number];
const signatureOver = (payload: JsonValue, key = mine.privateKey): Signature => ({
  key_id: 'publisher',
  alg: 'ed25519',
  signature: toBase64Url(new Uint8Array(sign(null, Buffer.from(digestHex(digestOf(payload)), 'hex'), key))),
});
const signedBy = (...signatures: Signature[]): Exchange => ({ ...short, signatures });
const withNewId = (changed: Exchange): Exchange => ({ ...changed, kristal_id: kristalId(changed) });

/** What each way of reading an Exchange answers: as one object, and part by part. */
function readers(given: Exchange, whom?: Signers): Result<string>[] {
  const whole = readExchange(given, whom);
  const ignore = { items: () => {}, properties: () => {}, evidence_index: () => {}, unresolved: () => {} };
  return [whole.ok ? ok(whole.value.kristal_id) : whole, streamExchange(canonicalBytes(given), ignore, whom)];
}

describe('reproducibility of an Exchange', () => {
  it('EX-1: same inputs, compiler and config give the same kristal_id and the same canonical bytes', async () => {
    const ids: unknown[] = [];
    for (const asOf of ['2026-01-01T00:00:00.000Z', '2031-05-05T05:05:05.000Z']) {
      const chain = await runChain(['reader'], asOf, 'compile-exchange');
      expect(chain.refused).toBeUndefined();
      const [compiled] = chain.stages.at(-1)?.outputs ?? [];
      const stored = await chain.memory.read(compiled?.ref ?? '');
      const parsed: Exchange = JSON.parse(Buffer.from(stored).toString());
      expect(digestOfBytes(canonicalBytes(parsed))).toBe(compiled?.ref);
      ids.push([parsed.kristal_id, compiled?.ref]);
    }
    expect(ids[0]).toEqual(ids[1]);
  });

  it('EX-2: an independent implementation computes the recorded id of a fixture', () => {
    expect(kristalId(exchange)).toBe(expected.kristal_id);
    const { kristal_id: _id, ...content } = exchange;
    const hashed = createHash('sha256')
      .update(canonicalize(content) as string)
      .digest('hex');
    expect(`sha256:${hashed}`).toBe(expected.kristal_id);
  });

  const python = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 8))']).status === 0;
  if (!python) console.warn('skipped: EX-2 by a second language needs python3 (3.8 or newer) on the PATH');
  it.skipIf(!python)('EX-2: so does one in another language', () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-ex2-'));
    try {
      fs.writeFileSync(path.join(folder, 'exchange.json'), bytes);
      const script = fileURLToPath(new URL('independent/orgo_check.py', import.meta.url));
      const run = spawnSync('python3', [script, 'kristal-id', path.join(folder, 'exchange.json')], {
        encoding: 'utf8',
      });
      expect(run.stdout).toContain(expected.kristal_id);
      expect(run.status).toBe(0);
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  });

  it('EX-3: an unsigned and a signed copy have the same hash input and kristal_id', () => {
    const signed = { ...exchange, signatures: [signatureOver(exchangeSignaturePayload(exchange))] };
    expect(kristalId(signed)).toBe(exchange.kristal_id);
    for (const copy of [exchange, signed])
      for (const read of readers(copy, signers)) expect(read).toEqual({ ok: true, value: exchange.kristal_id });
  });

  it.each([
    ['wrong', { ...exchange, kristal_id: `sha256:${'0'.repeat(64)}` }, 'EXCHANGE_ID_MISMATCH'],
    ['mismatched', { ...exchange, unresolved: [], items: exchange.items.slice(1) }, 'EXCHANGE_ID_MISMATCH'],
    ['of another spelling', { ...exchange, kristal_id: exchange.kristal_id.toUpperCase() }, 'EXCHANGE_SCHEMA_INVALID'],
    ['bare', { ...exchange, kristal_id: exchange.kristal_id.slice(7) }, 'EXCHANGE_SCHEMA_INVALID'],
    ['circular', { ...exchange, content_hash: exchange.kristal_id }, 'EXCHANGE_SCHEMA_INVALID'],
  ])('EX-4: a declared hash that is %s is an error, however the Exchange is read', (_what, changed, code) => {
    expect(readExchange(changed)).toMatchObject({ ok: false, code });
    expect(packDataOf(canonicalBytes(changed))).toMatchObject({ ok: false, code });
  });

  const payload = exchangeSignaturePayload(short);
  const good = signatureOver(payload);
  it.each<[string, string, Exchange]>([
    ['wrong', 'SIGNATURE_INVALID', signedBy({ ...good, signature: signatureOver('another').signature })],
    ['over another id', 'SIGNATURE_INVALID', signedBy(signatureOver({ ...(payload as object), content_id: none }))],
    ['by another key under the right id', 'SIGNATURE_INVALID', signedBy(signatureOver(payload, other.privateKey))],
    ['of another algorithm than its key', 'SIGNATURE_INVALID', signedBy({ ...good, alg: 'ecdsa-p256-sha256' })],
    ['cut short', 'SIGNATURE_INVALID', signedBy({ ...good, signature: good.signature.slice(4) })],
    ['of a stranger', 'KEY_UNKNOWN', signedBy({ ...good, key_id: 'stranger' })],
    ['of a stranger beside a good one', 'KEY_UNKNOWN', signedBy(good, { ...good, key_id: 'stranger' })],
    ['in another base64', 'EXCHANGE_SCHEMA_INVALID', signedBy({ ...good, signature: `${good.signature}==` })],
    ['under a second name', 'EXCHANGE_SCHEMA_INVALID', signedBy({ ...good, kid: 'other' } as typeof good)],
    ['without its key', 'EXCHANGE_SCHEMA_INVALID', signedBy({ signature: good.signature } as typeof good)],
    ['right, over content that was changed', 'EXCHANGE_ID_MISMATCH', { ...signedBy(good), unresolved: [], items: [] }],
    ['right, over content under a new id', 'SIGNATURE_INVALID', withNewId({ ...signedBy(good), items: [] })],
  ])('EX-4: a declared signature that is %s is an error, however the Exchange is read: %s', (_what, code, signed) => {
    for (const read of readers(signed, signers)) expect(read).toMatchObject({ ok: false, code });
  });

  it('EX-4: a right one is taken by who was given its key, and refused by who was not', () => {
    for (const read of readers(signedBy(good), signers)) expect(read).toMatchObject({ ok: true });
    for (const read of [...readers(signedBy(good)), packDataOf(canonicalBytes(signedBy(good)))])
      expect(read).toMatchObject({ ok: false, code: 'KEY_UNKNOWN' });
  });

  it('EX-4: so is one over the manifest, whatever of it was changed', () => {
    const { kristal_id, canonicalization_profile, canonicalization_version } = short;
    const manifest: ExchangeManifest = {
      schema_version: '3.0',
      kristal_id,
      canonicalization_profile,
      canonicalization_version,
      content_hash: { algo: 'sha256', value: kristal_id.slice('sha256:'.length) },
      build: { build_id: 'c-fixture', compiler_name: 'fixture', compiler_version: '1', config_hash: none },
      inputs: { source_snapshot_id: none },
    };
    const over = signatureOver(exchangeManifestSignaturePayload(manifest));
    const signed = { ...manifest, signatures: [over] };
    expect(verifyExchangeManifest(signed, signers)).toMatchObject({ ok: true });
    expect(verifyExchangeManifest(signed)).toMatchObject({ ok: false, code: 'KEY_UNKNOWN' });
    // A signature of the Exchange is none of its manifest.
    for (const changed of [
      { ...signed, created_at: '2026-01-01T00:00:00Z' },
      { ...signed, signatures: [good] },
    ])
      expect(verifyExchangeManifest(changed, signers)).toMatchObject({ ok: false, code: 'SIGNATURE_INVALID' });
  });
});
