import type { BuildRecord } from '@orgo/contracts';
import { digestOf, digestOfNothing } from '@orgo/core';
import { describe, expect, test } from 'vitest';
import { toPublicBuildRecord } from './projection.ts';
import { admission, artifact, closing, leavesOf, sourceOf, stage } from './record.fixture.ts';
import { foldRecord } from './record.ts';

const report = artifact('validation-report');
const base = foldRecord(
  sourceOf(leavesOf(admission, stage(2, 'echo-1'), stage(3, 'echo-2', { outputs: [report] })), {
    closing: closing('FAILED'),
  }),
);
const record = (more: Partial<BuildRecord> = {}): BuildRecord => {
  if (!base.ok) throw new Error(base.detail);
  return { ...base.value, inputs: { ...base.value.inputs, snapshots: [digestOf('s')] }, ...more };
};
const outputs = (more: Partial<BuildRecord['outputs']>): Partial<BuildRecord> => ({
  outputs: { ...record().outputs, ...more },
});

describe('the public form', () => {
  test('spells references as algorithm and value, and squeezes nothing in', () => {
    const projected = toPublicBuildRecord(record());
    expect(projected).toMatchObject({
      ok: true,
      value: {
        record_version: '2.0.0',
        mandate_bundle_ref: { alg: 'sha256', value: digestOf('mandate').slice(7) },
        inputs: { snapshots: [{ alg: 'sha256', value: digestOf('s').slice(7) }] },
        pipeline: { pipeline_id: 'echo@1.0.0', toolchain: { orgo_version: '1.2.3' } },
        outputs: { validation: { status: 'PASS', report_ref: { value: report.ref.slice(7) } }, kristal: {} },
        checksums: { build_record_hash: { value: record().record_hash.slice(7) } },
      },
    });
    const value = projected.ok ? (projected.value as Record<string, unknown>) : {};
    expect(value).not.toHaveProperty('tenant_id');
    expect(value).not.toHaveProperty('decisions');
  });

  test('names Exchange and pack where the record does', () => {
    const kristal = {
      exchange: artifact('exchange'),
      pack_manifest: artifact('pack-manifest'),
    } as BuildRecord['outputs']['kristal'];
    expect(toPublicBuildRecord(record(outputs({ kristal })))).toMatchObject({
      ok: true,
      value: {
        outputs: {
          kristal: {
            exchange_ref: { value: artifact('exchange').ref.slice(7) },
            runtime_pack_ref: { value: artifact('pack-manifest').ref.slice(7) },
          },
        },
      },
    });
  });

  test.each<[string, Partial<BuildRecord>, string]>([
    [
      'validation never ran',
      outputs({ validation: { status: 'NOT_RUN', report_ref: null, codes: [] } }),
      'outputs.validation',
    ],
    [
      'there is no report',
      outputs({ validation: { status: 'FAIL', report_ref: null, codes: ['VALIDATION_TIMEOUT'] } }),
      'report_ref',
    ],
    ['there are no snapshots', { inputs: { ...record().inputs, snapshots: [] } }, 'inputs.snapshots'],
    ['no stage was decided', { stages: [] }, 'stages'],
    ['there was no mandate', { mandate_ref: digestOfNothing }, 'mandate_bundle_ref'],
  ])('does not exist where %s, and says which member has no value', (_, more, named) => {
    expect(toPublicBuildRecord(record(more))).toMatchObject({
      ok: false,
      code: 'NOT_PROJECTABLE',
      detail: expect.stringContaining(named),
    });
  });
});
