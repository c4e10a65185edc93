import { describe, expect, it } from 'vitest';
import { mermaid, next, reachable, type TransitionTable, tableFaults } from './table.ts';

type Phase = 'OPEN' | 'PASSED' | 'FAILED';
type Event = 'Passed' | 'Failed' | 'Retried';

const gate: TransitionTable<Phase, Event> = {
  OPEN: { Passed: 'PASSED', Failed: 'FAILED', Retried: 'OPEN' },
  PASSED: {},
  FAILED: {},
};
const shape = { initial: 'OPEN', terminals: ['PASSED', 'FAILED'] } as const;

it('knows every transition and no other', () => {
  expect(next(gate, 'OPEN', 'Passed')).toBe('PASSED');
  expect(next(gate, 'OPEN', 'Retried')).toBe('OPEN');
  expect(next(gate, 'PASSED', 'Failed')).toBeUndefined();
});

it('is not fooled by names that every object has', () => {
  expect(next(gate, 'OPEN', 'constructor' as Event)).toBeUndefined();
  expect(next(gate, 'constructor' as Phase, 'name' as Event)).toBeUndefined();
});

it('finds what can be reached, also around loops', () => {
  expect(reachable(gate, 'OPEN')).toEqual(new Set(['OPEN', 'PASSED', 'FAILED']));
  expect(reachable(gate, 'PASSED')).toEqual(new Set(['PASSED']));
});

describe('faults', () => {
  it('are none in a sound table', () => expect(tableFaults(gate, shape)).toEqual([]));

  it.each<[string, TransitionTable<Phase, Event>, { initial: Phase; terminals: Phase[] }, string]>([
    [
      'an island',
      { ...gate, OPEN: { Passed: 'PASSED' } },
      { ...shape, terminals: ['PASSED', 'FAILED'] },
      'FAILED cannot be reached from OPEN',
    ],
    [
      'an exit from a terminal',
      { ...gate, FAILED: { Retried: 'OPEN' } },
      { ...shape, terminals: ['PASSED', 'FAILED'] },
      'terminal FAILED has an exit',
    ],
    ['a dead end', gate, { ...shape, terminals: ['PASSED'] }, 'FAILED has no exit and is not terminal'],
    [
      'a target that is no phase',
      { ...gate, OPEN: { ...gate.OPEN, Retried: 'GONE' as Phase } },
      { ...shape, terminals: ['PASSED', 'FAILED'] },
      'OPEN goes by Retried to no phase GONE',
    ],
    [
      'a terminal that is no phase',
      gate,
      { ...shape, terminals: ['PASSED', 'FAILED', 'GONE' as Phase] },
      'terminal GONE is no phase',
    ],
    [
      'a start that is no phase',
      gate,
      { initial: 'GONE' as Phase, terminals: ['PASSED', 'FAILED'] },
      'initial GONE is no phase',
    ],
  ])('%s', (_, table, expected, sentence) => {
    expect(tableFaults(table, expected)).toContain(sentence);
  });
});

it('draws itself', () => {
  expect(mermaid(gate, 'OPEN')).toBe(
    [
      'stateDiagram-v2',
      '  [*] --> OPEN',
      '  OPEN --> PASSED: Passed',
      '  OPEN --> FAILED: Failed',
      '  OPEN --> OPEN: Retried',
      '  PASSED --> [*]',
      '  FAILED --> [*]',
      '',
    ].join('\n'),
  );
});
