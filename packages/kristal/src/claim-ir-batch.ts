import { z } from 'zod';
import { DigestTextSchema } from './snapshot.ts';

/** Identity of the code that made an artifact. */
export const ToolSchema = z.strictObject({
  name: z.string().min(1),
  version: z.string().min(1),
});
export type Tool = z.infer<typeof ToolSchema>;

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
});
export type ClaimIrBatch = z.infer<typeof ClaimIrBatchSchema>;

export const claimIrKinds = {
  batch: 'claim-ir-batch',
  lines: 'claim-ir-lines',
} as const;
export const jsonMediaType = 'application/json';
export const linesMediaType = 'application/jsonl';
