import { buildRecordSchema, type Digest, type GateDecision } from '@orgo/contracts';
import { canonicalBytes, digestOf, ok, refuse } from '@orgo/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  admission,
  artifact,
  closing,
  decision,
  leavesOf,
  pipeline,
  pipelineRef,
  sourceOf,
  stage,
} from './record.fixture.ts';
import { closingOf, foldRecord, splitAtRecord } from './record.ts';
import { unreadableOf } from './record-artifacts.ts';
import { envelopeHash, hashesHold, recordHash } from './record-hash.ts';

const whole = [admission, stage(2, 'echo-1'), stage(3, 'echo-2'), stage(4, 'echo-3')];
const folded = (decisions: readonly GateDecision[], more: Parameters<typeof sourceOf>[1] = {}) => {
  const record = foldRecord(sourceOf(leavesOf(...decisions), more));
  if (!record.ok) throw new Error(record.detail);
  return record.value;
};

describe('a folded record', () => {
  test('is of its contract and names every decision at its place in the log', () => {
    const record = folded(whole);
    expect(buildRecordSchema.safeParse(record).error).toBeUndefined();
    expect(record.decisions.map(({ digest, log_index }) => [digest, log_index])).toEqual(
      leavesOf(...whole).map(({ digest, index }) => [digest, index]),
    );
    expect(record.log).toEqual({ origin: 'orgo.local/test/acme', first_index: 10, last_index: 19 });
    expect(record.toolchain).toEqual({
      'echo-1': 'echo@1.0.0',
      'echo-2': 'echo@1.0.0',
      'echo-3': 'echo@1.0.0',
      orgo: '1.2.3',
    });
    expect([record.created_at, record.ended_at]).toEqual([admission.at, whole[3]?.at]);
  });

  test('says what artifacts were held against as the admission does, and that is part of what was built', () => {
    const schemas = { source: 'official', set_id: digestOf('set'), kinds: ['claim-ir-lines'] };
    const [native, official] = [folded(whole), folded([{ ...admission, detail: { ...admission.detail, schemas } }])];
    expect(native.schemas).toEqual({ source: 'native', set_id: null, kinds: [] });
    expect(official.schemas).toEqual(schemas);
    expect(recordHash({ ...official, schemas: native.schemas })).not.toBe(recordHash(official));
    expect(buildRecordSchema.safeParse(official).error).toBeUndefined();
  });

  test('times a stage from the decision that opened it', () => {
    const opened = stage(5, 'echo-1', { rests_on: [digestOf(admission)] });
    expect(folded([admission, opened]).stages[0]).toMatchObject({ started_at: admission.at, ended_at: opened.at });
  });

  test('shows a stage as its last decision left it', () => {
    const errored = stage(2, 'echo-1', { verdict: 'ERROR', outputs: [], reason_codes: ['STAGE_ATTEMPTS_EXHAUSTED'] });
    expect(folded([admission, errored]).stages).toMatchObject([{ stage: 'echo-1', status: 'ERROR' }]);
    expect(folded([admission, errored, stage(9, 'echo-1', { attempt: 4 })]).stages).toMatchObject([
      { stage: 'echo-1', status: 'PASS', attempt: 4 },
    ]);
  });

  test('has no row for attempts, fences and refusals, but names them', () => {
    const noise = [
      decision(5, { kind: 'ATTEMPT', verdict: 'ERROR', stage: 'echo-1' }),
      decision(6, { kind: 'FENCE', verdict: 'FENCED', stage: 'echo-1' }),
      decision(7, { kind: 'REFUSAL', verdict: 'NOTED', stage: 'echo-1' }),
    ];
    const record = folded([admission, ...noise]);
    expect(record.stages).toEqual([]);
    expect(record.decisions).toHaveLength(4);
  });

  test('of a build that was never admitted does not exist', () => {
    expect(foldRecord(sourceOf([]))).toMatchObject({ ok: false, code: 'RECORD_NOT_FOUND' });
    expect(foldRecord(sourceOf(leavesOf(decision(1, { kind: 'REFUSAL' }))))).toMatchObject({
      ok: false,
      code: 'RECORD_NOT_FOUND',
    });
  });

  test('says so where a pipeline could not be read', () => {
    const rejected = { ...admission, verdict: 'FAIL' as const, reason_codes: ['BLUEPRINT_UNPINNED'] };
    const record = folded([rejected], { read: () => undefined, closing: closing('FAILED', ['BLUEPRINT_UNPINNED']) });
    expect(record.pipeline).toMatchObject({ pipeline_id: 'unreadable', ref: admission.pipeline_ref });
    expect(record.outputs.validation.status).toBe('NOT_RUN');
  });

  test('is not folded past an artifact that cannot be read', () => {
    const pinned = stage(2, 'echo-1', { outputs: [artifact('pinned-context')] });
    expect(foldRecord(sourceOf(leavesOf(admission, pinned)))).toMatchObject({
      ok: false,
      code: 'GATE_EVIDENCE_MISSING',
    });
    const bytes = new TextEncoder().encode('{}');
    expect(foldRecord(sourceOf(leavesOf(admission, pinned), { read: () => bytes }))).toMatchObject({
      ok: false,
      code: 'GATE_CONTRACT_INVALID',
    });
  });

  test('does without what the closing says could not be read, whatever the bytes are by then', () => {
    const pinned = stage(2, 'echo-1', { outputs: [artifact('pinned-context')] });
    const unreadable = [artifact('pinned-context').ref, admission.pipeline_ref as Digest].sort();
    const source = { closing: { ...closing('FAILED', ['HASH_MISMATCH']), unreadable } };
    const record = folded([admission, pinned], { ...source, read: () => undefined });
    expect(record).toMatchObject({ contract_profile: null, kristal_policy_selections: null, policy_selections: [] });
    expect(record.pipeline.pipeline_id).toBe('unreadable');
    expect(buildRecordSchema.safeParse(record).error).toBeUndefined();
    expect(folded([admission, pinned], source)).toEqual(record);
    const later = folded([admission, pinned], { ...source, read: () => canonicalBytes({ other: 'bytes' }) });
    expect(later).toEqual(record);
  });

  test('of a build that completed does without nothing', () => {
    const unreadable = [artifact('echo-text', 'echo-1').ref];
    const source = sourceOf(leavesOf(...whole), { closing: { ...closing('COMPLETED'), unreadable } });
    expect(foldRecord(source)).toMatchObject({ ok: false, code: 'GATE_EVIDENCE_MISSING' });
  });

  test('does not build on the outputs of a stage that failed', () => {
    const failed = stage(2, 'echo-1', {
      verdict: 'FAIL',
      outputs: [artifact('pinned-context')],
      reason_codes: ['GATE_CONTRACT_INVALID'],
    });
    expect(folded([admission, failed], { closing: closing('FAILED') }).contract_profile).toBeNull();
  });
});

describe('what a closing has to do without', () => {
  const outputs = [artifact('pinned-context'), artifact('snapshot-set'), artifact('echo-text')];
  const decisions = [admission, stage(2, 'echo-1', { outputs })];
  const [context, snapshots] = outputs.map(({ ref }) => ref) as [Digest, Digest];
  const pipelineOnly = (ref: Digest) => (ref === pipelineRef ? ok(canonicalBytes(pipeline as never)) : undefined);

  test('is each artifact that a fold wants and cannot have, with its code, in order', () => {
    const read = (ref: Digest) =>
      ref === context ? refuse('HASH_MISMATCH', '') : (pipelineOnly(ref) ?? ok(canonicalBytes({})));
    expect(unreadableOf(decisions, read)).toEqual(
      [
        { ref: context, code: 'HASH_MISMATCH' },
        { ref: snapshots, code: 'GATE_CONTRACT_INVALID' },
      ].sort((a, b) => (a.ref < b.ref ? -1 : 1)),
    );
  });

  test('is a manifest that declares a signature, since nobody is trusted to sign one', () => {
    const manifest = artifact('exchange-manifest');
    const hex = 'e'.repeat(64);
    const unsigned = {
      schema_version: '3.0',
      kristal_id: `sha256:${hex}`,
      canonicalization_profile: 'kristal.v3:jcs-rfc8785',
      canonicalization_version: '1',
      content_hash: { algo: 'sha256', value: hex },
      build: { build_id: 'c-123456', compiler_name: 'test', compiler_version: '1', config_hash: hex },
      inputs: { source_snapshot_id: hex },
    };
    const signatures = [{ key_id: 'k', alg: 'ed25519', signature: 'A'.repeat(86) }];
    const closed = (value: object) =>
      unreadableOf([admission, stage(2, 'echo-1', { outputs: [manifest] })], (ref) =>
        ok(canonicalBytes(ref === manifest.ref ? value : pipeline)),
      );
    expect(closed(unsigned)).toEqual([]);
    expect(closed({ ...unsigned, signatures })).toEqual([{ ref: manifest.ref, code: 'KEY_UNKNOWN' }]);
  });

  test('is the pipeline only where its bytes cannot be read: one that does not parse is why a build was rejected', () => {
    expect(unreadableOf([admission], () => refuse('ARTIFACT_NOT_FOUND', ''))).toEqual([
      { ref: pipelineRef, code: 'ARTIFACT_NOT_FOUND' },
    ]);
    expect(unreadableOf([admission], () => ok(canonicalBytes('no pipeline')))).toEqual([]);
  });
});

describe('validation in the record', () => {
  const report = artifact('validation-report');
  test.each<[string, GateDecision[], object]>([
    ['a PASS', [stage(2, 'echo-2', { outputs: [report] })], { status: 'PASS', report_ref: report.ref, codes: [] }],
    [
      'a FAIL with its codes',
      [stage(2, 'echo-2', { verdict: 'FAIL', outputs: [report], reason_codes: ['KRS_X'] })],
      { status: 'FAIL', report_ref: report.ref, codes: ['KRS_X'] },
    ],
    [
      'what the gate told of an admitted partial one',
      [
        stage(2, 'echo-2', {
          outputs: [report],
          detail: { validation: { status: 'PASS', codes: ['VALIDATION_PARTIAL'] } },
        }),
      ],
      { status: 'PASS', codes: ['VALIDATION_PARTIAL'] },
    ],
    [
      'a timeout: no report',
      [stage(2, 'echo-2', { verdict: 'FAIL', outputs: [], reason_codes: ['VALIDATION_TIMEOUT'] })],
      { status: 'FAIL', report_ref: null, codes: ['VALIDATION_TIMEOUT'] },
    ],
    ['nothing where it never ran', [stage(2, 'echo-1')], { status: 'NOT_RUN', report_ref: null, codes: [] }],
    ['nothing where it only errored', [stage(2, 'echo-2', { verdict: 'ERROR', outputs: [] })], { status: 'NOT_RUN' }],
  ])('is %s', (_, decisions, expected) => {
    expect(folded([admission, ...decisions], { closing: closing('FAILED') }).outputs.validation).toMatchObject(
      expected,
    );
  });

  const compiled = stage(5, 'echo-3', {
    outputs: [artifact('exchange'), artifact('pack-manifest'), artifact('pack-file')],
    detail: { kristal_id: digestOf('k'), pack_id: 'a'.repeat(64) },
  });
  test('no Exchange and pack stand in a record whose validation did not pass or that did not complete', () => {
    const failed = stage(2, 'echo-2', { verdict: 'FAIL', outputs: [report], reason_codes: ['KRS_X'] });
    for (const [decisions, outcome] of [
      [[failed], 'VALIDATION_FAILED'],
      [[failed], 'COMPLETED'],
      [[stage(2, 'echo-2')], 'CANCELLED'],
    ] as const) {
      const source = sourceOf(
        leavesOf(admission, ...decisions, {
          ...compiled,
          outputs: compiled.outputs.filter(({ kind }) => kind === 'exchange'),
        }),
        { closing: closing(outcome) },
      );
      const record = foldRecord(source);
      expect(record.ok && record.value.outputs.kristal).toBeNull();
    }
  });
});

describe('the hashes of a record', () => {
  test('hold, and each changes with what it covers', () => {
    const record = folded(whole);
    expect(hashesHold(record)).toBe(true);
    expect(hashesHold({ ...record, ended_at: '2030-01-01T00:00:00.000Z' })).toBe(false);
    expect(hashesHold({ ...record, outcome: 'FAILED' })).toBe(false);
  });

  test('the core knows no time, attempt, build, tenant, person or log position', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 5, max: 50 }),
        fc.integer({ min: 1, max: 9 }),
        fc.string({ minLength: 1, maxLength: 20 }),
        (second, attempt, word) => {
          const record = folded(whole);
          const other = folded(
            whole.map((one, i) => ({
              ...one,
              at: `2027-01-01T00:00:${`${second + i}`.padStart(2, '0')}.000Z`,
              attempt,
              idem_key: digestOf(word),
              build_id: `bld_${word}`,
              root_version: attempt,
            })),
            {
              tenant_id: 'other',
              build_id: `bld_${word}`,
              origin: word,
              closing: { ...closing('COMPLETED'), trigger: { type: 'webhook', actor: word, reason: word } },
            },
          );
          expect(recordHash(other)).toBe(record.record_hash);
          expect(envelopeHash(other)).not.toBe(record.envelope_hash);
        },
      ),
    );
  });

  test('the core changes with an output, a verdict and a tool', () => {
    const { record_hash } = folded(whole);
    const changed = [
      stage(2, 'echo-1', { outputs: [artifact('echo-text', 'other')] }),
      stage(2, 'echo-1', { verdict: 'FAIL' }),
      stage(2, 'echo-1', { adapter: { name: 'echo', version: '1.0.1' } }),
    ];
    for (const one of changed) expect(folded([admission, one, ...whole.slice(2)]).record_hash).not.toBe(record_hash);
  });
});

describe('what closes a record', () => {
  const trigger = { type: 'manual', actor: 'ann', reason: '' };
  test.each<[string, unknown]>([
    ['nothing', null],
    ['no trigger', { outcome: 'COMPLETED' }],
    ['an outcome nobody knows', { outcome: 'DONE', trigger }],
    ['a trigger nobody knows', { outcome: 'COMPLETED', trigger: { ...trigger, type: 'ci' } }],
    ['a rerun of something odd', { outcome: 'COMPLETED', trigger, rerun_of: 7 }],
    ['unreadable words', { outcome: 'FAILED', trigger, unreadable: ['x'] }],
    ['an unreadable artifact twice', { outcome: 'FAILED', trigger, unreadable: [digestOf(1), digestOf(1)] }],
  ])('is not %s', (_, detail) => {
    expect(closingOf(detail, [])).toMatchObject({ ok: false, code: 'CLAIM_MALFORMED' });
  });

  test('lists what was unreadable, and nothing where nothing is said', () => {
    const unreadable = [digestOf(1), digestOf(2)].sort();
    expect(closingOf({ outcome: 'FAILED', trigger, unreadable }, [])).toMatchObject({ value: { unreadable } });
    expect(closingOf({ outcome: 'FAILED', trigger }, [])).toMatchObject({ value: { unreadable: [] } });
  });

  test('the RECORD decision and what came after it are no part of it', () => {
    const late = decision(9, { kind: 'REFUSAL', verdict: 'NOTED' });
    const record = decision(8, { kind: 'RECORD', detail: { outcome: 'COMPLETED', trigger } });
    const split = splitAtRecord(leavesOf(...whole, record, late));
    expect(split.leaves).toHaveLength(4);
    expect(split.record?.decision).toBe(record);
    expect(splitAtRecord(leavesOf(...whole))).toMatchObject({ record: null });
  });
});
