import fs from 'node:fs';
import type { ArtifactRef, BuildRequest } from '@orgo/contracts';
import { canonicalBytes } from '@orgo/core';
import { CliError } from './cli-error.ts';
import type { Client } from './client.ts';
import type { LocalDocument } from './corpus-folder.ts';

/** Stores bytes and answers their reference; storing the same bytes again is harmless. */
export const putBytes = (client: Client, kind: string, media_type: string, body: unknown): Promise<ArtifactRef> =>
  client.call<ArtifactRef>('putArtifact', { body, headers: { 'x-artifact-kind': kind, 'content-type': media_type } });

/**
 * Uploads documents and resources, then the build request that names them all by digest.
 * Nothing of a build exists before `startBuild`; a broken upload leaves only unreferenced artifacts.
 */
export async function uploadRequest(
  client: Client,
  documents: readonly LocalDocument[],
  resources: readonly { kind: string; media_type: string; bytes: Uint8Array }[],
  profile: string,
): Promise<ArtifactRef> {
  const request: BuildRequest = { v: 1, kind: 'build-request', documents: [], resources: [], profile };
  for (const document of documents) {
    let blob: Blob;
    try {
      blob = await fs.openAsBlob(document.file);
      // An unreadable file must fail here and not as a broken upload.
      fs.accessSync(document.file, fs.constants.R_OK);
    } catch (e) {
      throw new CliError('INPUT_UNREADABLE', `${document.file}: ${(e as NodeJS.ErrnoException).code}`);
    }
    const stored = await putBytes(client, 'document', document.media_type, blob);
    request.documents.push({
      path: document.path,
      ref: stored.ref,
      size: stored.size,
      media_type: document.media_type,
      source: document.source,
    });
  }
  for (const resource of resources)
    request.resources.push(await putBytes(client, resource.kind, resource.media_type, resource.bytes));
  return putBytes(client, 'build-request', 'application/json', canonicalBytes(request as never));
}
