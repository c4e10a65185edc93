import fs from 'node:fs';
import path from 'node:path';
import type { BuildRecord } from '@orgo/contracts';
import { checkFile, readPackManifest } from '@orgo/kristal';
import { CliError } from './cli-error.ts';
import { createClient } from './client.ts';
import { findInstance, homeDir } from './home.ts';

/**
 * Brings the pack of a build into `<home>/cache/packs/<pack id>` and answers the folder; every file is checked on arrival, and again by
 * whoever opens it. A pack id is looked up among the folders fetched before.
 */
export async function fetchedPack(which: string): Promise<string> {
  const cache = path.join(homeDir(), 'cache', 'packs');
  if (/^[0-9a-f]{64}$/.test(which) && fs.existsSync(path.join(cache, which))) return path.join(cache, which);
  if (!which.startsWith('bld_'))
    throw new CliError(
      'ARTIFACT_NOT_FOUND',
      `${which} is no folder, no build and no pack fetched before`,
      'Name the build: orgo pack query bld_…',
    );
  const client = createClient(findInstance());
  const record = await client.call<BuildRecord>('getRecord', { params: { build: which } });
  const kristal = record.outputs.kristal;
  if (!kristal) throw new CliError('ARTIFACT_NOT_FOUND', `${which} ended ${record.outcome} and has no pack`);
  const folder = path.join(cache, kristal.pack_id);
  if (fs.existsSync(folder)) return folder;
  const part = `${folder}.${process.pid}`;
  const bytes = await client.bytes('getArtifact', { params: { digest: kristal.pack_manifest.ref } });
  const manifest = readPackManifest(JSON.parse(Buffer.from(bytes).toString('utf8')));
  if (!manifest.ok) throw new CliError(manifest.code, manifest.detail);
  for (const file of manifest.value.files) {
    const body = await client.bytes('getArtifact', { params: { digest: `sha256:${file.sha256}` } });
    const checked = checkFile(file, body);
    if (!checked.ok) throw new CliError(checked.code, checked.detail);
    const target = path.join(part, file.path);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, checked.value);
  }
  fs.writeFileSync(path.join(part, 'runtime-pack-manifest.json'), bytes);
  fs.renameSync(part, folder);
  return folder;
}
