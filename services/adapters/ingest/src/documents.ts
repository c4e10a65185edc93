import { type BuildRequest, collidingPath, pathProblem } from '@orgo/contracts';
import { digestOfBytes, parseStrict } from '@orgo/core';
import {
  artifactLimits,
  DateTimeSchema,
  type Snapshot,
  type StageRefusal,
  type StageResult,
  snapshotText,
  stageRefusal,
  textMediaTypes,
} from '@orgo/kristal';

export type RequestedDocument = BuildRequest['documents'][number];

/**
 * What is wrong with the list of documents as a whole, or undefined. Judged before a byte is read: INGEST_CORPUS_EMPTY,
 * INPUT_PATH_INVALID, INGEST_PROVENANCE_INCOMPLETE.
 */
export function listProblem(documents: readonly RequestedDocument[]): StageRefusal | undefined {
  if (documents.length === 0) return stageRefusal('INGEST_CORPUS_EMPTY', 'the build request names no document');
  for (const { path } of documents) {
    const problem = pathProblem(path);
    if (problem) return stageRefusal('INPUT_PATH_INVALID', `${JSON.stringify(path)} ${problem}`);
  }
  const colliding = collidingPath(documents.map((document) => document.path));
  if (colliding !== undefined) return stageRefusal('INPUT_PATH_INVALID', `${colliding} collides with another path`);
  const sources = new Set<string>();
  for (const { path, source } of documents) {
    if (sources.has(source.source_id)) {
      return stageRefusal(
        'INGEST_PROVENANCE_INCOMPLETE',
        `${path}: source_id ${source.source_id} names another document too`,
      );
    }
    sources.add(source.source_id);
    if (source.retrieved_at === null || !DateTimeSchema.safeParse(source.retrieved_at).success) {
      return stageRefusal('INGEST_PROVENANCE_INCOMPLETE', `${path}: no retrieval time`);
    }
  }
  return undefined;
}

/**
 * Takes one document in. Refuses with SIZE_MISMATCH or HASH_MISMATCH where the bytes are not the ones asked for (never excluded by
 * policy: that is an integrity failure), and with INGEST_PARSE_ERROR where they are, but cannot be read.
 */
export function takeIn(
  document: RequestedDocument,
  bytes: Uint8Array,
  accessClass: Snapshot['access_class'],
): StageResult<Snapshot> {
  const { path, ref, size, source } = document;
  if (bytes.length !== size)
    return stageRefusal('SIZE_MISMATCH', `${path}: ${bytes.length} bytes, ${size} were promised`);
  if (digestOfBytes(bytes) !== ref) return stageRefusal('HASH_MISMATCH', `${path}: bytes are not ${ref}`);
  const mediaType = document.media_type.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (!(textMediaTypes as readonly string[]).includes(mediaType)) {
    return stageRefusal('INGEST_PARSE_ERROR', `${path}: media type ${mediaType} has no reader`);
  }
  const text = snapshotText(bytes);
  if (!text.ok) return stageRefusal('INGEST_PARSE_ERROR', `${path}: ${text.detail}`);
  if (mediaType === 'application/json') {
    const json = parseStrict(bytes, artifactLimits);
    if (!json.ok) return stageRefusal('INGEST_PARSE_ERROR', `${path}: ${json.detail}`, json.path);
  }
  return {
    ok: true,
    value: {
      path,
      ref,
      size,
      media_type: mediaType,
      access_class: accessClass,
      retrieved_at: source.retrieved_at as string,
      source: {
        source_id: source.source_id,
        origin: source.origin,
        license: source.license,
        ...(source.title === null ? {} : { title: source.title }),
        ...(source.lang === null ? {} : { lang: source.lang }),
      },
      code_points: text.value.length,
      transformations: [],
    },
  };
}
