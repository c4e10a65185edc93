import { type ArtifactRef, stageAfter } from '@orgo/contracts';
import { digestOf, digestOfNothing } from '@orgo/core';
import { describe, expect, test } from 'vitest';
import {
  artifact,
  build_id,
  claimInput,
  declaredOutputs,
  fact,
  pipelineOf,
  replyInput,
  stateBefore,
  step,
  tenant_id,
} from '../gate.fixture.ts';
import { initialGate } from '../state.ts';

const kristal = pipelineOf('kristal');
const echo = pipelineOf('echo');
const other = digestOf('other');

describe('a reply that passes', () => {
  test.each(kristal.stages.map((stage) => stage.stage))(
    '%s: decides the stage and opens the next for exact inputs',
    (stage) => {
      const before = stateBefore(kristal, stage);
      const { decision, send, state } = step(before, replyInput(before, { stage }));
      const next = stageAfter(kristal, stage);
      expect(decision).toMatchObject({
        kind: 'STAGE',
        verdict: 'PASS',
        final: true,
        stage,
        reason_codes: [],
        rests_on: [before.stages[stage]?.opened_by],
      });
      expect(decision?.authorizations).toHaveLength(next === undefined ? 0 : 1);
      expect(state.phase).toBe(next === undefined ? 'PASSED' : 'OPEN');
      expect(state.decisions.at(-1)).toBe(send?.digest);
      if (next === undefined) return;
      const authorization = JSON.parse(send?.authorizations[0]?.payload ?? '') as {
        stage: string;
        inputs: ArtifactRef[];
        subject_digest: string;
      };
      expect(authorization.stage).toBe(next.stage);
      expect(new Set(authorization.inputs.map((input) => input.kind))).toEqual(
        new Set(next.inputs.map((input) => input.kind)),
      );
      expect(authorization.subject_digest).toBe(decision?.subject_digest);
    },
  );

  test('the same evidence gives the same bytes', () => {
    const before = stateBefore(kristal, 'extract');
    const once = step(before, replyInput(before, { stage: 'extract' }));
    const twice = step(before, replyInput(before, { stage: 'extract' }));
    expect(twice.send).toEqual(once.send);
  });
});

describe('a reply whose outputs do not hold', () => {
  const outputsOf = (stage: string) => declaredOutputs(kristal, stage).map((ref) => fact(ref));
  const swap = (stage: string, kind: string, more: Parameters<typeof fact>[1]) =>
    outputsOf(stage).map((output) => (output.artifact.kind === kind ? fact(output.artifact, more) : output));

  test.each([
    ['a missing output', 'extract', outputsOf('extract').slice(1), 'GATE_OUTPUT_MISSING'],
    [
      'an output the stage may not give',
      'pin',
      [...outputsOf('pin'), fact(artifact('exchange'))],
      'GATE_OUTPUT_UNDECLARED',
    ],
    [
      'more of a kind than allowed',
      'pin',
      [...outputsOf('pin'), fact(artifact('pinned-context', 2))],
      'GATE_OUTPUT_UNDECLARED',
    ],
    [
      'another media type',
      'pin',
      [fact({ ...artifact('pinned-context'), media_type: 'text/plain' })],
      'GATE_CONTRACT_INVALID',
    ],
    [
      'bytes that differ from their digest',
      'pin',
      swap('pin', 'pinned-context', { bytes: { code: 'HASH_MISMATCH', detail: '' } }),
      'HASH_MISMATCH',
    ],
    [
      'bytes of another size',
      'pin',
      swap('pin', 'pinned-context', { bytes: { code: 'SIZE_MISMATCH', detail: '' } }),
      'SIZE_MISMATCH',
    ],
    [
      'a broken contract',
      'ingest',
      swap('ingest', 'snapshot-set', { contract: { code: 'GATE_CONTRACT_INVALID', detail: '' } }),
      'GATE_CONTRACT_INVALID',
    ],
    [
      'a link to a foreign artifact',
      'ingest',
      swap('ingest', 'snapshot-set', { links: [{ kind: 'build-request', ref: other }] }),
      'GATE_CONTRACT_INVALID',
    ],
    [
      'a manifest of another Exchange',
      'compile-exchange',
      swap('compile-exchange', 'exchange-manifest', { ids: { kristal_id: other } }),
      'EXCHANGE_MANIFEST_MISMATCH',
    ],
    [
      'a pack manifest that lists a file not given',
      'compile-pack',
      swap('compile-pack', 'pack-manifest', { files: [{ ref: other, size: 10 }] }),
      'FILE_MISSING',
    ],
    [
      'a pack file the manifest does not list',
      'compile-pack',
      swap('compile-pack', 'pack-manifest', { files: [] }),
      'FILE_UNDECLARED',
    ],
  ])('%s ends the stage and opens nothing', (_, stage, outputs, code) => {
    const before = stateBefore(kristal, stage);
    const { decision, send, state } = step(before, replyInput(before, { stage, outputs }));
    expect(decision).toMatchObject({ kind: 'STAGE', verdict: 'FAIL', final: true });
    expect(decision?.reason_codes).toContain(code);
    expect(send?.authorizations).toEqual([]);
    expect(state.phase).toBe('STOPPED');
    expect(send?.report?.text).toContain(code);
  });

  test('what did not verify is not named as an output', () => {
    const before = stateBefore(kristal, 'extract');
    const outputs = swap('extract', 'claim-ir-lines', { bytes: { code: 'HASH_MISMATCH', detail: '' } });
    const { decision } = step(before, replyInput(before, { stage: 'extract', outputs }));
    expect(decision?.outputs.map((output) => output.kind)).toEqual(['claim-ir-batch']);
  });
});

describe('the validation gate', () => {
  test.each([
    [
      { verdict: 'FAIL', codes: ['VALIDATION_FAILED', 'KRS_V3_EVIDENCE_MISSING'] } as const,
      ['VALIDATION_FAILED', 'KRS_V3_EVIDENCE_MISSING'],
    ],
    [{ verdict: 'FAIL', codes: ['VALIDATION_PARTIAL'] } as const, ['VALIDATION_PARTIAL']],
    [{ verdict: 'FAIL', codes: [] } as const, ['VALIDATION_FAILED']],
  ])('%j is a FAIL with the report’s codes and no compile', (validation, codes) => {
    const before = stateBefore(kristal, 'validate');
    const { decision, state } = step(
      before,
      replyInput(before, { stage: 'validate', validation: { ...validation, codes: [...validation.codes] } }),
    );
    expect(decision).toMatchObject({
      verdict: 'FAIL',
      reason_codes: codes,
      authorizations: [],
      detail: { validation: { status: 'FAIL' } },
    });
    expect(state.stages['compile-exchange']).toBeUndefined();
    const compile = step(state, replyInput(state, { stage: 'compile-exchange' }));
    expect(compile.outcome).toMatchObject({ ok: false, code: 'NO_COMPILE_ON_FAIL' });
  });

  test('a reply without a report that could be judged is a FAIL', () => {
    const before = stateBefore(kristal, 'validate');
    const { decision } = step(before, { ...replyInput(before, { stage: 'validate' }), validation: null });
    expect(decision).toMatchObject({ verdict: 'FAIL', reason_codes: ['VALIDATION_REPORT_INVALID'] });
  });
});

describe('a reply that may not speak', () => {
  const before = stateBefore(echo, 'echo-2');
  const valid = replyInput(before, { stage: 'echo-2' });
  test.each([
    ['another adapter’s key', { ...valid, adapter: 'pin' }, 'ADAPTER_KEY_NOT_AUTHORIZED'],
    [
      'a command the orchestrator never signed',
      { ...valid, command: { ok: false, code: 'COMMAND_SIGNER_UNTRUSTED' } as const },
      'COMMAND_SIGNER_UNTRUSTED',
    ],
    [
      'another attempt than its command',
      replyInput(before, { stage: 'echo-2', reply: { attempt: 7 } }),
      'REPLY_CORRELATION_MISMATCH',
    ],
    [
      'another stage key than its command',
      replyInput(before, { stage: 'echo-2', reply: { idem_key: other } }),
      'REPLY_CORRELATION_MISMATCH',
    ],
    [
      'another command than it carries',
      replyInput(before, { stage: 'echo-2', reply: { command_digest: other } }),
      'REPLY_CORRELATION_MISMATCH',
    ],
    ['a stage the pipeline does not have', replyInput(before, { stage: 'nowhere' }), 'STAGE_UNKNOWN'],
    ['a stage that was not opened', replyInput(before, { stage: 'echo-3' }), 'STAGE_ORDER_VIOLATION'],
    [
      'another authorization',
      replyInput(before, { stage: 'echo-2', reply: { authorization_digest: other } }),
      'GATE_INPUT_MISMATCH',
    ],
    [
      'a command for other inputs',
      replyInput(before, { stage: 'echo-2', command: { inputs: [artifact('echo-text', 'x')] } }),
      'GATE_INPUT_MISMATCH',
    ],
    [
      'a command configured otherwise than the pinned pipeline',
      replyInput(before, { stage: 'echo-2', command: { config: { quick: true } } }),
      'COMMAND_PAYLOAD_MISMATCH',
    ],
    [
      'the name of another adapter',
      replyInput(before, { stage: 'echo-2', reply: { adapter: { name: 'resolve', version: '1.0.0' } } }),
      'REPLY_CORRELATION_MISMATCH',
    ],
    [
      'another time',
      replyInput(before, { stage: 'echo-2', command: { as_of: '2026-01-01T00:00:00.000Z' } }),
      'GATE_INPUT_MISMATCH',
    ],
  ])('%s is refused on record and the stage keeps waiting', (_, input, code) => {
    const { outcome, decision, state } = step(before, input);
    expect(outcome).toMatchObject({ ok: false, code });
    expect(decision).toMatchObject({
      kind: 'REFUSAL',
      verdict: 'NOTED',
      final: false,
      reason_codes: [code],
      authorizations: [],
    });
    expect(step(state, valid).decision).toMatchObject({ kind: 'STAGE', verdict: 'PASS' });
  });

  test('a build nobody admitted is named with the content id of nothing', () => {
    const fresh = initialGate({ tenant_id, id: build_id });
    const { outcome, decision } = step(fresh, valid);
    expect(outcome).toMatchObject({ ok: false, code: 'GATE_SUBJECT_UNKNOWN' });
    expect(decision?.pipeline_ref).toBe(digestOfNothing);
  });

  test('an adapter’s refusal is taken, sealed with its codes, and proves nothing', () => {
    const refused = replyInput(before, {
      stage: 'echo-2',
      status: 'refused',
      reply: { reason_codes: ['COMMAND_INPUTS_MISMATCH'], command_digest: other },
    });
    const { outcome, decision, state } = step(before, {
      ...refused,
      command: { ok: false, code: 'COMMAND_SIGNER_UNTRUSTED' },
    });
    expect(outcome.ok).toBe(true);
    expect(decision).toMatchObject({
      kind: 'REFUSAL',
      verdict: 'NOTED',
      command_digest: other,
      reason_codes: ['COMMAND_INPUTS_MISMATCH'],
    });
    expect(state.stages).toEqual(before.stages);
  });

  test('noise past the bound is refused without another leaf', () => {
    let state = before;
    for (let i = 0; i < 300; i++)
      state = step(state, replyInput(state, { stage: 'echo-3', reply: { metrics: { i } } })).state;
    expect(state.noted).toBe(256);
    const { outcome, send } = step(state, replyInput(state, { stage: 'echo-3', reply: { metrics: { i: -1 } } }));
    expect(outcome).toMatchObject({ ok: false, code: 'STAGE_ORDER_VIOLATION' });
    expect(send).toBeUndefined();
  });
});

describe('attempts', () => {
  test('a transient error ends the attempt, raises the fence and leaves the authorization', () => {
    const before = stateBefore(echo, 'echo-2');
    const { decision, state } = step(
      before,
      replyInput(before, { stage: 'echo-2', status: 'error', reply: { reason_codes: ['RESOLVE_TIMEOUT'] } }),
    );
    expect(decision).toMatchObject({
      kind: 'ATTEMPT',
      verdict: 'ERROR',
      final: false,
      reason_codes: ['RESOLVE_TIMEOUT'],
      detail: { fence: 2 },
    });
    expect(state.stages['echo-2']).toMatchObject({
      fence: 2,
      authorization: before.stages['echo-2']?.authorization,
      accepted: null,
    });
    expect(step(state, replyInput(state, { stage: 'echo-2', epoch: 1 })).outcome).toMatchObject({
      ok: false,
      code: 'REPLY_STALE_ATTEMPT',
    });
    expect(step(state, replyInput(state, { stage: 'echo-2', epoch: 2 })).decision).toMatchObject({
      kind: 'STAGE',
      verdict: 'PASS',
      attempt: 2,
    });
  });

  test('failed is about content and final', () => {
    const before = stateBefore(echo, 'echo-2');
    const { decision, state } = step(
      before,
      replyInput(before, { stage: 'echo-2', status: 'failed', reply: { reason_codes: ['COMPILE_FAILED'] } }),
    );
    expect(decision).toMatchObject({ kind: 'STAGE', verdict: 'FAIL', final: true, reason_codes: ['COMPILE_FAILED'] });
    expect(state.phase).toBe('STOPPED');
  });
});

describe('a second reply', () => {
  const before = stateBefore(echo, 'echo-2');
  const first = replyInput(before, { stage: 'echo-2' });
  const decided = step(before, first).state;

  test('the same again is a duplicate: no decision, no change', () => {
    const { outcome, send, state } = step(decided, first);
    expect(outcome).toMatchObject({ ok: false, code: 'REPLY_DUPLICATE' });
    expect(send).toBeUndefined();
    expect(state).toEqual(decided);
  });

  test('another result for the same command is equivocation: on record, first stands, not releasable', () => {
    const { outcome, decision, state } = step(decided, replyInput(before, { stage: 'echo-2', seed: 'other' }));
    expect(outcome).toMatchObject({ ok: false, code: 'REPLY_EQUIVOCATION' });
    expect(decision).toMatchObject({ kind: 'REFUSAL', verdict: 'NOTED', detail: { releasable: false } });
    expect(state.quarantined).toMatchObject({ stage: 'echo-2', adapter: 'echo@1.0.0' });
    expect(state.stages['echo-2']?.accepted).toEqual(decided.stages['echo-2']?.accepted);
  });

  test('another result under a later attempt is nondeterminism', () => {
    const { outcome } = step(decided, replyInput(before, { stage: 'echo-2', seed: 'other', epoch: 2 }));
    expect(outcome).toMatchObject({ ok: false, code: 'NONDETERMINISM_DETECTED' });
  });

  test('the same result under another attempt is only late', () => {
    const { outcome, state } = step(decided, replyInput(before, { stage: 'echo-2', epoch: 2 }));
    expect(outcome).toMatchObject({ ok: false, code: 'REPLY_STALE_ATTEMPT' });
    expect(state.quarantined).toBeNull();
  });

  test('a stale reply with another result stops the stage before it is decided', () => {
    const fenced = step(before, claimInput({ claim: 'FENCE', stage: 'echo-2', epoch: 2 })).state;
    const stale = step(fenced, replyInput(before, { stage: 'echo-2', epoch: 1, seed: 'other' })).state;
    const { decision, state } = step(stale, replyInput(stale, { stage: 'echo-2', epoch: 2 }));
    expect(decision).toMatchObject({ kind: 'STAGE', verdict: 'FAIL', reason_codes: ['NONDETERMINISM_DETECTED'] });
    expect(state).toMatchObject({ phase: 'STOPPED', quarantined: { stage: 'echo-2' } });
  });

  test('a stale reply with the same result does no harm', () => {
    const fenced = step(before, claimInput({ claim: 'FENCE', stage: 'echo-2', epoch: 2 })).state;
    const stale = step(fenced, replyInput(before, { stage: 'echo-2', epoch: 1 })).state;
    expect(step(stale, replyInput(stale, { stage: 'echo-2', epoch: 2 })).decision).toMatchObject({ verdict: 'PASS' });
  });
});
