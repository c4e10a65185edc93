import { z } from 'zod';
import { DigestTextSchema, ExcludedSchema } from './snapshot.ts';
import type { StageOutput } from './stage-core.ts';
import { jsonOutput } from './stage-inputs.ts';
import { compareText } from './statement.ts';

/** Longest account of why a document was put aside. */
const maxDetail = 300;

/** A document that a stage put aside: what it is, where it came from, and why. */
export const DeadLetterSchema = ExcludedSchema.extend({
  size: z.int().min(0),
  media_type: z.string().min(1),
  detail: z.string().max(maxDetail),
});
export type DeadLetter = z.infer<typeof DeadLetterSchema>;

/**
 * What a stage put aside because the mandate's `on_poison` is `dead_letter`, sorted by path in code unit order. An output of its own, so that the
 * sealed decision of the stage names it. `subject_ref` is what the stage took documents from: a build request or a snapshot set.
 */
export const DeadLettersSchema = z.strictObject({
  kind: z.literal('dead-letters'),
  letters_version: z.literal('1'),
  stage: z.string().min(1),
  subject_ref: DigestTextSchema,
  letters: z.array(DeadLetterSchema).min(1),
});
export type DeadLetters = z.infer<typeof DeadLettersSchema>;

export const deadLettersKind = 'dead-letters';

/** The letters as an output, or none where nothing was put aside. */
export function deadLettersOutput(stage: string, subject_ref: string, letters: readonly DeadLetter[]): StageOutput[] {
  if (letters.length === 0) return [];
  const sorted = letters
    .map((letter) => ({ ...letter, detail: letter.detail.toWellFormed().slice(0, maxDetail).toWellFormed() }))
    .sort((a, b) => compareText(a.path, b.path));
  const body: DeadLetters = { kind: deadLettersKind, letters_version: '1', stage, subject_ref, letters: sorted };
  return [jsonOutput(deadLettersKind, body)];
}

/** Diagnostic codes of letters: why each was put aside, and that it was. */
export const codesOfLetters = (letters: readonly DeadLetter[]): string[] =>
  letters.flatMap(({ code }) => (code === 'DEAD_LETTERED' ? [code] : [code, 'DEAD_LETTERED']));
