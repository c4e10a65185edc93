import { tableFaults } from '@orgo/core';
import { expect, test } from 'vitest';
import { gatePhases } from './state.ts';
import { gateTable } from './table.ts';

test('every phase can be reached and left, and the table knows exactly the phases', () => {
  expect(tableFaults(gateTable, { initial: 'NEW', terminals: [] })).toEqual([]);
  expect(Object.keys(gateTable)).toEqual([...gatePhases]);
});
