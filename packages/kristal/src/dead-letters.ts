import type { DeadLetterRecord } from '@orgo/contracts';
import { compareText } from '@orgo/core';
import type { StageOutput } from './stage-core.ts';
import { jsonOutput } from './stage-inputs.ts';

/** A letter before it is checked: digests are still text. */
export type DeadLetter = Omit<DeadLetterRecord, 'ref'> & { ref: string };

/** Longest account of why a document was put aside. */
const maxDetail = 300;

/** The letters of a stage as its output of kind `dead-letters`, or none where nothing was put aside. */
export function deadLettersOutput(stage: string, subject_ref: string, letters: readonly DeadLetter[]): StageOutput[] {
  if (letters.length === 0) return [];
  const sorted = letters
    .map((letter) => ({ ...letter, detail: letter.detail.slice(0, maxDetail).toWellFormed() }))
    .sort((a, b) => compareText(a.path, b.path));
  return [
    jsonOutput('dead-letters', { kind: 'dead-letters', letters_version: '1', stage, subject_ref, letters: sorted }),
  ];
}

/** Diagnostic codes of what was left out: why each, and that it was put aside. */
export const codesOfExcluded = (excluded: readonly { code: string }[]): string[] =>
  excluded.flatMap(({ code }) => (code === 'DEAD_LETTERED' ? [code] : [code, 'DEAD_LETTERED']));
