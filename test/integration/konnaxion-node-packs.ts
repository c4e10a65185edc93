import fs from 'node:fs';
import path from 'node:path';
import { compileExchange } from '@orgo/adapter-compile-exchange';
import { compilePack } from '@orgo/adapter-compile-pack';
import { runExtract } from '@orgo/adapter-extract';
import { runIngest } from '@orgo/adapter-ingest';
import { runPin } from '@orgo/adapter-pin';
import { runResolve } from '@orgo/adapter-resolve';
import { type ArtifactRef, type Pipeline, pipelines } from '@orgo/contracts';
import { canonicalBytes, digestHex, digestOfBytes } from '@orgo/core';
import { buildRequest, type CorpusFile, corpus, gazetteerArtifacts, mandates } from '@orgo/corpora';
import { validateBatch } from '@orgo/gatekeeper/validate-core';
import { type PackManifest, packManifestPath, runtimePackId, type StageCore, StageMemory } from '@orgo/kristal';

const cores: Readonly<Record<string, StageCore>> = {
  pin: runPin,
  ingest: runIngest,
  extract: runExtract,
  resolve: runResolve,
  validate: validateBatch,
  'compile-exchange': compileExchange,
  'compile-pack': compilePack,
};

/** A pack as its compiler gave it, or as a test made another one of it: the manifest and every file by its path. */
export type TestPack = { manifest: PackManifest; files: ReadonlyMap<string, Uint8Array> };

export const packIdOf = ({ manifest }: TestPack): string => manifest.runtime_pack_id;
export const kristalIdOf = ({ manifest }: TestPack): string => `sha256:${manifest.exchange_ref.exchange_id}`;

/** Runs all seven stages over documents, each by its real core, and answers the compiled pack. */
async function compile(documents: readonly CorpusFile[]): Promise<TestPack> {
  const memory = new StageMemory();
  for (const { media_type, bytes } of documents) memory.put('document', media_type, bytes);
  const resources = gazetteerArtifacts().map(({ artifact, bytes }) =>
    memory.put(artifact.kind, artifact.media_type, bytes),
  );
  const { stages } = pipelines.kristal as Pipeline;
  const known = new Map<string, ArtifactRef>();
  const admit = (kind: string, value: unknown) => known.set(kind, memory.putJson(kind, value));
  admit('build-request', buildRequest(documents, resources, 'grounded'));
  admit('mandate', mandates.grounded);
  admit('pipeline', pipelines.kristal);
  let outputs: ArtifactRef[] = [];
  for (const { stage, inputs, config } of stages) {
    const run = await memory.run(
      cores[stage] as StageCore,
      inputs.map(({ kind }) => known.get(kind) as ArtifactRef),
      '2026-11-20T10:00:00.000Z',
      config,
    );
    if (!run.result.ok) throw new Error(`${stage}: ${run.result.code} ${run.result.detail}`);
    outputs = run.outputs;
    for (const output of outputs) known.set(output.kind, output);
  }
  const [first, ...rest] = outputs as [ArtifactRef, ...ArtifactRef[]];
  const manifest = (await memory.json(first)) as unknown as PackManifest;
  const files = new Map<string, Uint8Array>();
  for (const [n, { path: name }] of manifest.files.entries()) files.set(name, await memory.read(rest[n]?.ref ?? ''));
  return { manifest, files };
}

const compiled = new Map<number, Promise<TestPack>>();

/** The pack of the reader corpus without its last `left` documents: each number is another pack. Compiled once per process. */
export function readerPack(left = 0): Promise<TestPack> {
  const { files } = corpus('reader');
  const known = compiled.get(left) ?? compile(files.slice(0, files.length - left));
  compiled.set(left, known);
  return known;
}

/** Another pack, whole and with a right id of its own: some files replaced, and the manifest changed as a test likes. */
export function remade(
  pack: TestPack,
  files: Readonly<Record<string, Uint8Array>> = {},
  change: (manifest: PackManifest) => PackManifest = (manifest) => manifest,
): TestPack {
  const all = new Map([...pack.files, ...Object.entries(files)]);
  const entries = pack.manifest.files.map((entry) => {
    const bytes = all.get(entry.path) as Uint8Array;
    return { ...entry, sha256: digestHex(digestOfBytes(bytes)), size_bytes: bytes.length };
  });
  const { integrity: _stale, ...identity } = change({ ...pack.manifest, files: entries });
  return { manifest: { ...identity, runtime_pack_id: runtimePackId(identity) }, files: all };
}

/** Writes a pack as it lies in a node's `packs` folder. */
export function writePack(folder: string, pack: TestPack): void {
  for (const [name, bytes] of [...pack.files, [packManifestPath, canonicalBytes(pack.manifest)] as const]) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), bytes);
  }
}

/** The bytes with one bit of one byte changed. */
export const flipped = (bytes: Uint8Array, at = 0): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
