import { releasePhases, stepPhases, terminalReleasePhases } from '@orgo/contracts';
import { tableFaults } from '@orgo/core';
import { expect, it } from 'vitest';
import { nodeTable } from './node/node.ts';
import { releaseTable, stepTable } from './table.ts';

it('the release table has the public phases and the unborn one', () => {
  expect(Object.keys(releaseTable).sort()).toEqual(['NEW', ...releasePhases].sort());
});

it('the release table is sound but for the phase that has no door', () => {
  expect(tableFaults(releaseTable, { initial: 'NEW', terminals: terminalReleasePhases })).toEqual([
    'DRAFT cannot be reached from NEW',
    'DRAFT has no exit and is not terminal',
  ]);
});

it('the step table is sound', () => {
  expect(Object.keys(stepTable).sort()).toEqual([...stepPhases].sort());
  expect(tableFaults(stepTable, { initial: 'PENDING', terminals: ['DONE', 'FAILED'] })).toEqual([]);
});

it('a cohort is opened behind a sealed decision only, and done behind its confirmation', () => {
  const into = (phase: string) =>
    Object.entries(stepTable).flatMap(([from, exits]) =>
      Object.entries(exits).flatMap(([event, to]) => (to === phase && from !== phase ? [`${from} ${event}`] : [])),
    );
  expect(into('DISPATCHING')).toEqual(['PENDING StepAuthorized']);
  expect(into('SOAKING')).toEqual(['CONVERGING StepConfirmed']);
  expect(into('DONE')).toEqual(['GATE StepDone']);
});

it('RELEASING is entered from VERIFIED and PAUSED only, RELEASED from RELEASING only', () => {
  const into = (phase: string) =>
    Object.entries(releaseTable).flatMap(([from, exits]) =>
      Object.values(exits).includes(phase as never) && from !== phase ? [from] : [],
    );
  expect(into('RELEASING')).toEqual(['VERIFIED', 'PAUSED']);
  expect(into('RELEASED')).toEqual(['RELEASING']);
});

it('the node table is sound', () => {
  expect(tableFaults(nodeTable, { initial: 'NEW', terminals: [] })).toEqual([]);
});
