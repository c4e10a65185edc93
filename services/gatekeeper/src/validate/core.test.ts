import { digestOfBytes, utf8 } from '@orgo/core';
import { type ResolvedClaimIr, type ValidationReport, ValidationReportSchema, verdictOf } from '@orgo/kristal';
import { describe, expect, it } from 'vitest';
import { type Swap, validateStage } from './batch.fixture.ts';
import { validateBatch } from './core.ts';

const strict = { allow_partial: false };

async function validate(swap: Swap = {}) {
  const stage = validateStage(swap);
  const done = await validateBatch(stage);
  if (!done.ok) throw new Error(`${done.code}: ${done.detail}`);
  const [output] = done.value.outputs;
  const bytes = output?.bytes ?? new Uint8Array();
  const report: ValidationReport = JSON.parse(Buffer.from(bytes).toString());
  return { stage, report, kind: output?.kind, ref: digestOfBytes(bytes), codes: report.issues.map((i) => i.code) };
}

describe('validateBatch', () => {
  it('passes a clean batch, and the gate derives PASS for exactly its inputs', async () => {
    const { stage, report, kind } = await validate();
    expect(kind).toBe('validation-report');
    expect(ValidationReportSchema.parse(report)).toMatchObject({ validation_status: 'passed', issues: [] });
    expect(verdictOf(report, strict, stage.inputs)).toEqual({ verdict: 'PASS', codes: [] });
  });

  it('writes the same bytes whatever the order of its inputs', async () => {
    const stage = validateStage();
    const reversed = await validateBatch({ ...stage, inputs: [...stage.inputs].reverse() });
    if (!reversed.ok) throw new Error(reversed.code);
    expect(digestOfBytes(reversed.value.outputs[0]?.bytes ?? new Uint8Array())).toBe((await validate()).ref);
  });

  const changed =
    (change: (doc: ResolvedClaimIr) => unknown) =>
    ([doc]: ResolvedClaimIr[]) => {
      const copy = structuredClone(doc as ResolvedClaimIr);
      change(copy);
      return [copy];
    };
  const judged: [string, Swap, string[]][] = [
    [
      'lines that are no JSON',
      { 'resolved-lines': () => utf8('{]\n') },
      ['SCHEMA_INVALID', 'RESOLUTION_DROPPED_CLAIM', 'INPUT_REF_MISMATCH'],
    ],
    ['a run record that is no record', { 'resolution-run': () => ({}) }, ['SCHEMA_INVALID']],
    ['a batch that is no JSON', { 'resolved-batch': () => utf8('nothing') }, ['SCHEMA_INVALID', 'INPUT_REF_MISMATCH']],
    [
      'a document of another version',
      { 'resolved-lines': changed((d) => ((d as { schema_version: string }).schema_version = '4.0')) },
      ['SCHEMA_VERSION_UNSUPPORTED', 'RESOLUTION_DROPPED_CLAIM', 'INPUT_REF_MISMATCH'],
    ],
    [
      'a document changed after its batch was written',
      { 'resolved-lines': changed((d) => (d.resolution.notes = 'x')) },
      ['INPUT_REF_MISMATCH'],
    ],
    [
      'a snapshot that says something else',
      { snapshot: () => utf8('Ada Lovelace was born in London. Zoé too.') },
      ['EVIDENCE_QUOTE_MISMATCH'],
    ],
    [
      'a snapshot that ends early',
      { snapshot: () => utf8('Ada Byron was born in London.') },
      ['EVIDENCE_POINTER_INVALID'],
    ],
    [
      'a gazetteer without the entity',
      { 'gazetteer-entities': ([london]: object[]) => [london] },
      ['ENTITY_ID_UNKNOWN', 'RESOLUTION_MARGIN_VIOLATION'],
    ],
  ];
  it.each(judged)('reports %s', async (_what, swap, expected) => {
    const { stage, report, codes } = await validate(swap);
    expect([...new Set(codes)].sort()).toEqual(expected.map((code) => `KRS_V3_${code}`).sort());
    expect(verdictOf(report, strict, stage.inputs)).toMatchObject({
      verdict: 'FAIL',
      codes: [...new Set(codes)].sort(),
    });
  });

  it.each([
    ['a context that is none', { 'pinned-context': () => ({}) }, 'STAGE_INPUT_INVALID'],
    ['a snapshot that is not text', { snapshot: () => new Uint8Array([0xff]) }, 'STAGE_INPUT_INVALID'],
    ['a gazetteer that is none', { 'gazetteer-properties': () => utf8('{}\n') }, 'RESOURCE_VERSION_MISSING'],
  ] as [string, Swap, string][])('refuses %s: %s', async (_what, swap, code) => {
    expect(await validateBatch(validateStage(swap))).toMatchObject({ ok: false, code });
  });

  it('refuses a stage without one of its inputs', async () => {
    const stage = validateStage();
    for (const { kind } of stage.inputs) {
      const inputs = stage.inputs.filter((input) => input.kind !== kind);
      expect(await validateBatch({ ...stage, inputs })).toMatchObject({ ok: false, code: 'STAGE_INPUT_INVALID' });
    }
  });
});
