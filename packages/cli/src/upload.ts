import fs from 'node:fs';
import type { ArtifactRef, BuildRequest, Digest } from '@orgo/contracts';
import { canonicalBytes } from '@orgo/core';
import { CliError } from './cli-error.ts';
import type { Client } from './client.ts';
import type { LocalDocument } from './corpus-folder.ts';
import type { Letters } from './intake.ts';
import { shown, unreadable } from './read-input.ts';

/** Uploads under way at the same time: each waits for the disk of the artifact store. */
const atOnce = 8;

/** Stores bytes and answers their reference; storing the same bytes again is harmless. */
export const putBytes = (client: Client, kind: string, media_type: string, body: unknown): Promise<ArtifactRef> =>
  client.call<ArtifactRef>('putArtifact', { body, headers: { 'x-artifact-kind': kind, 'content-type': media_type } });

/** Streams a file; it is never in memory as a whole. @throws CliError INPUT_UNREADABLE, also where the file changes meanwhile */
async function putFile(client: Client, { file, size, media_type }: LocalDocument): Promise<ArtifactRef> {
  let blob: Blob;
  try {
    blob = await fs.openAsBlob(file);
  } catch (e) {
    throw unreadable(file, e);
  }
  const stored = blob.size === size ? await putBytes(client, 'document', media_type, blob) : { size: blob.size };
  if (stored.size !== size || !('ref' in stored))
    throw new CliError(
      'INPUT_UNREADABLE',
      `${shown(file)}: changed while it was read`,
      'Try again when it is at rest.',
    );
  return stored;
}

async function putAll(client: Client, documents: readonly LocalDocument[]): Promise<BuildRequest['documents']> {
  const done: BuildRequest['documents'] = new Array(documents.length);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < documents.length; at = next++) {
      const document = documents[at] as LocalDocument;
      const { path, media_type, source } = document;
      const { ref, size } = await putFile(client, document).catch((error) => {
        next = documents.length;
        throw error;
      });
      done[at] = { path, ref, size, media_type, source };
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, documents.length) }, work));
  return done;
}

/**
 * Uploads documents and resources, then the build request that names them all by digest, and says which of them are put aside or requeued.
 * Nothing of a build exists before `startBuild`; a broken upload leaves only unreferenced artifacts.
 */
export async function uploadRequest(
  client: Client,
  documents: readonly LocalDocument[],
  resources: readonly { kind: string; media_type: string; bytes: Uint8Array }[],
  profile: string,
  letters: Letters | null,
): Promise<ArtifactRef> {
  const uploaded = await putAll(client, documents);
  const request: BuildRequest = { v: 1, kind: 'build-request', documents: uploaded, resources: [], profile };
  const refs = [...new Set(uploaded.map(({ ref }) => ref))].sort();
  const put_aside = refs.filter((ref) => letters?.aside.has(ref));
  const requeued = refs.flatMap((ref): { ref: Digest; at: string }[] => {
    const at = letters?.aside.has(ref) ? undefined : letters?.requeued.get(ref);
    return at === undefined ? [] : [{ ref, at }];
  });
  if (put_aside.length > 0) request.put_aside = put_aside;
  if (requeued.length > 0) request.requeued = requeued;
  for (const resource of resources)
    request.resources.push(await putBytes(client, resource.kind, resource.media_type, resource.bytes));
  return putBytes(client, 'build-request', 'application/json', canonicalBytes(request as never));
}
