import { z } from 'zod';
import { OffsetsSchema } from './claim-ir.ts';
import { DigestTextSchema } from './digest-text.ts';

/** Identity of the code that made an artifact. */
export const ToolSchema = z.strictObject({
  name: z.string().min(1),
  version: z.string().min(1),
});
export type Tool = z.infer<typeof ToolSchema>;

/** A place of a document: for tables the number of its record, counted from 1 with the header and empty lines, as a spreadsheet does. */
export const PassedOverPlaceSchema = z.strictObject({ row: z.int().min(1), offsets: OffsetsSchema });
export type PassedOverPlace = z.infer<typeof PassedOverPlaceSchema>;

/** At most so many places are listed for one code of a document; `count` counts all. */
export const maxPassedOverPlaces = 100;

/** What of a document the extractor read no claim from, under its diagnostic code, so that nothing is left out without a word. */
export const PassedOverSchema = z.strictObject({
  code: z.string().regex(/^[A-Z][A-Z0-9_]+$/),
  doc_id: z.string().min(1),
  source_id: z.string().min(1),
  count: z.int().min(1),
  places: z.array(PassedOverPlaceSchema).min(1).max(maxPassedOverPlaces).optional(),
});
export type PassedOver = z.infer<typeof PassedOverSchema>;

/**
 * The set of Claim-IR documents of a build. Its own digest is the batch reference. Documents are lines of the artifact `data_ref`
 * (kind `claim-ir-lines`), sorted by `ref`; `members[i]` is line `i + 1`.
 */
export const ClaimIrBatchSchema = z.strictObject({
  kind: z.literal('claim-ir-batch'),
  batch_version: z.literal('1'),
  /** Unit of every `evidence.offsets` in the batch; the external contract leaves it open. */
  offset_unit: z.literal('unicode-code-point'),
  data_ref: DigestTextSchema,
  snapshot_set_ref: DigestTextSchema,
  extractor: ToolSchema,
  config_ref: DigestTextSchema,
  /** `ref` is the digest of the document's canonical text; `line` counts from 1. */
  members: z.array(
    z.strictObject({
      ref: DigestTextSchema,
      doc_id: z.string().min(1),
      line: z.int().min(1),
    }),
  ),
  /** In the order of the snapshots; absent where everything was read. */
  passed_over: z.array(PassedOverSchema).min(1).optional(),
});
export type ClaimIrBatch = z.infer<typeof ClaimIrBatchSchema>;

export const claimIrKinds = {
  batch: 'claim-ir-batch',
  lines: 'claim-ir-lines',
} as const;
export const linesMediaType = 'application/jsonl';
