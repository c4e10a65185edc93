import { pathToFileURL } from 'node:url';
import { compileExchange } from '@orgo/adapter-compile-exchange';
import { compilePack } from '@orgo/adapter-compile-pack';
import { runExtract } from '@orgo/adapter-extract';
import { runIngest } from '@orgo/adapter-ingest';
import { runPin } from '@orgo/adapter-pin';
import { runResolve } from '@orgo/adapter-resolve';
import { type ArtifactRef, type Pipeline, pipelines } from '@orgo/contracts';
import { buildRequest, type CorpusName, corpus, gazetteerArtifacts, mandates } from '@orgo/corpora';
import { validateBatch } from '@orgo/gatekeeper/validate-core';
import { type StageCore, type StageCoreOk, StageMemory, type StageResult } from '@orgo/kristal';

export type Stage = { stage: string; result: StageResult<StageCoreOk>; outputs: ArtifactRef[]; ms: number };
/** What each stage answered; `refused` says which one said no, and why. */
export type Chain = { memory: StageMemory; stages: Stage[]; refused: string | undefined };

const pipeline = pipelines.kristal as Pipeline;
const cores: Readonly<Record<string, StageCore>> = {
  pin: runPin,
  ingest: runIngest,
  extract: runExtract,
  resolve: runResolve,
  validate: validateBatch,
  'compile-exchange': compileExchange,
  'compile-pack': compilePack,
};

/** Runs the stages up to `last` over corpora as the pipeline wires them: each stage gets the inputs its definition names. */
export async function runChain(names: readonly CorpusName[], asOf: string, last = 'resolve'): Promise<Chain> {
  const memory = new StageMemory();
  const files = names.flatMap((name) => corpus(name).files);
  for (const file of files) memory.put('document', file.media_type, file.bytes);
  const resources = gazetteerArtifacts().map(({ artifact, bytes }) =>
    memory.put(artifact.kind, artifact.media_type, bytes),
  );
  const admitted = [
    memory.putJson('build-request', buildRequest(files, resources, 'grounded')),
    memory.putJson('mandate', mandates.grounded),
    memory.putJson('pipeline', pipeline),
  ];
  const known = new Map<string, ArtifactRef>(admitted.map((artifact) => [artifact.kind, artifact]));

  const stages: Stage[] = [];
  for (const { stage, inputs: wanted, config } of pipeline.stages) {
    const core = cores[stage];
    if (!core) throw new TypeError(`no core for ${stage}`);
    const inputs = wanted.map(({ kind }) => known.get(kind) as ArtifactRef);
    const started = performance.now();
    const { result, outputs } = await memory.run(core, inputs, asOf, config);
    stages.push({ stage, result, outputs, ms: performance.now() - started });
    if (!result.ok) return { memory, stages, refused: `${stage}: ${result.code} ${result.detail}` };
    for (const output of outputs) known.set(output.kind, output);
    if (stage === last) break;
  }
  return { memory, stages, refused: undefined };
}

/** Kind and digest of every output, in the order of the stages. */
export const chainDigests = (chain: Chain): string[] =>
  chain.stages.flatMap(({ outputs }) => outputs.map(({ kind, ref }) => `${kind} ${ref}`));

// Run as a program it prints the digests of atlas and reader: a second process, under another time zone and locale.
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const chain = await runChain(['atlas', 'reader'], process.argv[2] as string);
  console.log(chain.refused ?? chainDigests(chain).join('\n'));
}
