import { z } from 'zod';
import { DateTimeSchema } from './claim-ir-values.ts';
import { DigestTextSchema } from './digest-text.ts';

/** Where a document is from, as its supplier states it. `origin` is a URL, a package with version, or a plain statement. */
export const SourceSchema = z.strictObject({
  source_id: z.string().min(1).max(200),
  origin: z.string().min(1),
  license: z.string().min(1),
  title: z.string().min(1).optional(),
  lang: z.string().min(1).optional(),
});
export type Source = z.infer<typeof SourceSchema>;

/** Media types the reference adapters read as UTF-8 text. */
export const textMediaTypes = ['text/markdown', 'text/plain', 'text/csv', 'application/json'] as const;

/** One immutable snapshot. Its payload reference depends on its bytes alone; everything else here is about it (ST-08). */
export const SnapshotSchema = z.strictObject({
  path: z.string().min(1),
  ref: DigestTextSchema,
  size: z.int().min(0),
  media_type: z.string().min(1),
  access_class: z.enum(['public', 'restricted']),
  retrieved_at: DateTimeSchema,
  source: SourceSchema,
  /** Length of the decoded text in Unicode code points: the upper bound of offsets. */
  code_points: z.int().min(0),
  /** Steps applied to the payload on its way in; the reference adapter applies none. */
  transformations: z.array(z.string()),
});
export type Snapshot = z.infer<typeof SnapshotSchema>;

/** A document that policy put aside, with the code that says why. */
export const ExcludedSchema = z.strictObject({
  path: z.string().min(1),
  ref: DigestTextSchema,
  source_id: z.string(),
  code: z.string().regex(/^[A-Z0-9_]+$/),
});

/** All snapshots of a build, sorted by path in code unit order. The digest of this object is the `source_snapshot_id`. */
export const SnapshotSetSchema = z.strictObject({
  kind: z.literal('snapshot-set'),
  set_version: z.literal('1'),
  build_request_ref: DigestTextSchema,
  /** Hash of the pinned context under which the snapshots were taken (ST-07). */
  pinned_context_hash: DigestTextSchema,
  snapshots: z.array(SnapshotSchema),
  excluded: z.array(ExcludedSchema),
});
export type SnapshotSet = z.infer<typeof SnapshotSetSchema>;
