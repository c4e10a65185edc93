import { releasePhases, terminalReleasePhases } from '@orgo/contracts';
import { tableFaults } from '@orgo/core';
import { expect, it } from 'vitest';
import { nodeTable } from './node/node.ts';
import { releaseTable } from './table.ts';

it('the release table has the public phases and the unborn one', () => {
  expect(Object.keys(releaseTable).sort()).toEqual(['NEW', ...releasePhases].sort());
});

it('the release table is sound but for the phases that have no door yet', () => {
  // RELEASED is left by a rollback, which has no door either.
  expect(tableFaults(releaseTable, { initial: 'NEW', terminals: terminalReleasePhases })).toEqual([
    'DRAFT cannot be reached from NEW',
    'DRAFT has no exit and is not terminal',
    'ROLLED_BACK cannot be reached from NEW',
    'CANCELED cannot be reached from NEW',
  ]);
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
