import type { Pipeline } from '@orgo/contracts';
import { utf8Length } from '@orgo/core';
import { expect, test } from 'vitest';
import { maxDecisionBytes } from '../decision.ts';
import { artifact, fact, pipelineOf, replyInput, stateBefore, step } from '../gate.fixture.ts';

/** A pipeline whose last stage may answer with more outputs than fit into one entry of the log. */
const echo = pipelineOf('echo');
const last = echo.stages.length - 1;
const stage = echo.stages[last]?.stage ?? '';
const kind = echo.stages[last]?.outputs[0];
const wide: Pipeline = {
  ...echo,
  stages: echo.stages.map((one, i) =>
    i === last
      ? { ...one, outputs: one.outputs.map((output, at) => (at === 0 ? { ...output, max: 512 } : output)) }
      : one,
  ),
};
const answer = (count: number) => {
  const before = stateBefore(wide, stage);
  const outputs = Array.from({ length: count }, (_, i) => fact(artifact(kind?.kind ?? '', [i], kind?.media_type)));
  return step(before, replyInput(before, { stage, outputs }));
};

test('a decision too long for an entry of the log is a FAIL that fits, and says so', () => {
  const { decision, send, state } = answer(512);
  expect(decision).toMatchObject({ verdict: 'FAIL', reason_codes: ['ENTRY_TOO_LARGE'], outputs: [] });
  expect(decision?.authorizations).toEqual([]);
  expect(utf8Length(send?.payload ?? '')).toBeLessThan(maxDecisionBytes);
  expect(state.phase).not.toBe('PASSED');
  expect(maxDecisionBytes).toBeLessThanOrEqual(65_535);
});

test('one that fits passes, with all that it names', () => {
  const { decision, send } = answer(300);
  expect(decision).toMatchObject({ verdict: 'PASS' });
  expect(decision?.outputs).toHaveLength(300);
  expect(utf8Length(send?.payload ?? '')).toBeGreaterThan(maxDecisionBytes / 2);
});
