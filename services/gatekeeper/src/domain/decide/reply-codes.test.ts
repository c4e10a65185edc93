import { decisionSchema } from '@orgo/contracts';
import { describe, expect, test } from 'vitest';
import { claimInput, freezeInput, pipelineOf, replyInput, stateBefore, step } from '../gate.fixture.ts';

const kristal = pipelineOf('kristal');
const echo = pipelineOf('echo');

describe('codes that are in no catalogue', () => {
  const before = stateBefore(echo, 'echo-2');
  const told = { reason_codes: ['MY_OWN_WORD'] };

  test.each([
    ['failed', ['STAGE_INTERNAL_ERROR'], 'FAIL'],
    ['error', ['STAGE_INTERNAL_ERROR'], 'ERROR'],
    ['refused', ['COMMAND_MALFORMED'], 'NOTED'],
  ] as const)('%s: the decision gives one that is', (status, reason_codes, verdict) => {
    const { decision } = step(before, replyInput(before, { stage: 'echo-2', status, reply: told }));
    expect(decision).toMatchObject({ verdict, reason_codes });
  });

  test('are no answer to a sender either, where nothing is put on record', () => {
    const closing = step(step(before, claimInput({ claim: 'CANCEL' })).state, freezeInput('CANCELLED')).state;
    const late = step(closing, replyInput(before, { stage: 'echo-2', status: 'refused', reply: told }));
    expect(late.outcome).toMatchObject({ ok: false, code: 'COMMAND_MALFORMED' });
    expect(late.send).toBeUndefined();
  });

  test('in a validation report fail the stage with a decision that can be read', () => {
    const state = stateBefore(kristal, 'validate');
    const validation = { verdict: 'FAIL' as const, codes: ['1', 'A'] };
    const { decision } = step(state, replyInput(state, { stage: 'validate', validation }));
    expect(decision).toMatchObject({
      verdict: 'FAIL',
      reason_codes: ['VALIDATION_FAILED'],
      detail: { validation: { status: 'FAIL', codes: ['VALIDATION_FAILED'] } },
    });
    expect(decisionSchema.safeParse(decision).error).toBeUndefined();
  });
});
