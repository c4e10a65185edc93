import { z } from 'zod';

/** Provenance as a supplier may state it; what is missing is filled in from the file. */
const sourceSchema = z.object({
  source_id: z.string().min(1).max(200).optional(),
  origin: z.string().min(1).max(1000).optional(),
  license: z.string().min(1).max(200).optional(),
  title: z.string().max(300).nullish(),
  lang: z.string().max(16).nullish(),
  retrieved_at: z.string().max(32).nullish(),
});

/** One document of a `corpus.json`: its path below the folder, and what is said of it. */
export const corpusDocumentSchema = z.object({
  path: z.string(),
  media_type: z
    .string()
    .regex(/^[!-:<-~]+( *;[ -~]*)?$/)
    .max(127)
    .optional(),
  source: sourceSchema.optional(),
});
export type CorpusDocument = z.infer<typeof corpusDocumentSchema>;

/** `corpus.json` beside documents: where they are from. Members that nobody knows are left alone. */
export const corpusManifestSchema = z.object({
  files: z.array(corpusDocumentSchema).max(100_000).optional(),
  license: z.string().min(1).max(200).optional(),
  origin: z.string().min(1).max(1000).optional(),
});
