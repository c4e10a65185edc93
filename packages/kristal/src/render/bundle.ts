import { z } from 'zod';
import { DigestTextSchema, Hex64Schema } from '../digest-text.ts';
import { QidSchema } from '../statement.ts';
import { renderFormats, renderLanguages } from './template.ts';

const text = z.string().max(200);

/**
 * What a said span rests on: a statement with its evidence, or another place of the pack (`entity/Q90/label/en`, `source/<id>`, `pack`).
 * Evidence ids are sorted.
 */
export const SupportSchema = z.strictObject({
  statement_id: DigestTextSchema.optional(),
  pointer: z.string().min(1).max(4096).optional(),
  evidence_ids: z.array(text),
  source: z.literal('Runtime Pack'),
});
export type Support = z.infer<typeof SupportSchema>;

/**
 * A stretch of an output. `text_span` is half open and counts UTF-8 bytes. It either says something of the pack, in a role, with what
 * supports it, or it is boilerplate: the piece or word of the template that it repeats.
 */
export const SegmentSchema = z.union([
  z.strictObject({
    segment_id: text,
    text_span: z.tuple([z.int().min(0), z.int().min(1)]),
    role: text,
    assertions: z
      .array(z.strictObject({ assertion_id: text, support: z.array(SupportSchema).min(1).max(100_000) }))
      .length(1),
  }),
  z.strictObject({ segment_id: text, text_span: z.tuple([z.int().min(0), z.int().min(1)]), boilerplate: text }),
]);
export type Segment = z.infer<typeof SegmentSchema>;

/** One output: its whole text, that text's hash, and what each byte of it stands on. */
export const RenderedSchema = z.strictObject({
  format: z.enum(renderFormats),
  media_type: z.enum(['text/html', 'text/markdown']),
  sha256: DigestTextSchema,
  text: z.string(),
  trace_map: z.strictObject({ segments: z.array(SegmentSchema) }),
});
export type Rendered = z.infer<typeof RenderedSchema>;

/** Outputs with their trace maps and pins: all that leaves a render stage (ST-41). Cards are in the order of the request. */
export const RenderBundleSchema = z.strictObject({
  v: z.literal(1),
  kind: z.literal('render-bundle'),
  render_metadata: z.strictObject({
    render_kind: text,
    template: z.strictObject({ id: text, version: text, ref: DigestTextSchema }),
    projection: text,
    query_contract_version: text,
    source_kristal_id: DigestTextSchema,
    pack_id: Hex64Schema,
    release_id: text,
    /** The build's logical time; no identity depends on it. */
    created: text,
  }),
  cards: z.array(
    z.strictObject({ subject: QidSchema, language: z.enum(renderLanguages), outputs: z.array(RenderedSchema) }),
  ),
});
export type RenderBundle = z.infer<typeof RenderBundleSchema>;
