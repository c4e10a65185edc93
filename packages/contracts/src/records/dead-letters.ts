import { z } from 'zod';
import { digestSchema, nameSchema } from '../ids.ts';
import { reasonCodeSchema } from '../reasons.ts';

/** A document that a stage put aside: what it is, where it came from, and why. */
export const deadLetterRecordSchema = z.strictObject({
  path: z.string().min(1).max(1024),
  ref: digestSchema,
  source_id: z.string().min(1).max(200),
  size: z.int().min(0),
  media_type: z.string().min(1).max(127),
  code: reasonCodeSchema,
  detail: z.string().max(300),
});
export type DeadLetterRecord = z.infer<typeof deadLetterRecordSchema>;

/**
 * What a stage put aside because the mandate lets it (kind `dead-letters`), sorted by path in code unit order. An output of its own, so that the sealed
 * decision of the stage names it. `subject_ref` is what the stage took documents from: a build request or a snapshot set.
 */
export const deadLettersSchema = z
  .strictObject({
    kind: z.literal('dead-letters'),
    letters_version: z.literal('1'),
    stage: nameSchema,
    subject_ref: digestSchema,
    letters: z.array(deadLetterRecordSchema).min(1).max(100_000),
  })
  .meta({ id: 'DeadLetters' });
export type DeadLetters = z.infer<typeof deadLettersSchema>;
