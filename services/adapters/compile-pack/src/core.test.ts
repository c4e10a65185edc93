import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { canonical, digestOfBytes, utf8 } from '@orgo/core';
import {
  defaultPackPolicy,
  kristalId,
  type PackManifest,
  type PackPolicy,
  packProjection,
  type StageCoreOk,
} from '@orgo/kristal';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contextWith, type Given, packStage, passedReport } from './core.fixture.ts';
import { compilePack } from './core.ts';
import { exchangeOf, tinyExchange } from './exchange.fixture.ts';

async function compile(exchange = tinyExchange, given: Given = {}): Promise<StageCoreOk> {
  const result = await compilePack(packStage(exchange, given));
  if (!result.ok) throw new Error(`${result.code}: ${result.detail}`);
  return result.value;
}
const bare: PackPolicy = {
  ...defaultPackPolicy,
  membership_filter: { kind: 'none' },
  bitmap: { format: 'roaring', run_optimize: false, shipped: false },
};
const refs = (done: StageCoreOk) => done.outputs.map((output) => digestOfBytes(output.bytes));
const manifestOf = (done: StageCoreOk): PackManifest =>
  JSON.parse(Buffer.from(done.outputs[0]?.bytes ?? []).toString());

describe('compilePack', () => {
  it('gives the golden pack for the tiny Exchange', async () => {
    const done = await compile();
    const manifest = manifestOf(done);
    expect(done.outputs.map((o) => o.kind)).toEqual(['pack-manifest', ...Array(12).fill('pack-file')]);
    expect(manifest.files.map((f) => `sha256:${f.sha256}`)).toEqual(refs(done).slice(1));
    // The vector is the projection itself: its SHA-256 is the pack id, in any language.
    const projection = canonical(packProjection(manifest));
    await expect(projection).toMatchFileSnapshot('../vectors/tiny-pack-projection.jcs');
    expect(digestOfBytes(utf8(projection))).toBe(`sha256:${manifest.runtime_pack_id}`);
  });

  it('ships a bitmap index for property and object, and a filter over triples', async () => {
    const { policies, files, query_contract } = manifestOf(await compile());
    expect(policies.membership_filter).toEqual({ kind: 'xor8', seed: 0, bits: 8 });
    expect(policies.bitmap).toEqual({ format: 'roaring_run_optimized', run_optimize: true });
    expect(query_contract?.supports_cardinality_estimates).toBe(true);
    expect(files.flatMap(({ path, role }) => (/^(index|filter)/.test(path) ? [`${role} ${path}`] : []))).toEqual([
      'membership_filter filter/spo_hash.xor8',
      'bitmap_index index/o.roaring',
      'bitmap_index index/p.roaring',
    ]);
  });

  it('ships none of them where the policy wants none, and says so', async () => {
    const { policies, files } = manifestOf(await compile(tinyExchange, { context: contextWith(bare) }));
    expect(policies.membership_filter).toEqual({ kind: 'none' });
    expect(policies.bitmap.notes).toContain('no bitmap_index file');
    expect(files.filter((f) => f.role === 'bitmap_index' || f.role === 'membership_filter')).toEqual([]);
  });

  it('keeps pack id and every payload hash under another as_of and compilation id (RP-1)', async () => {
    const one = await compile();
    const two = await compile(tinyExchange, { asOf: '2031-05-05T05:05:05.000Z' });
    expect(refs(two).slice(1)).toEqual(refs(one).slice(1));
    expect(refs(two)[0]).not.toBe(refs(one)[0]);
    expect({ ...manifestOf(two), created_at: '' }).toEqual({ ...manifestOf(one), created_at: '' });
  });

  it('does not depend on the order of lists in the Exchange (RP-2)', async () => {
    const expected = refs(await compile()).slice(1);
    const shuffled = fc.tuple(
      fc.shuffledSubarray(tinyExchange.items, { minLength: tinyExchange.items.length }),
      fc.shuffledSubarray(tinyExchange.properties, { minLength: tinyExchange.properties.length }),
      fc.shuffledSubarray(tinyExchange.evidence_index, { minLength: tinyExchange.evidence_index.length }),
    );
    await fc.assert(
      fc.asyncProperty(shuffled, async ([items, properties, evidence_index]) => {
        const content = { ...tinyExchange, items, properties, evidence_index };
        const done = await compile({ ...content, kristal_id: kristalId(content) });
        expect(refs(done).slice(1)).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });

  it('writes the same bytes in other processes, time zones and locales (RP-1)', async () => {
    const expected = refs(await compile());
    const script = fileURLToPath(new URL('./refs.fixture.ts', import.meta.url));
    for (const [TZ, LC_ALL] of [
      ['UTC', 'C'],
      ['Pacific/Kiritimati', 'tr_TR.UTF-8'],
    ]) {
      const out = execFileSync(process.execPath, [script], { env: { ...process.env, TZ, LC_ALL, LANG: LC_ALL } });
      expect(JSON.parse(out.toString())).toEqual(expected);
    }
  });

  it('compiles an Exchange without statements', async () => {
    const done = await compile(exchangeOf([]));
    expect(done.metrics.triples).toBe(0);
  });
});

const stranger = { key_id: 'k', alg: 'ed25519' as const, signature: 'A'.repeat(86) };

describe('compilePack refuses', () => {
  const cases: [string, string, Given][] = [
    [
      'an Exchange whose content is not its id',
      'EXCHANGE_ID_MISMATCH',
      { exchange: { ...tinyExchange, properties: [] } },
    ],
    [
      'an Exchange with a member of its own',
      'EXCHANGE_SCHEMA_INVALID',
      { exchange: { ...tinyExchange, tenant: 'x' } as never },
    ],
    ['an Exchange that a stranger signed', 'KEY_UNKNOWN', { exchange: { ...tinyExchange, signatures: [stranger] } }],
    ['a manifest that is none', 'STAGE_INPUT_INVALID', { manifest: {} }],
    [
      'a policy outside the portable set',
      'PACK_POLICY_UNSUPPORTED',
      { context: contextWith({ ...defaultPackPolicy, ordering: 'POS' }) },
    ],
    [
      'a filter that no manifest can name',
      'PACK_POLICY_UNSUPPORTED',
      {
        context: contextWith({
          ...defaultPackPolicy,
          membership_filter: { kind: 'binary_fuse', seed: 1, key_space: 'claim_id' },
        }),
      },
    ],
    ['a report about another context', 'NO_COMPILE_ON_FAIL', { report: passedReport(`sha256:${'0'.repeat(64)}`) }],
    ['a report that is none', 'VALIDATION_REPORT_INVALID', { report: {} }],
  ];
  it.each(cases)('%s: %s', async (_what, code, given) => {
    expect(await compilePack(packStage(tinyExchange, given))).toMatchObject({ ok: false, code });
  });

  it('a manifest that a stranger signed', async () => {
    const stage = packStage(tinyExchange);
    const manifest = JSON.parse(Buffer.from(await stage.read(stage.inputs[3]?.ref as string)).toString());
    expect((await compilePack(packStage(tinyExchange, { manifest }))).ok).toBe(true);
    const signed = packStage(tinyExchange, { manifest: { ...manifest, signatures: [stranger] } });
    expect(await compilePack(signed)).toMatchObject({ ok: false, code: 'KEY_UNKNOWN' });
  });

  it('a manifest of another Exchange', async () => {
    const other = packStage(exchangeOf([]));
    const mixed = packStage(tinyExchange);
    const inputs = [...mixed.inputs.slice(0, 3), other.inputs[3] as never];
    const read = (ref: string) => mixed.read(ref).catch(() => other.read(ref));
    expect(await compilePack({ ...mixed, inputs, read })).toMatchObject({
      ok: false,
      code: 'EXCHANGE_MANIFEST_MISMATCH',
    });
  });

  it('an Exchange that was compiled under another report', async () => {
    const mixed = packStage(tinyExchange);
    const foreign = packStage(tinyExchange, {
      report: { ...passedReport(mixed.inputs[0]?.ref as string), created_at: 'x' },
    });
    const inputs = [...mixed.inputs.slice(0, 3), foreign.inputs[3] as never];
    const read = (ref: string) => mixed.read(ref).catch(() => foreign.read(ref));
    expect(await compilePack({ ...mixed, inputs, read })).toMatchObject({
      ok: false,
      code: 'EXCHANGE_MANIFEST_MISMATCH',
    });
  });

  it('a missing input', async () => {
    const stage = packStage(tinyExchange);
    const inputs = stage.inputs.filter((input) => input.kind !== 'exchange');
    expect(await compilePack({ ...stage, inputs })).toMatchObject({ ok: false, code: 'STAGE_INPUT_INVALID' });
  });
});
