import fs from 'node:fs/promises';
import path from 'node:path';
import { ok, parseStrict, type Result, refuse } from '@orgo/core';
import { checkFile, packManifestPath, pathProblems, readPackManifest } from '@orgo/kristal';
import { channelUrl } from './channel.ts';
import { syncFolder, writeSynced } from './durable.ts';
import { type NodeConfig, placesIn } from './folder.ts';

/**
 * Brings a pack into `packs/<id>`: manifest first, then each file it names, size and hash checked as it arrives and never more than the
 * declared size read. The folder appears whole, by one rename. A pack that is there already is left as it is; activation verifies it.
 * Refuses with the manifest's and files' codes. @throws the network's error: nothing was decided.
 */
export async function fetchPack(
  dir: string,
  config: NodeConfig,
  packId: string,
  manifestBytes: Uint8Array,
): Promise<Result<true>> {
  const places = placesIn(dir);
  const json = parseStrict(manifestBytes);
  if (!json.ok) return refuse('MANIFEST_SCHEMA_INVALID', json.detail);
  const manifest = readPackManifest(json.value);
  if (!manifest.ok) return manifest;
  if (manifest.value.runtime_pack_id !== packId) return refuse('MANIFEST_ID_MISMATCH', `the channel names ${packId}`);
  const [problem] = pathProblems(manifest.value.files.map((f) => f.path));
  if (problem) return refuse('PATH_UNSAFE', `${JSON.stringify(problem.path)}: ${problem.why}`);
  if (await exists(places.pack(packId))) return ok(true);

  const part = path.join(places.packs, `.part-${packId}`);
  await fs.rm(part, { recursive: true, force: true });
  for (const file of manifest.value.files) {
    const bytes = await download(`${channelUrl(config)}/packs/${packId}/${file.path}`, file.size_bytes);
    const checked = checkFile(file, bytes);
    if (!checked.ok) return checked;
    await writeSynced(path.join(part, file.path), checked.value);
  }
  await writeSynced(path.join(part, packManifestPath), manifestBytes);
  // crash: before the rename there is only a part, which the next attempt removes; after it the pack is whole.
  await fs.rename(part, places.pack(packId));
  await syncFolder(places.packs);
  return ok(true);
}

const exists = (file: string): Promise<boolean> =>
  fs.stat(file).then(
    () => true,
    () => false,
  );

/** Bytes of a URL; undefined for an answer that says there is none; cut one byte past the declared size, which then mismatches. */
async function download(url: string, size: number): Promise<Uint8Array | undefined> {
  const response = await fetch(url, { signal: AbortSignal.timeout(60_000), redirect: 'error' });
  if (response.status === 404) return undefined;
  if (!response.ok || !response.body) throw new Error(`HTTP ${response.status} from ${url}`);
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of response.body) {
    chunks.push(chunk);
    total += chunk.length;
    if (total > size) break;
  }
  return new Uint8Array(Buffer.concat(chunks));
}
