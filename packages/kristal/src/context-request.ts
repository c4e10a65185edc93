import { z } from 'zod';
import { DateTimeSchema } from './claim-ir-values.ts';
import { DigestTextSchema, SourceSchema } from './snapshot.ts';

/** An artifact by content: kind, `sha256:` reference, media type, size in bytes. Same shape as the control plane's `ArtifactRef`. */
export const ArtifactPinSchema = z.strictObject({
  kind: z.string().min(1),
  ref: DigestTextSchema,
  media_type: z.string().min(1),
  size: z.int().min(0),
});
export type ArtifactPin = z.infer<typeof ArtifactPinSchema>;

/** One document a build is asked to take in. `retrieved_at` is stated by the requester; no stage reads a clock. */
export const RequestedFileSchema = z.strictObject({
  path: z.string().min(1),
  ref: DigestTextSchema,
  size: z.int().min(0),
  media_type: z.string().min(1),
  source: SourceSchema,
  retrieved_at: DateTimeSchema,
  access_class: z.enum(['public', 'restricted']).optional(),
});
export type RequestedFile = z.infer<typeof RequestedFileSchema>;

/** Resources a build resolves against. `hints` are human choices and optional. */
export const ResourcePinsSchema = z.strictObject({
  entities: ArtifactPinSchema,
  properties: ArtifactPinSchema,
  hints: ArtifactPinSchema.optional(),
});
export type ResourcePins = z.infer<typeof ResourcePinsSchema>;

/**
 * What a person asks for (kind `build-request`): documents and pinned resources, all by content. It carries no tenant, build id or
 * time of its own, so that the same request has the same reference everywhere.
 */
export const BuildRequestSchema = z.strictObject({
  kind: z.literal('build-request'),
  request_version: z.literal('1'),
  contract_profile: z.string().min(1),
  files: z.array(RequestedFileSchema),
  resources: ResourcePinsSchema,
});
export type BuildRequest = z.infer<typeof BuildRequestSchema>;
