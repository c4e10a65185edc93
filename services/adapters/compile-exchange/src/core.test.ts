import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { canonical, digestOfBytes } from '@orgo/core';
import {
  alternativeGroupNote,
  type Exchange,
  type ExchangeManifest,
  ExchangeManifestSchema,
  readExchange,
  type ValidationReport,
} from '@orgo/kristal';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exchangeStage, type Given, type Said, sealed, type Told } from './batch.fixture.ts';
import { compileExchange } from './core.ts';
import { tinyBatch } from './tiny.fixture.ts';

async function compile(told: readonly Told[] = tinyBatch, given: Given = {}) {
  const done = await compileExchange(exchangeStage(told, given));
  if (!done.ok) throw new Error(`${done.code}: ${done.detail}`);
  const [exchange, manifest] = done.value.outputs.map(({ bytes }) => JSON.parse(Buffer.from(bytes).toString()));
  const refs = done.value.outputs.map(({ bytes }) => digestOfBytes(bytes));
  return { exchange: exchange as Exchange, manifest: manifest as ExchangeManifest, refs, metrics: done.value.metrics };
}

const item = (surface: string): Said['object'] => ({ kind: 'item', value: { surface } });
const born = (source: string, place = 'Q84'): Told => ({
  source,
  subject: 'Q9',
  claims: [{ pid: 'P19', object: item(place) }],
});

describe('compileExchange', () => {
  it('gives the golden Exchange for the tiny batch', async () => {
    const { exchange, manifest, metrics } = await compile();
    expect(readExchange(exchange)).toMatchObject({ ok: true });
    await expect(canonical(exchange)).toMatchFileSnapshot('../vectors/tiny-exchange.jcs');
    expect(metrics).toEqual({ items: 4, statements: 3, merged_claims: 1, unresolved_claims: 1, evidence: 5 });
    expect(ExchangeManifestSchema.parse(manifest)).toMatchObject({
      kristal_id: exchange.kristal_id,
      build: { compiler_name: 'orgo-compile-exchange' },
      extensions: { orgo: { validation_status: 'passed', unresolved_claims: 1 } },
    });
  });

  it('gives the same Exchange under another as_of; only the manifest tells them apart (EX-1)', async () => {
    const one = await compile();
    const two = await compile(tinyBatch, { asOf: '2031-05-05T05:05:05.000Z' });
    expect(two.refs[0]).toBe(one.refs[0]);
    expect(two.manifest.created_at).toBe('2031-05-05T05:05:05.000Z');
    expect(two.manifest.content_hash.value).toBe(one.exchange.kristal_id.slice(7));
  });

  it('writes the same bytes in other processes, time zones and locales', async () => {
    const expected = (await compile()).refs;
    const script = fileURLToPath(new URL('./refs.fixture.ts', import.meta.url));
    for (const [TZ, LC_ALL] of [
      ['UTC', 'C'],
      ['Pacific/Kiritimati', 'tr_TR.UTF-8'],
    ]) {
      const out = execFileSync(process.execPath, [script], { env: { ...process.env, TZ, LC_ALL, LANG: LC_ALL } });
      expect(JSON.parse(out.toString())).toEqual(expected);
    }
  });

  it('does not depend on the order of documents and claims', async () => {
    const expected = (await compile()).refs[0];
    const shuffled = fc.shuffledSubarray([...tinyBatch], { minLength: tinyBatch.length });
    await fc.assert(
      fc.asyncProperty(shuffled, async (told) => {
        expect((await compile(told)).refs[0]).toBe(expected);
      }),
      { numRuns: 20 },
    );
  });

  it('merges equal statements and unites their evidence', async () => {
    const { exchange, metrics } = await compile([born('a'), born('b')]);
    const [statement] = exchange.items.find((i) => i.entity_id === 'Q9')?.statements ?? [];
    expect(statement?.claims).toHaveLength(2);
    expect(statement?.evidence_ids).toEqual(exchange.evidence_index.map((e) => e.evidence_id));
    expect(metrics).toMatchObject({ statements: 1, merged_claims: 1, evidence: 2 });
  });

  it('keeps both readings of "A or B" as statements and marks their claims', async () => {
    const notes = alternativeGroupNote('c:1');
    const year = (iso8601: string): Said => ({
      pid: 'P569',
      object: { kind: 'time', value: { iso8601, precision: 'year' } },
      notes,
    });
    const { exchange } = await compile([
      { source: 'a', subject: 'Q9', claims: [year('1823-01-01'), year('1824-01-01')] },
    ]);
    const claims = exchange.items[0]?.statements.flatMap((s) => s.claims) ?? [];
    expect(claims.map((claim) => claim.notes)).toEqual([notes, notes]);
  });

  it('keeps what is open, with its candidates, out of the statements', async () => {
    const { exchange } = await compile([born('a', 'Springfield')]);
    expect(exchange.items).toEqual([]);
    expect(exchange.unresolved).toMatchObject([
      {
        reasons: ['value-ambiguous'],
        subject: { status: 'resolved', id: 'Q9' },
        value: {
          type: 'item',
          ref: {
            surface: 'Springfield',
            candidates: [
              { id: 'Q9', score_bp: 6100 },
              { id: 'Q10', score_bp: 6000 },
            ],
          },
        },
      },
    ]);
  });

  it('leaves a whole claim open for one open qualifier', async () => {
    const qualifiers = [{ predicate: { surface: 'P19' }, object: item('Springfield') }];
    const { exchange } = await compile([
      { source: 'a', subject: 'Q9', claims: [{ pid: 'P19', object: item('Q84'), qualifiers }] },
    ]);
    expect(exchange.unresolved.map((u) => u.reasons)).toEqual([['qualifier-ambiguous']]);
    expect(exchange.items).toEqual([]);
  });

  it('traces every statement to claims and every claim to evidence in the index', async () => {
    const { exchange } = await compile();
    const known = new Set(exchange.evidence_index.map((e) => e.evidence_id));
    const statements = exchange.items.flatMap((i) => i.statements);
    expect(statements.length).toBeGreaterThan(0);
    for (const { claims, evidence_ids } of statements) {
      const cited = claims.flatMap((claim) => claim.evidence_ids);
      expect(cited.length).toBeGreaterThan(0);
      expect(new Set(cited)).toEqual(new Set(evidence_ids));
      for (const id of cited) expect(known).toContain(id);
    }
  });
});

describe('compileExchange refuses', () => {
  const issue = (severity: 'ERROR' | 'WARNING', code: string) => ({ severity, code, message: 'x' });
  const failed = (report: ValidationReport) =>
    sealed({
      ...report,
      validation_status: 'failed',
      issues: [issue('ERROR', 'KRS_V3_VALUE_INVALID')],
      stats: { error_count: 1 },
    });
  const partial = (report: ValidationReport) =>
    sealed({ ...report, validation_status: 'partial', issues: [issue('WARNING', 'KRS_V3_ENTITY_AMBIGUOUS')] });
  const swapped = (kind: string): Given => ({
    inputs: (inputs) => inputs.map((i) => (i.kind === kind ? { ...i, ref: `sha256:${'0'.repeat(64)}` } : i)),
  });
  const cases: [string, string, string, Given][] = [
    ['a failed report', 'NO_COMPILE_ON_FAIL', 'KRS_V3_VALUE_INVALID', { report: failed }],
    [
      'a partial report without leave',
      'NO_COMPILE_ON_FAIL',
      'VALIDATION_PARTIAL',
      { report: partial, allowPartial: false },
    ],
    [
      'a report about another resolution',
      'NO_COMPILE_ON_FAIL',
      'VALIDATION_REPORT_MISMATCH',
      swapped('resolved-lines'),
    ],
    ['a report about other snapshots', 'NO_COMPILE_ON_FAIL', 'VALIDATION_REPORT_MISMATCH', swapped('snapshot-set')],
    [
      'a report whose issues were removed',
      'NO_COMPILE_ON_FAIL',
      'VALIDATION_REPORT_INVALID',
      { report: (r) => ({ ...failed(r), issues: [] }) },
    ],
    [
      'no report',
      'VALIDATION_REPORT_INVALID',
      '0 inputs',
      { inputs: (i) => i.filter((x) => x.kind !== 'validation-report') },
    ],
    [
      'no resolution',
      'STAGE_INPUT_INVALID',
      '0 inputs',
      { inputs: (i) => i.filter((x) => x.kind !== 'resolved-lines') },
    ],
  ];
  it.each(cases)('%s: %s %s', async (_what, code, detail, given) => {
    const done = await compileExchange(exchangeStage(tinyBatch, given));
    expect(done).toMatchObject({ ok: false, code, detail: expect.stringContaining(detail) });
  });

  it('but admits a partial report where the mandate does, and says so in the manifest', async () => {
    const { manifest } = await compile(tinyBatch, { report: partial, allowPartial: true });
    expect(manifest.extensions).toMatchObject({ orgo: { validation_status: 'partial', unresolved_claims: 1 } });
  });
});
