import fs from 'node:fs';
import path from 'node:path';
import type { ArtifactRef, BuildStatus } from '@orgo/contracts';
import { type CorpusName, corpus, mandates } from '@orgo/corpora';
import { mandateBundleId } from '@orgo/kristal';
import type { TestInstance } from './instance.ts';

/** What `build start --wait --json` prints. */
export type BuildResult = BuildStatus & {
  audit: { origin: string; tree_size: number; root_hash: string; verified: boolean };
};

let made = 0;

/** A tenant of its own in a running instance, and the command line bound to it. */
export async function newTenant(instance: TestInstance, name = 'story') {
  const tenant = `${name}-${process.pid.toString(36)}-${(made++).toString(36)}`;
  const created = await instance.cli('tenant', 'create', tenant, '--json');
  if (created.code !== 0) throw new Error(created.stderr);
  const { root_file } = created.json as { root_file: string };
  return { tenant, root_file, cli: instance.as(tenant) };
}

/** Writes shipped corpora below a folder and answers their paths. */
export function writeCorpora(folder: string, ...names: CorpusName[]): string[] {
  return names.map((name) => {
    const root = path.join(folder, name);
    const { files, license, title } = corpus(name);
    for (const file of files) {
      fs.mkdirSync(path.dirname(path.join(root, file.path)), { recursive: true });
      fs.writeFileSync(path.join(root, file.path), file.bytes);
    }
    fs.writeFileSync(
      path.join(root, 'corpus.json'),
      JSON.stringify({
        title,
        license,
        files: files.map(({ path: p, media_type, source }) => ({ path: p, media_type, source })),
      }),
    );
    return root;
  });
}

/** Writes the default mandate with other words about documents, and answers its path. */
export function writeMandate(file: string, ingest: { [name: string]: string | number }): string {
  const { bundle_id: _, ...content } = structuredClone(mandates.grounded);
  const policy = content.policies.find(({ applies_to }) => applies_to.stages.includes('ingest'));
  Object.assign(policy?.parameters ?? {}, ingest);
  fs.writeFileSync(file, JSON.stringify({ ...content, bundle_id: mandateBundleId(content as never) }));
  return file;
}

export const outputOf = (build: BuildStatus, stage: string, kind: string): ArtifactRef => {
  const found = build.stages.find((s) => s.stage === stage)?.outputs.find((o) => o.kind === kind);
  if (!found) throw new Error(`${stage} gave no ${kind}`);
  return found;
};

/** Where an instance keeps the bytes of an artifact. */
export const artifactFile = (home: string, tenant: string, ref: string): string => {
  const hex = ref.replace('sha256:', '');
  return path.join(home, 'artifacts', tenant, 'sha256', hex.slice(0, 2), hex);
};

/** Changes one byte of a file in place, whatever its mode. */
export function flipByte(file: string, at = 0): void {
  const bytes = fs.readFileSync(file);
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = (bytes[index] ?? 0) ^ 1;
  fs.chmodSync(file, 0o644);
  fs.writeFileSync(file, bytes);
}
