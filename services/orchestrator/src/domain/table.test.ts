import { buildPhases, stagePhases, terminalBuildPhases } from '@orgo/contracts';
import { tableFaults } from '@orgo/core';
import { describe, expect, it } from 'vitest';
import { caseTable } from './case/case.ts';
import { buildTable, stageTable } from './table.ts';

describe('the build table', () => {
  it('has the public phases and the unborn one', () => {
    expect(Object.keys(buildTable).sort()).toEqual(['NEW', ...buildPhases].sort());
  });

  it('is sound but for the phase that has no door yet', () => {
    expect(tableFaults(buildTable, { initial: 'NEW', terminals: terminalBuildPhases })).toEqual([
      'VOIDED cannot be reached from NEW',
    ]);
  });
});

describe('the stage table', () => {
  it('has the public phases and is sound but for the stages that cannot be skipped yet', () => {
    expect(Object.keys(stageTable).sort()).toEqual([...stagePhases].sort());
    expect(tableFaults(stageTable, { initial: 'PENDING', terminals: ['PASS', 'FAIL', 'SKIP'] })).toEqual([
      'SKIP cannot be reached from PENDING',
    ]);
  });
});

describe('the case table', () => {
  it('is sound', () => {
    expect(tableFaults(caseTable, { initial: 'NEW', terminals: ['COMPLETED'] })).toEqual([]);
  });
});
