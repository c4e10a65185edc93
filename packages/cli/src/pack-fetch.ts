import fs from 'node:fs';
import path from 'node:path';
import type { BuildRecord } from '@orgo/contracts';
import { parseStrict } from '@orgo/core';
import { checkFile, type PackManifest, packManifestPath, pathProblems, readPackManifest } from '@orgo/kristal';
import { CliError } from './cli-error.ts';
import { type Client, createClient } from './client.ts';
import { findInstance, homeDir } from './home.ts';
import { setting } from './settings.ts';

/** Packs are kept by tenant: who may see one is not asked again where it is found. */
const cacheOf = (tenant: string): string => path.join(homeDir(), 'cache', 'packs', tenant);

/**
 * Brings the pack of a build into `<home>/cache/packs/<tenant>/<pack id>` and answers the folder; every file is checked on arrival, and again
 * by whoever opens it. A pack id is looked up among the folders fetched before.
 * @throws CliError ARTIFACT_NOT_FOUND, RECORD_NOT_FOUND, and what the manifest or a file is refused with
 */
export async function fetchedPack(which: string): Promise<string> {
  if (/^[0-9a-f]{64}$/.test(which)) {
    const known = path.join(cacheOf(setting('ORGO_TENANT') ?? 'main'), which);
    if (fs.existsSync(known)) return known;
  }
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
  const folder = path.join(cacheOf(client.tenant), kristal.pack_id);
  if (!fs.existsSync(folder)) await fetchInto(folder, client, kristal.pack_manifest.ref);
  return folder;
}

async function fetchInto(folder: string, client: Client, manifestRef: string): Promise<void> {
  const part = `${folder}.${process.pid}.part`;
  const bytes = await client.bytes('getArtifact', { params: { digest: manifestRef } });
  try {
    for (const file of readManifest(bytes).files) {
      const body = await client.bytes('getArtifact', { params: { digest: `sha256:${file.sha256}` } });
      const checked = checkFile(file, body);
      if (!checked.ok) throw new CliError(checked.code, checked.detail);
      const target = path.join(part, file.path);
      fs.mkdirSync(path.dirname(target), { recursive: true });
      fs.writeFileSync(target, checked.value);
    }
    fs.writeFileSync(path.join(part, packManifestPath), bytes);
    fs.renameSync(part, folder);
  } catch (error) {
    // Another command was faster with the same pack.
    if (!fs.existsSync(folder)) throw error;
  } finally {
    fs.rmSync(part, { recursive: true, force: true });
  }
}

/** The manifest of what is about to be written: its paths decide where. */
function readManifest(bytes: Uint8Array): PackManifest {
  const json = parseStrict(bytes);
  if (!json.ok) throw new CliError('MANIFEST_SCHEMA_INVALID', json.detail);
  const manifest = readPackManifest(json.value);
  if (!manifest.ok) throw new CliError(manifest.code, manifest.detail);
  const [problem] = pathProblems(manifest.value.files.map((file) => file.path));
  if (problem) throw new CliError('PATH_UNSAFE', `${JSON.stringify(problem.path)}: ${problem.why}`);
  return manifest.value;
}
