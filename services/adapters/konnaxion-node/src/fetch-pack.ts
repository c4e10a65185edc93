import fs from 'node:fs/promises';
import path from 'node:path';
import { ok, parseStrict, type Result, refuse } from '@orgo/core';
import {
  checkFile,
  type PackManifest,
  packManifestPath,
  pathProblems,
  readPackManifest,
  verifyPack,
} from '@orgo/kristal';
import { channelUrl } from './channel.ts';
import { placesIn } from './folder.ts';
import type { NodeContext } from './node-context.ts';
import { NodeError, noAnswer } from './node-error.ts';
import { packSource } from './pack-folder.ts';

/**
 * Brings a pack into `packs/<id>`: manifest first, then each file it names, size and hash checked as it arrives and never more than the
 * declared size read. The folder appears whole, by one rename, and durably. A pack that is there and sound is left as it is; one that was
 * damaged is fetched again.
 * Refuses with the manifest's and files' codes. @throws NodeError SERVICE_UNAVAILABLE, TRANSFER_TOO_SLOW: nothing was decided
 */
export async function fetchPack(ctx: NodeContext, packId: string, manifestBytes: Uint8Array): Promise<Result<true>> {
  const { dir, config, world } = ctx;
  const { disk } = world;
  const places = placesIn(dir);
  const manifest = readManifest(packId, manifestBytes);
  if (!manifest.ok) return manifest;
  if (await isSound(places.pack(packId), manifest.value)) return ok(true);

  const part = partOf(places.packs, packId);
  try {
    await fs.rm(part, { recursive: true, force: true });
    for (const file of manifest.value.files) {
      const bytes = await download(ctx, `${channelUrl(config)}/packs/${packId}/${file.path}`, file.size_bytes);
      const checked = checkFile(file, bytes);
      if (!checked.ok) return checked;
      await disk.write(path.join(part, file.path), checked.value);
    }
    await disk.write(path.join(part, packManifestPath), manifestBytes);
    await disk.syncTree(part);
    await fs.rm(places.pack(packId), { recursive: true, force: true });
    // crash: before the rename there is only a part, which nobody serves and the next start removes; after it the pack is whole.
    await fs.rename(part, places.pack(packId));
    await disk.syncFolder(places.packs);
    await world.written(places.pack(packId));
    return ok(true);
  } finally {
    await fs.rm(part, { recursive: true, force: true });
  }
}

const partOf = (packs: string, packId: string): string => path.join(packs, `.part-${packId}`);

/** Removes what a crash left of packs that were being fetched. */
export async function removeParts(dir: string): Promise<void> {
  const { packs } = placesIn(dir);
  const names = await fs.readdir(packs).catch(() => []);
  for (const name of names)
    if (name.startsWith(partOf('', ''))) await fs.rm(path.join(packs, name), { recursive: true, force: true });
}

function readManifest(packId: string, bytes: Uint8Array): Result<PackManifest> {
  const json = parseStrict(bytes);
  if (!json.ok) return refuse('MANIFEST_SCHEMA_INVALID', json.detail);
  const manifest = readPackManifest(json.value);
  if (!manifest.ok) return manifest;
  if (manifest.value.runtime_pack_id !== packId) return refuse('MANIFEST_ID_MISMATCH', `the channel names ${packId}`);
  const [problem] = pathProblems(manifest.value.files.map((f) => f.path));
  return problem ? refuse('PATH_UNSAFE', `${JSON.stringify(problem.path)}: ${problem.why}`) : manifest;
}

/** True where a folder holds this pack and nothing else. */
async function isSound(folder: string, manifest: PackManifest): Promise<boolean> {
  const there = await fs.stat(folder).catch(() => null);
  return there !== null && (await verifyPack(packSource(folder), manifest)).ok;
}

/** Bytes of a URL; undefined for an answer that says there is none; cut one piece past the declared size, which then mismatches. */
async function download({ world, signal }: NodeContext, url: string, size: number): Promise<Uint8Array | undefined> {
  const { stallMs, graceMs, bytesPerSecond } = world.transfer;
  const stopped = new AbortController();
  const stop = (error: Error): void => stopped.abort(error);
  const timer = setTimeout(() => stop(new Error(`nothing came for ${stallMs} ms`)), stallMs);
  const longest = graceMs + (size / bytesPerSecond) * 1000;
  const slow = (): NodeError => new NodeError('TRANSFER_TOO_SLOW', `${url}: ${size} bytes took ${longest} ms and more`);
  const deadline = setTimeout(() => stop(slow()), longest);
  try {
    const response = await world.fetch(url, {
      signal: signal ? AbortSignal.any([signal, stopped.signal]) : stopped.signal,
      redirect: 'error',
    });
    if (response.status === 404) return undefined;
    if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
    const chunks: Uint8Array[] = [];
    let total = 0;
    for await (const chunk of response.body) {
      timer.refresh();
      chunks.push(chunk);
      total += chunk.length;
      if (total > size) break;
    }
    const [first] = chunks;
    return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
  } catch (error) {
    throw noAnswer(url, stopped.signal.aborted ? stopped.signal.reason : error);
  } finally {
    clearTimeout(timer);
    clearTimeout(deadline);
  }
}
