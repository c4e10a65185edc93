import { spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync, sign, verify } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { packDataOf } from '@orgo/adapter-compile-pack';
import { canonicalBytes, digestOfBytes, pae, type TrustedKey, toBase64, utf8, verifyDsse } from '@orgo/core';
import { type Exchange, kristalId, readExchange } from '@orgo/kristal';
import canonicalize from 'canonicalize';
import { describe, expect, it } from 'vitest';
import { runChain } from './kristal-chain.fixture.ts';
import { fixtureExchange } from './reproducibility.fixture.ts';
import { expected } from './reproducibility.vectors.ts';

const bytes = fixtureExchange(expected.statements);
const exchange: Exchange = JSON.parse(Buffer.from(bytes).toString());

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
    const signed = { ...exchange, signatures: [{ kid: 'k', sig: 'abc' }] };
    expect(kristalId(signed)).toBe(exchange.kristal_id);
    expect(readExchange(signed)).toMatchObject({ ok: true, value: { kristal_id: exchange.kristal_id } });
    const streamed = [bytes, canonicalBytes(signed)].map((copy) => packDataOf(copy));
    expect(streamed.map((data) => data.ok && data.value.kristalId)).toEqual([exchange.kristal_id, exchange.kristal_id]);
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

  it('EX-4: a declared signature that is wrong, of another content or malformed is an error', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const key: TrustedKey = { keyid: 'k', alg: 'ed25519', public: toBase64(new Uint8Array(raw)) };
    const type = 'application/vnd.orgo.test';
    const envelope = (payload: Uint8Array, over = payload) => ({
      payload: toBase64(payload),
      payloadType: type,
      signatures: [{ keyid: 'k', sig: toBase64(new Uint8Array(sign(null, pae(type, over), privateKey))) }],
    });
    const check = (given: unknown) =>
      verifyDsse(given as never, {
        payloadType: type,
        keys: [key],
        threshold: 1,
        verify: (_key, message, signature) => signature.length === 64 && verify(null, message, publicKey, signature),
      });
    const payload = utf8(exchange.kristal_id);
    const good = envelope(payload);
    expect(check(good).ok).toBe(true);
    const [{ sig } = { sig: '' }] = good.signatures;
    for (const bad of [
      envelope(payload, utf8('another')),
      envelope(utf8('another'), payload),
      { ...good, signatures: [{ keyid: 'k', sig: sig.slice(4) }] },
      { ...good, signatures: [{ keyid: 'k', sig: '%' }] },
      { ...good, signatures: [] },
      { ...good, payloadType: 'other' },
    ])
      expect(check(bad).ok).toBe(false);
  });
});
