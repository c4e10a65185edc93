import type { ArtifactRef, BuildRequest } from '@orgo/contracts';
import { digestOfBytes } from '@orgo/core';
import type { CorpusFile } from './corpus-file.ts';
import { buildGazetteer } from './gazetteer/gazetteer.ts';

/** An artifact with its bytes, ready to be uploaded before a build is asked for. */
export type ArtifactBytes = { artifact: ArtifactRef; bytes: Uint8Array };

const artifactOf = (kind: string, media_type: string, bytes: Uint8Array): ArtifactBytes => ({
  artifact: { kind, ref: digestOfBytes(bytes), media_type, size: bytes.length },
  bytes,
});

/** Both gazetteers as artifacts, in the kinds that a build request pins. */
export function gazetteerArtifacts(): ArtifactBytes[] {
  const { entities, properties } = buildGazetteer();
  return [
    artifactOf('gazetteer-entities', 'application/jsonl', entities),
    artifactOf('gazetteer-properties', 'application/jsonl', properties),
  ];
}

/** The build request for files and pinned resources. Documents are sorted by path, so that the same set is the same request. */
export function buildRequest(
  files: readonly CorpusFile[],
  resources: readonly ArtifactRef[],
  profile: string,
): BuildRequest {
  return {
    v: 1,
    kind: 'build-request',
    documents: [...files]
      .sort((a, b) => (a.path < b.path ? -1 : 1))
      .map(({ path, media_type, bytes, source }) => ({
        path,
        ref: digestOfBytes(bytes),
        size: bytes.length,
        media_type,
        source,
      })),
    resources: [...resources],
    profile,
  };
}
