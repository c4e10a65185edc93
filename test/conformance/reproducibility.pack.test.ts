import { execFile } from 'node:child_process';
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { canonicalBytes, digestHex, digestOf, type JsonValue, type TrustedKey, toBase64 } from '@orgo/core';
import {
  defaultPackPolicy,
  type Exchange,
  kristalId,
  openFilter,
  openPack,
  type PackManifest,
  type PortablePolicy,
  packFilterPath,
  packSignaturePayload,
  queryPack,
  runtimePackId,
  spoKey,
  verifyPack,
} from '@orgo/kristal';
import { describe, expect, it } from 'vitest';
import { runChain } from './kristal-chain.fixture.ts';
import {
  type FixturePack,
  fixtureExchange,
  fixturePack,
  identityOf,
  severalGroups,
  sourceOf,
} from './reproducibility.fixture.ts';
import { expected } from './reproducibility.vectors.ts';

const bytes = fixtureExchange(expected.statements);
const exchange: Exchange = JSON.parse(Buffer.from(bytes).toString());
const program = fileURLToPath(new URL('reproducibility.fixture.ts', import.meta.url));

/** What another process prints of the fixture. */
async function elsewhere(
  env: Record<string, string>,
  flags: string[] = [],
  what: number | 'groups' = expected.statements,
) {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, program, `${what}`], {
    env: { PATH: process.env.PATH, ...env },
  });
  return JSON.parse(stdout);
}

/** The Exchange with its lists the other way round: the same content in another order, under another id. */
function reversed(): Uint8Array {
  const content = {
    ...exchange,
    items: [...exchange.items].reverse().map((item) => ({ ...item, statements: [...item.statements].reverse() })),
    properties: [...exchange.properties].reverse(),
    evidence_index: [...exchange.evidence_index].reverse(),
  };
  return canonicalBytes({ ...content, kristal_id: kristalId(content) });
}

/** The Exchange with one property everywhere: its rows are one run. */
function oneProperty(of: Uint8Array): Uint8Array {
  const parsed: Exchange = JSON.parse(Buffer.from(of).toString());
  const content = {
    ...parsed,
    items: parsed.items.map((item) => ({
      ...item,
      statements: item.statements.map((statement) => ({ ...statement, property_id: 'P1' })),
    })),
  };
  return canonicalBytes({ ...content, kristal_id: kristalId(content) });
}

const withPolicy = (change: Partial<PortablePolicy>): PortablePolicy => ({ ...defaultPackPolicy, ...change });
const load = (pack: FixturePack, manifest: unknown = pack.manifest) => verifyPack(sourceOf(pack), manifest);

async function opened(pack: FixturePack) {
  const verified = await load(pack);
  const open = verified.ok ? await openPack(verified.value) : verified;
  if (!open.ok) throw new Error(`${open.code}: ${open.detail}`);
  return open.value;
}

describe('reproducibility of a Runtime Pack', () => {
  it('RP-1: same inputs, compiler, config and policies give the same pack_id, payload hashes and recorded policies', async () => {
    const [one, two] = [fixturePack(bytes), fixturePack(bytes, defaultPackPolicy, '2031-05-05T05:05:05.000Z')];
    expect({ ...two.manifest, created_at: '' }).toEqual({ ...one.manifest, created_at: '' });
    expect(two.files).toEqual(one.files);
    const chains = [];
    for (const asOf of ['2026-01-01T00:00:00.000Z', '2031-05-05T05:05:05.000Z'])
      chains.push(await runChain(['reader'], asOf, 'compile-pack'));
    const files = chains.map((chain) => chain.stages.at(-1)?.outputs.slice(1));
    expect(files[0]?.length).toBeGreaterThan(9);
    expect(files[0]).toEqual(files[1]);
  });

  it('RP-2: one order of rows, whatever the order of the input, across rebuilds', () => {
    const [here, there] = [fixturePack(bytes), fixturePack(reversed())];
    expect(there.manifest.exchange_ref.exchange_id).not.toBe(here.manifest.exchange_ref.exchange_id);
    expect(there.manifest.files).toEqual(here.manifest.files);
  });

  it('RP-3: fixed row groups have the same boundaries under another memory limit and with other threads', async () => {
    const here = await severalGroups();
    expect(here.groups).toEqual([
      [0, 100_000],
      [100_000, 100_000],
      [200_000, 50_000],
    ]);
    const small = await elsewhere(
      { UV_THREADPOOL_SIZE: '1' },
      ['--max-old-space-size=96', '--single-threaded-gc'],
      'groups',
    );
    expect(small).toEqual(here);
  });

  it('RP-4: fixed filter parameters give the same filter bytes and metadata, and a false positive is pruned by the table', async () => {
    const path = packFilterPath('spo_hash');
    const [one, two] = [fixturePack(bytes), fixturePack(reversed())];
    expect(two.files.get(path)).toEqual(one.files.get(path));
    expect(two.manifest.policies.membership_filter).toEqual({ kind: 'xor8', seed: 0, bits: 8 });
    const filter = openFilter(one.files.get(path) as Uint8Array, 'spo_hash');
    if (!filter.ok) throw new Error(filter.detail);
    const object = { type: 'quantity' as const, value: { amount: 424_242 } };
    const key = (n: number) => spoKey(`Q${n}`, 'P1', JSON.stringify(object));
    const wrong = Array.from({ length: 20_000 }, (_, n) => n + 1).find((n) => filter.value.has(key(n)));
    expect(wrong).toBeDefined();
    const asked = await queryPack(await opened(one), { s: `Q${wrong}`, p: 'P1', o: object });
    expect(asked).toMatchObject({ ok: true, value: { results: [], cardinality: { value: 0 } } });
  });

  it.each([true, false])('RP-5: roaring with run_optimize %s recorded gives the same bitmap hashes', (run_optimize) => {
    const policy = withPolicy({ bitmap: { format: 'roaring', run_optimize, shipped: true } });
    const hashes = ({ manifest }: FixturePack) =>
      manifest.files.filter((file) => file.role === 'bitmap_index').map(({ path, sha256 }) => `${path} ${sha256}`);
    const pack = fixturePack(oneProperty(bytes), policy);
    expect(pack.manifest.policies.bitmap).toEqual({
      format: run_optimize ? 'roaring_run_optimized' : 'roaring',
      run_optimize,
    });
    expect(hashes(pack)).toHaveLength(2);
    expect(hashes(fixturePack(oneProperty(reversed()), policy))).toEqual(hashes(pack));
    const other = withPolicy({ bitmap: { format: 'roaring', run_optimize: !run_optimize, shipped: true } });
    expect(hashes(fixturePack(oneProperty(bytes), other))).not.toEqual(hashes(pack));
  });

  it('RP-6: a changed byte in any payload is an error', async () => {
    const pack = fixturePack(bytes);
    for (const [path, content] of pack.files) {
      const files = new Map(pack.files).set(
        path,
        content.map((byte, i) => (i === content.length >> 1 ? byte ^ 1 : byte)),
      );
      expect(await load({ ...pack, files })).toMatchObject({ ok: false, code: 'FILE_HASH_MISMATCH' });
      const missing = new Map(pack.files);
      missing.delete(path);
      expect(await load({ ...pack, files: missing })).toMatchObject({ ok: false, code: 'FILE_MISSING' });
    }
  });

  it('RP-6: a malformed field or a declared hash that is wrong is an error', async () => {
    const pack = fixturePack(bytes);
    const cases: [Partial<Record<keyof PackManifest, unknown>>, string][] = [
      [{ runtime_pack_id: pack.manifest.runtime_pack_id.toUpperCase() }, 'MANIFEST_SCHEMA_INVALID'],
      [{ runtime_pack_id: '0'.repeat(64) }, 'MANIFEST_ID_MISMATCH'],
      [{ integrity: { hash_alg: 'sha256', manifest_sha256: '0'.repeat(64) } }, 'MANIFEST_ID_MISMATCH'],
      [{ integrity: { hash_alg: 'sha256', pack_sha256: '0'.repeat(64) } }, 'MANIFEST_SCHEMA_INVALID'],
      [{ integrity: { hash_alg: 'md5' } }, 'MANIFEST_SCHEMA_INVALID'],
      [{ signatures: [{ key_id: 'k', alg: 'ed25519', signature: 'short' }] }, 'MANIFEST_SCHEMA_INVALID'],
      [{ policies: { ...pack.manifest.policies, membership_filter: { kind: 'none' } } }, 'MANIFEST_ID_MISMATCH'],
    ];
    for (const [change, code] of cases)
      expect(await load(pack, { ...pack.manifest, ...change })).toMatchObject({ ok: false, code });
  });

  it('RP-6: a bad signature is an error, and a good one is none', async () => {
    const pack = fixturePack(bytes);
    const [mine, other] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
    const raw = new Uint8Array(mine.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
    const signers = {
      keys: [{ keyid: 'publisher', alg: 'ed25519', public: toBase64(raw) } satisfies TrustedKey],
      verify: (_key: TrustedKey, message: Uint8Array, signature: Uint8Array) =>
        verify(null, message, mine.publicKey, signature),
    };
    const over = (payload: JsonValue, key = mine.privateKey) =>
      toBase64(new Uint8Array(sign(null, Buffer.from(digestHex(digestOf(payload)), 'hex'), key)));
    const payload = packSignaturePayload(pack.manifest);
    const signed = (signature: string, key_id = 'publisher', alg = 'ed25519') =>
      verifyPack(sourceOf(pack), { ...pack.manifest, signatures: [{ key_id, alg, signature }] }, signers);
    expect(await signed(over(payload))).toMatchObject({ ok: true });
    expect(await signed(over({ ...(payload as object), content_id: '0'.repeat(64) }))).toMatchObject({
      code: 'SIGNATURE_INVALID',
    });
    expect(await signed(over(payload, other.privateKey))).toMatchObject({ code: 'SIGNATURE_INVALID' });
    expect(await signed('not base64 at all!!')).toMatchObject({ code: 'SIGNATURE_INVALID' });
    expect(await signed(over(payload), 'publisher', 'ecdsa-p256-sha256')).toMatchObject({ code: 'SIGNATURE_INVALID' });
    expect(await signed(over(payload), 'stranger')).toMatchObject({ code: 'KEY_UNKNOWN' });
    expect(
      await load(pack, {
        ...pack.manifest,
        signatures: [{ key_id: 'publisher', alg: 'ed25519', signature: over(payload) }],
      }),
    ).toMatchObject({
      code: 'KEY_UNKNOWN',
    });
    expect(runtimePackId({ ...pack.manifest, files: [] })).not.toBe(pack.manifest.runtime_pack_id);
  });

  it('XP-1: this platform gives the recorded kristal_id, pack_id and payloads, under any time zone and locale', async () => {
    const { statements: _count, ...recorded } = expected;
    expect(identityOf(bytes)).toEqual(recorded);
    expect(await elsewhere({ TZ: 'Pacific/Kiritimati', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' })).toEqual(recorded);
  });
});
