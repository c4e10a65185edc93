import type { GateDecision } from '@orgo/contracts';
import { describe, expect, it } from 'vitest';
import { essenceOf, type History, logProblemsOf, problemsOf } from './history.ts';

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

it.each([
  [[0, 1, 2], 3, 0],
  [[0, 2], 2, 1],
  [[0, 1], 3, 1],
  [[1], 3, 2],
  [[], 0, 0],
])('a log of entries %j under a head of %i has %i problems', (indexes, size, count) => {
  expect(logProblemsOf(indexes, size)).toHaveLength(count);
});
