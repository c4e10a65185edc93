import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BatchProof, batchStatement, maxBatchSize, type SignedItem, signBatch, verifyItem } from './batch.ts';
import { batchLeaf } from './batch-leaf.ts';
import { canonical } from './canonical.ts';
import { digestOf } from './digest.ts';
import { toHex } from './hex.ts';
import { strictValue } from './json.fixture.ts';
import { ed25519Key, keyNumber, verifySignature } from './keys.fixture.ts';
import { rootOf } from './merkle.ts';
import { leafHash } from './merkle-hash.ts';
import { pae } from './pae.ts';
import type { TrustedKey, VerifySignature } from './signature.ts';
import { fromUtf8, utf8 } from './text.ts';
import { readVectors } from './vectors.fixture.ts';

const type = 'application/vnd.orgo.stage-reply.v1+json';
const alice = keyNumber(1);
const signer = { role: 'adapter.extract', tenant_id: 'acme', key_id: alice.trusted.keyid };
const expected = {
  type,
  role: signer.role,
  tenant_id: signer.tenant_id,
  keys: [alice.trusted] as TrustedKey[],
  verify: verifySignature,
};

const batchOf = (count: number): SignedItem[] =>
  signBatch(
    Array.from({ length: count }, (_, i) => ({ type, payload: canonical({ i }) })),
    signer,
    alice.sign,
  );

const withProof = (item: SignedItem, change: Partial<BatchProof>): SignedItem => ({
  ...item,
  proof: { ...item.proof, ...change },
});

it('matches the golden batch', () => {
  const golden = readVectors<{
    seed: string;
    key: TrustedKey;
    leaf_hashes: string[];
    root: string;
    statement: string;
    items: SignedItem[];
  }>('batch');
  const key = ed25519Key(golden.seed);
  expect(key.trusted).toEqual(golden.key);
  const leaves = golden.items.map((item) => batchLeaf(item.type, item.payload));
  expect(leaves.map(toHex)).toEqual(golden.leaf_hashes);
  expect(toHex(rootOf(leaves))).toBe(golden.root);
  const statement = batchStatement({ ...signer, root: rootOf(leaves), size: leaves.length });
  expect(fromUtf8(statement)).toEqual({ ok: true, value: golden.statement });
  expect(signBatch(golden.items, { ...signer, key_id: key.trusted.keyid }, key.sign)).toEqual(golden.items);
});

it('verifies every item of every small batch', () => {
  for (let count = 0; count <= 20; count++) {
    const items = batchOf(count);
    expect(items).toHaveLength(count);
    for (const [i, item] of items.entries()) {
      expect(verifyItem(item, expected)).toEqual({
        ok: true,
        value: {
          payload: { i },
          bytes: utf8(item.payload),
          key_id: alice.trusted.keyid,
          digest: digestOf({ i }),
        },
      });
    }
  }
});

it('carries any JSON', () => {
  fc.assert(
    fc.property(fc.array(strictValue, { minLength: 1, maxLength: 5 }), (values) => {
      const items = values.map((value) => ({ type, payload: canonical(value) }));
      for (const [i, item] of signBatch(items, signer, alice.sign).entries()) {
        expect(verifyItem(item, expected)).toMatchObject({ ok: true, value: { digest: digestOf(values[i]) } });
      }
    }),
    { numRuns: 50 },
  );
});

it('hashes a leaf as the definition does, short or long', () => {
  const payloads = [
    '',
    '{}',
    '"é€😂"',
    `"${'x'.repeat(65_534)}"`,
    `"${'€'.repeat(65_534)}"`,
    `"${'x'.repeat(70_000)}"`,
  ];
  for (const payload of payloads) {
    for (const payloadType of ['', type, 'é'.repeat(128), 'x'.repeat(700)]) {
      expect(batchLeaf(payloadType, payload)).toEqual(leafHash(pae(payloadType, utf8(payload))));
    }
  }
});

describe('refuses', () => {
  const [item, other] = batchOf(5) as [SignedItem, SignedItem];

  it.each<[string, SignedItem, string]>([
    ['a changed payload', { ...item, payload: '{"i":9}' }, 'SIGNATURE_INVALID'],
    ['the payload of another item', { ...item, payload: other.payload }, 'SIGNATURE_INVALID'],
    ['another payload type', { ...item, type: 'application/vnd.orgo.gate-decision.v1+json' }, 'PAYLOAD_TYPE_MISMATCH'],
    ['another role', withProof(item, { role: 'gatekeeper' }), 'KEY_NOT_TRUSTED_FOR_ROLE'],
    ['another tenant', withProof(item, { tenant_id: 'globex' }), 'TENANT_MISMATCH'],
    ['another index', withProof(item, { index: 1 }), 'SIGNATURE_INVALID'],
    ['an index outside', withProof(item, { index: 5 }), 'PROOF_INVALID'],
    ['another size', withProof(item, { size: 6 }), 'SIGNATURE_INVALID'],
    ['a size beyond any batch', withProof(item, { size: maxBatchSize + 1 }), 'PROOF_INVALID'],
    ['a shorter path', withProof(item, { path: item.proof.path.slice(1) }), 'PROOF_INVALID'],
    ['a longer path', withProof(item, { path: [...item.proof.path, '00'.repeat(32)] }), 'PROOF_INVALID'],
    ['a path of another leaf', withProof(item, { path: other.proof.path }), 'SIGNATURE_INVALID'],
    [
      'a path that is not hex',
      withProof(item, { path: item.proof.path.map((hash) => hash.toUpperCase()) }),
      'PROOF_INVALID',
    ],
    ['an unknown key', withProof(item, { key_id: keyNumber(2).trusted.keyid }), 'KEY_UNKNOWN'],
    [
      'a signature of another batch',
      withProof(item, { sig: (batchOf(1)[0] as SignedItem).proof.sig }),
      'SIGNATURE_INVALID',
    ],
    ['a signature that is not base64', withProof(item, { sig: item.proof.sig.replace('==', '') }), 'BASE64_MALFORMED'],
  ])('%s', (_, forged, code) => {
    expect(verifyItem(item, expected).ok).toBe(true);
    expect(verifyItem(forged, expected)).toMatchObject({ ok: false, code });
  });

  it('what another role or tenant signed, even with the same key', () => {
    for (const change of [{ role: 'gatekeeper' }, { tenant_id: 'globex' }]) {
      const [foreign] = signBatch([{ type, payload: '{}' }], { ...signer, ...change }, alice.sign) as [SignedItem];
      const relabelled = withProof(foreign, { role: signer.role, tenant_id: signer.tenant_id });
      expect(verifyItem(relabelled, expected)).toMatchObject({ code: 'SIGNATURE_INVALID' });
    }
  });

  it('a signed payload that is not strict JSON', () => {
    for (const [payload, code] of [
      ['{"a":1,"a":2}', 'JSON_DUPLICATE_KEY'],
      ['nonsense', 'JSON_MALFORMED'],
      ['"\ufffd', 'JSON_MALFORMED'],
    ] as const) {
      const [bad] = signBatch([{ type, payload }], signer, alice.sign) as [SignedItem];
      expect(verifyItem(bad, expected)).toMatchObject({ ok: false, code });
    }
  });

  it('a lone surrogate that encodes like the character signed', () => {
    const [signed] = signBatch([{ type, payload: '"\ufffd"' }], signer, alice.sign) as [SignedItem];
    expect(verifyItem(signed, expected).ok).toBe(true);
    expect(verifyItem({ ...signed, payload: '"\ud800"' }, expected)).toMatchObject({ code: 'JSON_INVALID_UNICODE' });
  });
});

describe('the cache', () => {
  const counting = () => {
    let checks = 0;
    const verify: VerifySignature = (...args) => {
      checks++;
      return verifySignature(...args);
    };
    return { verify, checks: () => checks };
  };

  it('spares all but one signature check per batch', () => {
    const { verify, checks } = counting();
    const cache = new Set<string>();
    for (const item of batchOf(50)) expect(verifyItem(item, { ...expected, verify, cache }).ok).toBe(true);
    expect(checks()).toBe(1);
    expect(cache.size).toBe(1);
  });

  it('learns nothing from a refused item', () => {
    const cache = new Set<string>();
    const [item] = batchOf(3) as [SignedItem];
    expect(verifyItem({ ...item, payload: '{"i":9}' }, { ...expected, cache }).ok).toBe(false);
    expect(cache.size).toBe(0);
  });

  it('does not vouch for another root, size, role, tenant or key', () => {
    const cache = new Set<string>();
    const [item] = batchOf(3) as [SignedItem];
    expect(verifyItem(item, { ...expected, cache }).ok).toBe(true);
    const changed = { ...item, payload: '{"i":9}' };
    expect(verifyItem(changed, { ...expected, cache })).toMatchObject({ code: 'SIGNATURE_INVALID' });
    const resized = withProof(item, { size: 4 });
    expect(verifyItem(resized, { ...expected, cache })).toMatchObject({ code: 'SIGNATURE_INVALID' });
    const moved = withProof(item, { role: 'gatekeeper' });
    expect(verifyItem(moved, { ...expected, role: 'gatekeeper', cache })).toMatchObject({ code: 'SIGNATURE_INVALID' });
    const away = withProof(item, { tenant_id: 'globex' });
    expect(verifyItem(away, { ...expected, tenant_id: 'globex', cache })).toMatchObject({ code: 'SIGNATURE_INVALID' });
    const replaced = { ...keyNumber(2).trusted, keyid: alice.trusted.keyid };
    expect(verifyItem(item, { ...expected, keys: [replaced], cache })).toMatchObject({ code: 'SIGNATURE_INVALID' });
    expect(verifyItem(item, { ...expected, keys: [], cache })).toMatchObject({ code: 'KEY_UNKNOWN' });
    expect(cache.size).toBe(1);
  });
});

it('signs once, and not at all for nothing', () => {
  let calls = 0;
  const sign = (message: Uint8Array) => {
    calls++;
    return alice.sign(message);
  };
  signBatch([], signer, sign);
  expect(calls).toBe(0);
  signBatch(
    [
      { type, payload: '1' },
      { type, payload: '2' },
    ],
    signer,
    sign,
  );
  expect(calls).toBe(1);
});

it('throws for a batch beyond the limit', () => {
  const items = Array.from({ length: maxBatchSize + 1 }, () => ({ type, payload: '1' }));
  expect(() => signBatch(items, signer, alice.sign)).toThrow(RangeError);
});
