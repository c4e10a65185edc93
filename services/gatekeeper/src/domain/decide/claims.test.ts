import { type BuildRecord, nativeAlone } from '@orgo/contracts';
import { digestOf } from '@orgo/core';
import { describe, expect, test } from 'vitest';
import type { CloseFacts, Unreadable } from '../facts.ts';
import {
  artifact,
  build_id,
  claimInput,
  freezeInput,
  pipelineOf,
  replyInput,
  stateBefore,
  step,
  tenant_id,
} from '../gate.fixture.ts';
import { type GateState, initialGate } from '../state.ts';
import { closedWith, outcomeOf, recordFindings } from './close.ts';

const echo = pipelineOf('echo');
const kristal = pipelineOf('kristal');
const before = stateBefore(echo, 'echo-2');
const fence = (epoch: number) =>
  claimInput({ claim: 'FENCE', stage: 'echo-2', epoch, reason_codes: ['STAGE_TIMEOUT'] });
const exhausted = (stage: string, epoch = 1) => claimInput({ claim: 'EXHAUSTED', stage, attempt: 3, epoch });

describe('fence against PASS: whichever commits first wins', () => {
  const pass = replyInput(before, { stage: 'echo-2' });

  test('the fence first: the reply is stale and the next epoch owns the stage', () => {
    const fenced = step(before, fence(2));
    expect(fenced.decision).toMatchObject({
      kind: 'FENCE',
      verdict: 'FENCED',
      final: false,
      reason_codes: ['STAGE_TIMEOUT'],
      detail: { fence: 2, resumed: false },
    });
    expect(step(fenced.state, pass).outcome).toMatchObject({ ok: false, code: 'REPLY_STALE_ATTEMPT' });
    expect(step(fenced.state, replyInput(fenced.state, { stage: 'echo-2' })).decision).toMatchObject({
      verdict: 'PASS',
      epoch: 2,
    });
  });

  test('the PASS first: the fence is LOST and changes nothing', () => {
    const passed = step(before, pass);
    const lost = step(passed.state, fence(2));
    expect(lost.decision).toMatchObject({ kind: 'FENCE', verdict: 'LOST', rests_on: [passed.send?.digest] });
    expect(lost.state.stages).toEqual(passed.state.stages);
  });

  test('a fence never goes down', () => {
    const { state } = step(step(before, fence(5)).state, fence(3));
    expect(state.stages['echo-2']?.fence).toBe(5);
  });

  test.each([
    ['a stage that was not opened', 'echo-3', 'STAGE_ORDER_VIOLATION'],
    ['no stage', null, 'STAGE_UNKNOWN'],
  ])('%s cannot be fenced', (_, stage, code) => {
    expect(step(before, claimInput({ claim: 'FENCE', stage, epoch: 2 })).outcome).toMatchObject({ ok: false, code });
  });
});

describe('attempts used up', () => {
  test('leave the build to a person where the pipeline says BLOCK, and a higher fence resumes it', () => {
    const { decision, state } = step(before, exhausted('echo-2', 4));
    expect(decision).toMatchObject({
      kind: 'STAGE',
      verdict: 'ERROR',
      final: true,
      reason_codes: ['STAGE_ATTEMPTS_EXHAUSTED'],
      authorizations: [],
    });
    expect(state).toMatchObject({
      phase: 'BLOCKED',
      stages: { 'echo-2': { exhausted: true, accepted: null, fence: 4 } },
    });
    expect(step(state, replyInput(before, { stage: 'echo-2', epoch: 3 })).outcome).toMatchObject({
      ok: false,
      code: 'REPLY_STALE_ATTEMPT',
    });
    expect(step(state, replyInput(before, { stage: 'echo-2', epoch: 4 })).outcome).toMatchObject({
      ok: false,
      code: 'GATE_SUBJECT_CLOSED',
    });
    expect(step(state, fence(4)).outcome).toMatchObject({ ok: false, code: 'REPLY_STALE_ATTEMPT' });

    const resumed = step(state, fence(5));
    expect(resumed.decision).toMatchObject({ kind: 'FENCE', verdict: 'FENCED', detail: { resumed: true } });
    expect(resumed.state).toMatchObject({
      phase: 'OPEN',
      stopped: null,
      stages: { 'echo-2': { exhausted: false, fence: 5 } },
    });
    expect(step(resumed.state, replyInput(resumed.state, { stage: 'echo-2' })).decision).toMatchObject({
      verdict: 'PASS',
      epoch: 5,
    });
  });

  test('end the build where the pipeline says FAIL: no answer is a no', () => {
    const { decision, state } = step(stateBefore(kristal, 'validate'), exhausted('validate'));
    expect(decision).toMatchObject({
      kind: 'STAGE',
      verdict: 'FAIL',
      final: true,
      reason_codes: ['VALIDATION_TIMEOUT'],
    });
    expect(outcomeOf(state)).toBe('VALIDATION_FAILED');
    expect(step(state, claimInput({ claim: 'FENCE', stage: 'validate', epoch: 9 })).decision).toMatchObject({
      verdict: 'LOST',
    });
  });

  test('are LOST against a decision that came first', () => {
    const passed = step(before, replyInput(before, { stage: 'echo-2' })).state;
    expect(step(passed, exhausted('echo-2')).decision).toMatchObject({ kind: 'FENCE', verdict: 'LOST' });
  });
});

test('no stage can be skipped', () => {
  expect(step(before, claimInput({ claim: 'SKIP', stage: 'echo-2' })).outcome).toMatchObject({
    ok: false,
    code: 'STAGE_ORDER_VIOLATION',
  });
});

test('claims about releases are none of a build’s gate', () => {
  expect(step(before, claimInput({ claim: 'RELEASE' })).outcome).toMatchObject({ ok: false, code: 'CLAIM_MALFORMED' });
});

describe('cancel', () => {
  const { decision, state } = step(
    before,
    claimInput({ claim: 'CANCEL', actor: 'ann@example.org', detail: { reason: 'wrong input' } }),
  );

  test('is granted, names who asked, and opens nothing more', () => {
    expect(decision).toMatchObject({
      kind: 'CANCEL',
      verdict: 'PASS',
      actor: 'ann@example.org',
      reason_codes: ['BUILD_CANCELLED'],
      authorizations: [],
    });
    expect(state).toMatchObject({ phase: 'STOPPED', cancelled: true });
  });

  test('late replies are refused', () => {
    const late = step(state, replyInput(before, { stage: 'echo-2' }));
    expect(late.outcome).toMatchObject({ ok: false, code: 'GATE_SUBJECT_CLOSED' });
    expect(late.decision?.authorizations).toEqual([]);
  });

  test('is granted also where a FAIL was faster', () => {
    const failed = step(before, replyInput(before, { stage: 'echo-2', outputs: [] })).state;
    const late = step(failed, claimInput({ claim: 'CANCEL', actor: 'ann' }));
    expect(late.decision).toMatchObject({ kind: 'CANCEL', verdict: 'PASS' });
    expect(outcomeOf(late.state)).toBe('CANCELLED');
  });

  test('a second cancel finds the build closed', () => {
    expect(step(state, claimInput({ claim: 'CANCEL', actor: 'bob' })).outcome).toMatchObject({
      ok: false,
      code: 'GATE_SUBJECT_CLOSED',
    });
  });
});

describe('close', () => {
  const done = stateBefore(echo);
  const frozen = step(done, freezeInput('COMPLETED')).state;
  const recordOf = (state: GateState, more: Partial<BuildRecord> = {}): BuildRecord =>
    ({
      tenant_id,
      build_id,
      outcome: state.closing?.outcome,
      reason_codes: state.closing?.reason_codes,
      as_of: state.admission?.as_of,
      mandate_ref: state.admission?.mandate_ref,
      pipeline: { ref: state.admission?.pipeline_ref },
      schemas: nativeAlone,
      outputs: { kristal: null },
      trigger: state.closing?.trigger,
      rerun_of: state.closing?.rerun_of ?? null,
      inputs: { admitted: state.admission?.admitted ?? [] },
      stages: Object.entries(state.stages).flatMap(([stage, { accepted }]) =>
        accepted === null
          ? []
          : [{ stage, status: accepted.verdict, decision_digest: accepted.decision, outputs: accepted.outputs }],
      ),
      decisions: state.decisions.map((digest) => ({ digest })),
      record_hash: digestOf('record'),
      ...more,
    }) as unknown as BuildRecord;
  const facts = (record: BuildRecord, unreadable: Unreadable[]): CloseFacts => ({
    record,
    record_artifact: artifact('build-record'),
    unreadable,
    statement_artifact: artifact('build-statement'),
  });
  const close = (record: BuildRecord, unreadable: Unreadable[] = []) =>
    claimInput({ claim: 'CLOSE', detail: { outcome: 'COMPLETED' } }, { close: facts(record, unreadable) });

  test.each([
    ['all stages passed', done, 'COMPLETED'],
    [
      'validation said no',
      step(
        stateBefore(kristal, 'validate'),
        replyInput(stateBefore(kristal, 'validate'), { stage: 'validate', validation: { verdict: 'FAIL', codes: [] } }),
      ).state,
      'VALIDATION_FAILED',
    ],
    ['another stage said no', step(before, replyInput(before, { stage: 'echo-2', outputs: [] })).state, 'FAILED'],
    ['attempts are used up', step(before, exhausted('echo-2')).state, 'FAILED'],
    ['cancelled', step(before, claimInput({ claim: 'CANCEL' })).state, 'CANCELLED'],
    ['given up', before, 'FAILED'],
    ['not admitted', initialGate({ tenant_id, id: build_id }), null],
  ])('%s: the outcome follows from the decisions', (_, state, outcome) => {
    expect(outcomeOf(state)).toBe(outcome);
    for (const asked of ['COMPLETED', 'VALIDATION_FAILED', 'FAILED', 'CANCELLED']) {
      expect(step(state, freezeInput(asked)).state.phase === 'CLOSING').toBe(asked === outcome);
    }
  });

  test('freezing stops every other decision and is silent', () => {
    expect(step(done, freezeInput('COMPLETED')).outcome).toEqual({
      ok: true,
      events: expect.any(Array),
      sends: [],
      alarms: [],
    });
    const late = step(frozen, replyInput(done, { stage: 'echo-8', epoch: 2 }));
    expect(late.outcome.ok).toBe(false);
    expect(late.send).toBeUndefined();
    expect(late.state.decisions).toEqual(frozen.decisions);
    expect(step(frozen, freezeInput('COMPLETED')).state).toEqual(frozen);
  });

  test('a complete record is signed off as the last decision', () => {
    const { decision, state } = step(frozen, close(recordOf(frozen)));
    expect(decision).toMatchObject({
      kind: 'RECORD',
      verdict: 'PASS',
      final: true,
      outputs: [{ kind: 'build-record' }, { kind: 'build-statement' }],
      detail: { outcome: 'COMPLETED', kristal_id: null, pack_id: null, releasable: false },
    });
    expect(state).toMatchObject({ phase: 'CLOSED', record: { outcome: 'COMPLETED' } });
    expect(step(state, freezeInput('COMPLETED')).outcome).toMatchObject({ ok: false, code: 'GATE_SUBJECT_CLOSED' });
  });

  test('a CLOSE that was not frozen decides nothing', () => {
    expect(step(done, close(recordOf(frozen))).outcome).toMatchObject({ ok: false, code: 'GATE_SUBJECT_CLOSED' });
  });

  test.each([
    ['lacks a decision', { decisions: [] }],
    [
      'names a decision never given',
      { decisions: [...recordOf(frozen).decisions, { digest: digestOf('x') }] } as unknown as Partial<BuildRecord>,
    ],
    ['tells another outcome', { outcome: 'FAILED' } as Partial<BuildRecord>],
    ['tells other reasons', { reason_codes: ['HASH_MISMATCH'] } as Partial<BuildRecord>],
    ['is of another pipeline', { pipeline: { ref: digestOf('x') } } as Partial<BuildRecord>],
    [
      'names an Exchange nobody accepted',
      {
        outputs: {
          kristal: {
            kristal_id: digestOf('x'),
            pack_id: 'a',
            exchange: artifact('exchange'),
            exchange_manifest: artifact('exchange-manifest'),
            pack_manifest: artifact('pack-manifest'),
            pack_files: [],
          },
        },
      } as unknown as Partial<BuildRecord>,
    ],
    [
      'tells of other inputs',
      { inputs: { admitted: [artifact('echo-request', 'other')] } } as unknown as Partial<BuildRecord>,
    ],
    [
      'tells of other schemas',
      { schemas: { source: 'official', set_id: digestOf('x'), kinds: [] } } as Partial<BuildRecord>,
    ],
    ['tells of another who asked', { trigger: { type: 'manual', actor: 'eve', reason: '' } } as Partial<BuildRecord>],
    ['tells of a build that it ran again', { rerun_of: 'bld_x' } as unknown as Partial<BuildRecord>],
    ['leaves a stage out', { stages: recordOf(frozen).stages.slice(1) }],
    [
      'gives a stage other outputs',
      { stages: recordOf(frozen).stages.map((row, at) => (at === 0 ? { ...row, outputs: [] } : row)) },
    ],
    [
      'gives a stage another decision',
      {
        stages: recordOf(frozen).stages.map((row, at) => (at === 0 ? { ...row, decision_digest: digestOf('x') } : row)),
      },
    ],
    [
      'has a stage that never ran',
      { stages: [...recordOf(frozen).stages, { ...recordOf(frozen).stages[0], stage: 'echo-9' }] } as never,
    ],
  ])('a record that %s is refused on record and the build stays unrecorded', (_, more) => {
    const record = recordOf(frozen, more);
    expect(recordFindings(frozen, record).length).toBeGreaterThan(0);
    const { outcome, decision, state } = step(frozen, close(record));
    expect(outcome).toMatchObject({ ok: false, code: 'RECORD_INCOMPLETE' });
    expect(decision).toMatchObject({ kind: 'REFUSAL', reason_codes: ['RECORD_INCOMPLETE'] });
    expect(state).toMatchObject({ phase: 'CLOSING', record: null });
    expect(step(state, close(recordOf(state))).decision).toMatchObject({ kind: 'RECORD' });
  });

  describe('with bytes that cannot be read', () => {
    const lost = frozen.stages['echo-1']?.accepted?.outputs[0]?.ref as Unreadable['ref'];
    const unreadable: Unreadable[] = [{ ref: lost, code: 'HASH_MISMATCH' }];
    const asFailed: Partial<BuildRecord> = { outcome: 'FAILED', reason_codes: ['HASH_MISMATCH'] };

    test('a build that would have completed failed, and the decision says which bytes', () => {
      const { decision, state } = step(frozen, close(recordOf(frozen, asFailed), unreadable));
      expect(decision).toMatchObject({
        kind: 'RECORD',
        verdict: 'PASS',
        reason_codes: ['HASH_MISMATCH'],
        detail: { outcome: 'FAILED', unreadable: [lost], kristal_id: null, releasable: false },
      });
      expect(state).toMatchObject({ phase: 'CLOSED', record: { outcome: 'FAILED' } });
    });

    test('no record says that it completed, nor that it failed where everything can be read', () => {
      expect(step(frozen, close(recordOf(frozen), unreadable)).outcome).toMatchObject({ code: 'RECORD_INCOMPLETE' });
      expect(step(frozen, close(recordOf(frozen, asFailed))).outcome).toMatchObject({
        code: 'RECORD_INCOMPLETE',
      });
    });

    test('only the build’s own artifacts excuse anything', () => {
      const foreign: Unreadable[] = [{ ref: digestOf('another'), code: 'HASH_MISMATCH' }];
      expect(recordFindings(frozen, recordOf(frozen, asFailed), foreign)).toEqual([
        { code: 'RECORD_INCOMPLETE', detail: expect.stringContaining(digestOf('another')) },
      ]);
      const pipeline: Unreadable[] = [{ ref: frozen.admission?.pipeline_ref ?? lost, code: 'HASH_MISMATCH' }];
      expect(recordFindings(frozen, recordOf(frozen, asFailed), pipeline)).toEqual([]);
    });

    test('every other outcome stands, with its own reasons', () => {
      const failed = step(before, replyInput(before, { stage: 'echo-2', outputs: [] })).state;
      const state = step(failed, freezeInput('FAILED')).state;
      const closing = state.closing as NonNullable<GateState['closing']>;
      expect(closedWith(closing, unreadable)).toEqual(closing);
      expect(step(state, close(recordOf(state), unreadable)).decision).toMatchObject({
        reason_codes: closing.reason_codes,
        detail: { outcome: 'FAILED', unreadable: [lost] },
      });
    });
  });

  test('what an adapter refuses after the end is still on record, and moves nothing', () => {
    const closed = step(frozen, close(recordOf(frozen))).state;
    const refused = replyInput(done, {
      stage: 'echo-8',
      status: 'refused',
      reply: { reason_codes: ['COMMAND_SIGNER_UNTRUSTED'] },
    });
    const { outcome, decision, state } = step(closed, refused);
    expect(outcome.ok).toBe(true);
    expect(decision).toMatchObject({ kind: 'REFUSAL', verdict: 'NOTED', reason_codes: ['COMMAND_SIGNER_UNTRUSTED'] });
    expect(state).toMatchObject({ phase: 'CLOSED', record: closed.record });
    expect(step(frozen, refused).send).toBeUndefined();
  });

  test('a contradiction after the end is still on record', () => {
    const closed = step(frozen, close(recordOf(frozen))).state;
    const { outcome, decision, state } = step(closed, replyInput(done, { stage: 'echo-2', seed: 'other', epoch: 2 }));
    expect(outcome).toMatchObject({ ok: false, code: 'NONDETERMINISM_DETECTED' });
    expect(decision).toMatchObject({ kind: 'REFUSAL', detail: { releasable: false } });
    expect(state).toMatchObject({ phase: 'CLOSED', quarantined: { stage: 'echo-2' } });
  });
});
