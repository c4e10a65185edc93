import fs from 'node:fs/promises';
import path from 'node:path';
import { ok, parseStrict, type Result, refuse } from '@orgo/core';
import { openPack, type Pack, type PackSource, packManifestPath, type VerifiedPack, verifyPack } from '@orgo/kristal';
import { messageOf } from './node-error.ts';

/** The files of a pack in a folder; links are reported as they are, so that one too many is refused. */
export function packSource(folder: string): PackSource {
  const list = async (): Promise<string[]> => {
    const found: string[] = [];
    const walk = async (relative: string): Promise<void> => {
      for (const entry of await fs.readdir(path.join(folder, relative), { withFileTypes: true })) {
        const name = relative ? `${relative}/${entry.name}` : entry.name;
        if (entry.isDirectory()) await walk(name);
        else found.push(name);
      }
    };
    await walk('');
    return found;
  };
  return {
    async readFile(name) {
      const file = path.join(folder, name);
      const stat = await fs.lstat(file);
      return stat.isFile() ? new Uint8Array(await fs.readFile(file)) : undefined;
    },
    list,
  };
}

/**
 * Verifies every byte of a stored pack and opens it for queries. Whoever serves from it holds exactly the bytes that were verified.
 * Refuses as `verifyPack` and `openPack` do, with `FILE_MISSING` or `MANIFEST_SCHEMA_INVALID` where the manifest is absent or no JSON, and
 * with `CONTRACT_UNSUPPORTED` where a table is none: the bytes are what was compiled, so it was compiled wrongly.
 */
export async function openPackFolder(
  folder: string,
  packId: string,
): Promise<Result<{ verified: VerifiedPack; pack: Pack }>> {
  const source = packSource(folder);
  let bytes: Uint8Array | undefined;
  try {
    bytes = await source.readFile(packManifestPath);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'ENOENT') throw e;
  }
  if (!bytes) return refuse('FILE_MISSING', packManifestPath);
  const json = parseStrict(bytes);
  if (!json.ok) return refuse('MANIFEST_SCHEMA_INVALID', json.detail);
  const verified = await verifyPack(source, json.value);
  if (!verified.ok) return verified;
  if (verified.value.packId !== packId)
    return refuse('MANIFEST_ID_MISMATCH', `found ${verified.value.packId}, asked for ${packId}`);
  const pack = await openPack(verified.value).catch((error) => refuse('CONTRACT_UNSUPPORTED', messageOf(error)));
  return pack.ok ? ok({ verified: verified.value, pack: pack.value }) : pack;
}
