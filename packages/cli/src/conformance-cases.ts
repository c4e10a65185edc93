import { compileExchange } from '@orgo/adapter-compile-exchange';
import { compilePack } from '@orgo/adapter-compile-pack';
import { runExecute } from '@orgo/adapter-execute';
import { runExtract } from '@orgo/adapter-extract';
import { runIngest } from '@orgo/adapter-ingest';
import { runPin } from '@orgo/adapter-pin';
import { runRender } from '@orgo/adapter-render';
import { runResolve } from '@orgo/adapter-resolve';
import type { CaseArtifact, ConformanceCase } from '@orgo/adapter-sdk/conformance';
import { type ArtifactRef, type Pipeline, pipelines, type StageDefinition } from '@orgo/contracts';
import { canonicalBytes, type JsonValue } from '@orgo/core';
import { buildRequest, corpus, gazetteerArtifacts, mandates } from '@orgo/corpora';
import { checkRender } from '@orgo/gatekeeper/check-render-core';
import { validateBatch } from '@orgo/gatekeeper/validate-core';
import { type StageCore, StageMemory } from '@orgo/kristal';
import { cardRequest, defaultTasks } from './after-request.ts';

const spine: Readonly<Record<string, StageCore>> = {
  pin: runPin,
  ingest: runIngest,
  extract: runExtract,
  resolve: runResolve,
  validate: validateBatch,
  'compile-exchange': compileExchange,
  'compile-pack': compilePack,
  render: runRender,
  'check-render': checkRender,
  execute: runExecute,
};

/** Kinds whose contract demands a time, which is `as_of`, and what refers to them. No identity depends on it: `exchange` and `pack-file` are not among them. */
const as_of_kinds = [
  'resolution-run',
  'resolved-batch',
  'resolved-lines',
  'validation-report',
  'exchange-manifest',
  'pack-manifest',
  'render-bundle',
  'execution-report',
  'signals',
];

const json = (kind: string, value: unknown): CaseArtifact => ({
  kind,
  media_type: 'application/json',
  bytes: canonicalBytes(value as JsonValue),
});

const caseOf = (
  { stage, config, outputs }: StageDefinition,
  inputs: CaseArtifact[],
  stored: readonly CaseArtifact[],
): ConformanceCase => ({
  stage,
  config: config as ConformanceCase['config'],
  inputs,
  stored: [...stored],
  outputs,
  as_of_kinds,
  slow_config: null,
});

/** What follows the release of a pack: cards of a few subjects, and both tasks. */
const afterRequest = (pack_id: string): CaseArtifact =>
  json('after-request', {
    v: 1,
    kind: 'after-request',
    release_id: 'rel_0198c0de-0000-7000-8000-000000000001',
    pack_id,
    render: { ...cardRequest, languages: ['en', 'fr'], subjects: { ids: ['Q307', 'Q583'] } },
    tasks: defaultTasks,
  });

/** A build of the shipped corpus `reader` in memory: what each stage gets there is its case. */
async function spineCases(): Promise<Map<string, ConformanceCase>> {
  const pipeline = pipelines['corpus-profile'] as Pipeline;
  const memory = new StageMemory();
  const stored: CaseArtifact[] = [];
  const keep = (artifact: CaseArtifact): ArtifactRef => {
    stored.push(artifact);
    return memory.put(artifact.kind, artifact.media_type, artifact.bytes);
  };
  const { files } = corpus('reader');
  for (const { media_type, bytes } of files) keep({ kind: 'document', media_type, bytes });
  const resources = gazetteerArtifacts().map(({ artifact, bytes }) => keep({ ...artifact, bytes }));
  const known: ArtifactRef[] = [
    keep(json('build-request', buildRequest(files, resources, 'grounded'))),
    keep(json('mandate', mandates.grounded)),
    keep(json('pipeline', pipelines.kristal)),
  ];
  const cases = new Map<string, ConformanceCase>();
  const stages = [
    ...(pipelines.kristal as Pipeline).stages,
    ...(pipelines['kristal-after'] as Pipeline).stages,
    ...pipeline.stages.filter(({ stage }) => !(stage in spine)),
  ];
  for (const definition of stages) {
    if (definition.stage === 'render') {
      const manifest = known.find(({ kind }) => kind === 'pack-manifest') as ArtifactRef;
      known.push(keep(afterRequest(((await memory.json(manifest)) as { runtime_pack_id: string }).runtime_pack_id)));
    }
    const refs = known.filter(({ kind }) => definition.inputs.some((input) => input.kind === kind));
    const inputs = await Promise.all(refs.map(async (ref) => ({ ...ref, bytes: await memory.read(ref.ref) })));
    cases.set(definition.adapter, caseOf(definition, inputs, stored));
    const core = spine[definition.stage];
    if (core === undefined) continue;
    const { result, outputs } = await memory.run(
      core,
      refs,
      '2031-05-06T07:08:09.010Z',
      definition.config as JsonValue,
    );
    if (!result.ok) throw new TypeError(`${definition.stage}: ${result.code} ${result.detail}`);
    for (const output of outputs) {
      stored.push({ ...output, bytes: await memory.read(output.ref) });
      known.push(output);
    }
  }
  return cases;
}

/** A valid piece of work for each stage adapter of this repository, by its name. */
export async function repositoryCases(): Promise<ReadonlyMap<string, ConformanceCase>> {
  const [echo] = (pipelines.echo as Pipeline).stages as [StageDefinition];
  return (await spineCases()).set('echo', caseOf(echo, [json('echo-request', { text: 'a valid piece of work' })], []));
}
