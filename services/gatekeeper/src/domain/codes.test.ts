import { expect, test } from 'vitest';
import { toldCodes } from './codes.ts';

test.each([
  ['codes of the catalogue', ['COMPILE_FAILED', 'RESOLVE_TIMEOUT'], ['COMPILE_FAILED', 'RESOLVE_TIMEOUT']],
  ['issues of a report', ['KRS_V3_EVIDENCE_MISSING'], ['KRS_V3_EVIDENCE_MISSING']],
  ['what is in no catalogue beside what is', ['MY_OWN_WORD', 'COMPILE_FAILED'], ['COMPILE_FAILED']],
  ['only what is in no catalogue', ['MY_OWN_WORD'], ['STAGE_INTERNAL_ERROR']],
  ['what has no shape', ['1', 'KRS_', `KRS_${'A'.repeat(77)}`, 'toString'], ['STAGE_INTERNAL_ERROR']],
  ['nothing', [], ['STAGE_INTERNAL_ERROR']],
])('%s', (_, told, kept) => {
  expect(toldCodes(told, 'STAGE_INTERNAL_ERROR')).toEqual(kept);
});
