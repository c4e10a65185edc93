import { type Digest, digestOf } from '@orgo/core';

/**
 * Kinds of artifacts that Kristal publishes a schema for, the name that its file ends with, and whether the artifact is one document or one per
 * line. The Exchange itself has none. The files are not part of this repository (their licence does not allow it): an operator brings them (GT-07).
 */
export const officialSchemas: Readonly<Record<string, { file: string; per: 'document' | 'line' }>> = {
  'claim-ir-lines': { file: 'claim-ir.schema.json', per: 'line' },
  'resolved-lines': { file: 'resolved-claim-ir.schema.json', per: 'line' },
  'validation-report': { file: 'validation-report.schema.json', per: 'document' },
  'exchange-manifest': { file: 'exchange-manifest.schema.json', per: 'document' },
  'pack-manifest': { file: 'runtime-pack-manifest.schema.json', per: 'document' },
};

/** The kind that a file of schemas is for: the one whose name is the longest that it ends with. Undefined for a file that others only refer to. */
export function officialKindOf(path: string): string | undefined {
  const [found] = Object.entries(officialSchemas)
    .filter(([, { file }]) => path.endsWith(file))
    .sort(([, a], [, b]) => b.file.length - a.file.length);
  return found?.[0];
}

/** Content id of a folder of schemas: the digest of its `[path, digest of the bytes]` pairs, by path; paths are relative, with `/`. */
export const schemaSetId = (files: readonly { path: string; digest: Digest }[]): Digest =>
  digestOf(files.map(({ path, digest }) => [path, digest] as const).sort(([a], [b]) => (a < b ? -1 : 1)));
