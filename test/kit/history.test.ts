import type { GateDecision } from '@orgo/contracts';
import { describe, expect, it } from 'vitest';
import { type CancelWord, cancelProblemsOf, essenceOf, type History, problemsOf } from './history.ts';

const output = (ref: string) => ({ kind: 'echo-text', ref: `sha256:${ref}`, media_type: 'application/json', size: 1 });
const decision = (over: Partial<GateDecision>): GateDecision =>
  ({
    kind: 'STAGE',
    verdict: 'PASS',
    stage: 'echo-1',
    attempt: 1,
    epoch: 1,
    final: true,
    reason_codes: [],
    inputs: [],
    outputs: [],
    authorizations: [],
    adapter: null,
    rests_on: [],
    pipeline_ref: 'p',
    at: 'now',
    ...over,
  }) as GateDecision;

const calm = (): History => ({
  phase: 'COMPLETED',
  outputs: { 'echo-1': [output('a')] },
  leaves: [
    { index: 0, digest: 'd0', decision: decision({ kind: 'ADMISSION', stage: null, authorizations: ['z1'] as never }) },
    { index: 1, digest: 'd1', decision: decision({ outputs: [output('a')] as never }) },
  ],
  heard: [
    { type: 'receipt', decision: 'd0' },
    { type: 'command', stage: 'echo-1', attempt: 1, decision: 'd0', index: 0, authorization: 'z1' },
    { type: 'receipt', decision: 'd1' },
  ],
});
const changed = (change: (history: History) => History): string[] => problemsOf(change(calm()), calm());

describe('a history', () => {
  it('equals itself, whatever times, attempts and epochs it took', () => {
    expect(problemsOf(calm(), calm())).toEqual([]);
    expect(
      changed((h) => ({
        ...h,
        leaves: [
          h.leaves[0] as (typeof h.leaves)[0],
          { index: 1, digest: 'x', decision: decision({ kind: 'ATTEMPT', verdict: 'ERROR', final: false }) },
          { index: 2, digest: 'y', decision: decision({ kind: 'FENCE', verdict: 'FENCED', final: false }) },
          {
            index: 3,
            digest: 'd1',
            decision: decision({ outputs: [output('a')] as never, attempt: 2, epoch: 3, at: 'later' }),
          },
        ],
      })),
    ).toEqual([]);
  });

  const wrong: [string, (h: History) => History][] = [
    ['phase differ', (h) => ({ ...h, phase: 'BLOCKED' })],
    ['outputs differ', (h) => ({ ...h, outputs: { 'echo-1': [output('b')] } })],
    ['decisions differ', (h) => ({ ...h, leaves: h.leaves.slice(0, 1) })],
    [
      'decisions differ',
      (h) => ({
        ...h,
        leaves: [h.leaves[0], { ...h.leaves[1], decision: decision({ verdict: 'FAIL' }) }] as History['leaves'],
      }),
    ],
    [
      'passed 2 times',
      (h) => ({ ...h, leaves: [...h.leaves, { index: 2, digest: 'd2', decision: decision({ outputs: [] }) }] }),
    ],
    ['not those that passed', (h) => ({ ...h, outputs: { 'echo-1': [output('c')] } })],
    ['came before the receipt', (h) => ({ ...h, heard: h.heard.slice(1) })],
    ['rests on no sealed decision', (h) => ({ ...h, heard: [{ ...h.heard[1], decision: 'd9' }] as History['heard'] })],
    [
      'names entry 4 instead of 0',
      (h) => ({ ...h, heard: [h.heard[0], { ...h.heard[1], index: 4 }] as History['heard'] }),
    ],
    [
      'was not authorized',
      (h) => ({ ...h, heard: [h.heard[0], { ...h.heard[1], authorization: 'z2' }] as History['heard'] }),
    ],
  ];
  it.each(wrong)('with something wrong is told: %s', (words, change) => {
    expect(changed(change).join('\n')).toContain(words);
  });

  it('may have been heard in part, where the listener was cut off', () => {
    const deaf = { ...calm(), heard: calm().heard.slice(1) };
    expect(problemsOf(deaf, calm(), { listening: false })).toEqual([]);
  });

  it('has an essence without ids and times', () => {
    expect(JSON.stringify(essenceOf(calm()))).not.toMatch(/now|d0|z1/);
  });
});

type Heard = History['heard'][number];
const receipt = (of: string): Heard => ({ type: 'receipt', decision: of });
const command = (step: number, at: number, attempt = 1): Heard => ({
  type: 'command',
  stage: `echo-${step}`,
  attempt,
  decision: `d${at}`,
  index: at,
  authorization: `z${step}`,
});
type Leaf = History['leaves'][number];
const leaf = (index: number, over: Partial<GateDecision>): Leaf => ({
  index,
  digest: `d${index}`,
  decision: decision(over),
});
const admission = leaf(0, { kind: 'ADMISSION', stage: null, authorizations: ['z1'] as never });
const passes = (step: number, index = step): Leaf =>
  leaf(index, {
    stage: `echo-${step}`,
    outputs: [output(`${step}`)] as never,
    authorizations: (step < 3 ? [`z${step + 1}`] : []) as never,
  });
const refuses = (step: number, over: Partial<GateDecision> = {}): Leaf =>
  leaf(step, { stage: `echo-${step}`, verdict: 'FAIL', reason_codes: ['STAGE_INPUT_INVALID'], ...over });
const record = (index: number, reason_codes: GateDecision['reason_codes'] = []): Leaf =>
  leaf(index, { kind: 'RECORD', stage: null, reason_codes, outputs: [output('r')] as never });

describe('a history with a FAIL', () => {
  const failed = (): History => ({
    phase: 'FAILED',
    outputs: { 'echo-1': [output('1')], 'echo-2': [] },
    leaves: [admission, passes(1), refuses(2), record(3, ['STAGE_INPUT_INVALID'])],
    heard: [receipt('d0'), command(1, 0), receipt('d1'), command(2, 1), receipt('d2'), receipt('d3')],
  });
  const told = (change: Partial<History>): string => problemsOf({ ...failed(), ...change }, failed()).join('\n');

  it('equals itself', () => {
    expect(told({})).toBe('');
  });

  it.each<[string, Partial<History>]>([
    ['phase differ', { phase: 'COMPLETED' }],
    ['the command of echo-3 was said behind the FAIL of echo-2', { heard: [...failed().heard, command(3, 2)] }],
    [
      'the FAIL of echo-2 authorizes something',
      { leaves: [admission, passes(1), refuses(2, { authorizations: ['z3'] as never }), record(3)] },
    ],
    ['echo-2 has two verdicts', { leaves: [admission, passes(1), refuses(2), passes(2, 3), record(4)] }],
    [
      'a stage was decided behind the FAIL of echo-2',
      { leaves: [admission, passes(1), refuses(2), passes(3), record(4)] },
    ],
    // As if the log said yes to it: it is still behind the FAIL.
    [
      'the command of echo-3 was said behind the FAIL of echo-2',
      { leaves: [admission, passes(1), refuses(2), passes(3), record(4)], heard: [...failed().heard, command(3, 2)] },
    ],
    [
      'decisions differ',
      { leaves: [admission, passes(1), refuses(2, { reason_codes: ['STAGE_TIMEOUT'] }), record(3)] },
    ],
    ['decisions differ', { leaves: failed().leaves.slice(0, 3) }],
  ])('in which something is wrong is told: %s', (words, change) => {
    expect(told(change)).toContain(words);
  });
});

describe('a history of a build that was cancelled', () => {
  const whole = (): History => ({
    phase: 'COMPLETED',
    outputs: { 'echo-1': [output('1')], 'echo-2': [output('2')], 'echo-3': [output('3')] },
    leaves: [admission, passes(1), passes(2), passes(3), record(4)],
    heard: [
      ...[receipt('d0'), command(1, 0), receipt('d1'), command(2, 1), receipt('d2'), command(3, 2)],
      ...[receipt('d3'), receipt('d4')],
    ],
  });
  const cancel = leaf(2, { kind: 'CANCEL', stage: null, reason_codes: ['BUILD_CANCELLED'] });
  const end = record(3, ['BUILD_CANCELLED']);
  const cancelled = (): History => ({
    phase: 'CANCELLED',
    outputs: { 'echo-1': [output('1')] },
    leaves: [admission, passes(1), cancel, end],
    heard: [receipt('d0'), command(1, 0), receipt('d1'), command(2, 1), receipt('d2'), receipt('d3')],
  });
  const told = (change: Partial<History>, word: CancelWord = 'granted', listening = true): string =>
    cancelProblemsOf({ ...cancelled(), ...change }, whole(), { word, listening }).join('\n');

  it('is the beginning of the undisturbed one and its end, or all of it where it was faster', () => {
    expect(told({})).toBe('');
    expect(told(whole(), 'refused')).toBe('');
    const nothing: Partial<History> = {
      outputs: {},
      leaves: [admission, { ...cancel, index: 1 }, { ...end, index: 2 }],
      heard: [receipt('d0'), receipt('d2'), receipt('d3')],
    };
    expect(told(nothing)).toBe('');
  });

  it('is sealed in the order in which it was decided, and may have a command that was long on its way', () => {
    const leaves = [admission, { ...cancel, index: 1, digest: 'c' }, { ...passes(1), index: 2 }, end];
    const heard = [receipt('d0'), command(1, 0), receipt('c'), receipt('d1'), receipt('d3')];
    expect(told({ leaves, heard })).toContain('it ends with');
    const late = [receipt('d0'), command(1, 0), receipt('d1'), receipt('d2'), command(2, 1), receipt('d3')];
    expect(told({ heard: late, issued: [{ stage: 'echo-2', attempt: 1 }] })).toBe('');
  });

  it('may have attempts, and commands that are said again', () => {
    const late = leaf(4, { kind: 'REFUSAL', verdict: 'NOTED', stage: 'echo-2', final: false });
    expect(told({ leaves: [...cancelled().leaves, late], heard: [...cancelled().heard, command(2, 1)] })).toBe('');
  });

  it.each<[string, Partial<History>, CancelWord?]>([
    ['it was cancelled, and has completed', whole()],
    ['nobody granted that it is cancelled', {}, 'refused'],
    ['a build that was cancelled is BLOCKED', { phase: 'BLOCKED' }],
    ['a build that was cancelled is FAILED', { phase: 'FAILED' }],
    ['a build that was cancelled is HANGS', { phase: 'HANGS' }],
    ['decisions differ', { ...whole(), leaves: whole().leaves.slice(0, 4) }, 'refused'],
    ['it ends with', { leaves: cancelled().leaves.slice(0, 3) }],
    ['it ends with', { leaves: [admission, passes(1), end] }],
    ['it ends with', { leaves: [admission, passes(1), cancel, record(3)] }],
    ['it ends with', { leaves: [admission, passes(1), cancel, passes(2, 3), record(4, ['BUILD_CANCELLED'])] }],
    ['before its end it is not as undisturbed', { leaves: [admission, passes(2, 1), cancel, end] }],
    ['before its end it is not as undisturbed', { leaves: [admission, cancel, { ...cancel, index: 3 }, end] }],
    ['the record has', { leaves: [admission, passes(1), cancel, { ...end, decision: decision({ kind: 'RECORD' }) }] }],
    ['outputs differ', { outputs: {} }],
    ['outputs differ', { outputs: { 'echo-1': [output('9')] } }],
    ['outputs differ', { outputs: { ...cancelled().outputs, 'echo-2': [output('2')] } }],
    ['echo-2, attempt 2, came after the sealed cancellation', { heard: [...cancelled().heard, command(2, 1, 2)] }],
    [
      'echo-2, attempt 1, came after the sealed cancellation',
      { heard: [receipt('d0'), command(1, 0), receipt('d1'), receipt('d2'), command(2, 1), receipt('d3')] },
    ],
    ['rests on no sealed decision', { heard: [...cancelled().heard, command(3, 9)] }],
  ])('in which something is wrong is told: %s', (words, change, word) => {
    expect(told(change, word)).toContain(words);
  });

  it('may have been heard in part, where the listener was cut off', () => {
    const { heard } = cancelled();
    expect(told({ heard: [receipt('d0'), receipt('d2'), ...heard] }, 'granted', false)).toBe('');
  });
});
