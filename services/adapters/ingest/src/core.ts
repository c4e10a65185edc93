import { type BuildRequest, buildRequestSchema } from '@orgo/contracts';
import { compareText } from '@orgo/core';
import {
  codesOfExcluded,
  type DeadLetter,
  deadLettersOutput,
  diagnosticsOf,
  type IngestPolicy,
  type Intake,
  intakeOf,
  jsonOutput,
  PinnedContextSchema,
  readInput,
  type Snapshot,
  type SnapshotSet,
  type StageCore,
  type StageCoreContext,
  type StageRefusal,
  type StageResult,
  stageRefusal,
} from '@orgo/kristal';
import { listProblem, type RequestedDocument, takeIn } from './documents.ts';

/** Refusals that are about one document and nothing else: the others say that the request or its bytes are wrong. */
const poison: ReadonlySet<string> = new Set(['INGEST_PARSE_ERROR', 'INGEST_DOCUMENT_TOO_LARGE', 'DEAD_LETTERED']);

/**
 * Stage 1 of a Kristal build (ST-06..ST-16): turns the requested documents into a snapshot set.
 *
 * Inputs `build-request`, `pinned-context`; outputs `snapshot-set` and, where documents were put aside, `dead-letters`. Every payload stays the
 * bytes it was: the set lists references and provenance. A document that cannot be read (INGEST_PARSE_ERROR) or is over its size limit
 * (INGEST_DOCUMENT_TOO_LARGE, judged before a byte is read) stops the build or, where the mandate's `on_poison` says `dead_letter`, is left out and
 * listed with its code; so is one that was put aside earlier and not requeued (DEAD_LETTERED). Every requested document is in exactly one of
 * `snapshots` and `excluded`. Wrong bytes, hostile paths, missing provenance and a corpus over its limits (INGEST_CORPUS_TOO_LARGE) always stop it.
 */
export const runIngest: StageCore = async (ctx) => {
  const context = await readInput(ctx, 'pinned-context', PinnedContextSchema);
  if (!context.ok) return context;
  const request = await readInput(ctx, 'build-request', buildRequestSchema, 'REQUEST_INVALID');
  if (!request.ok) return request;
  if (context.value.value.build_request_ref !== request.value.ref) {
    return stageRefusal('STAGE_INPUT_INVALID', 'the pinned context is about another build request');
  }
  const { ingest: policy, pinned_context_hash, contract_profile } = context.value.value;
  const intake = intakeOf(policy, contract_profile);
  const { documents } = request.value.value;
  const problem = listProblem(documents) ?? countProblem(documents, intake);
  if (problem) return problem;

  const taken = await takeAll(ctx, request.value.value, policy, intake);
  if (!taken.ok) return taken;
  const { snapshots, excluded, letters } = taken.value;
  if (snapshots.length === 0) return stageRefusal('INGEST_CORPUS_EMPTY', 'every document was left out');

  const set: SnapshotSet = {
    kind: 'snapshot-set',
    set_version: '1',
    build_request_ref: request.value.ref,
    pinned_context_hash,
    snapshots,
    excluded,
  };
  return {
    ok: true,
    value: {
      outputs: [jsonOutput('snapshot-set', set), ...deadLettersOutput('ingest', request.value.ref, letters)],
      metrics: {
        documents: snapshots.length,
        excluded: excluded.length,
        payloads: new Set(snapshots.map((snapshot) => snapshot.ref)).size,
        bytes: snapshots.reduce((sum, snapshot) => sum + snapshot.size, 0),
      },
      diagnostics: diagnosticsOf(codesOfExcluded(excluded)),
    },
  };
};

const countProblem = (documents: readonly RequestedDocument[], { max_documents }: Intake): StageRefusal | undefined =>
  documents.length > max_documents
    ? stageRefusal('INGEST_CORPUS_TOO_LARGE', `${documents.length} documents; max_documents is ${max_documents}`)
    : undefined;

async function takeAll(
  ctx: StageCoreContext,
  request: BuildRequest,
  policy: IngestPolicy,
  intake: Intake,
): Promise<StageResult<Pick<SnapshotSet, 'snapshots' | 'excluded'> & { letters: DeadLetter[] }>> {
  const stops = policy.on_poison === 'stop';
  // Where poison stops the build a document that was put aside is taken again: it may not be left out.
  const aside: ReadonlySet<string> = new Set(stops ? [] : request.put_aside);
  const snapshots: Snapshot[] = [];
  const excluded: SnapshotSet['excluded'] = [];
  const letters: DeadLetter[] = [];
  let bytes = 0;
  for (const document of [...request.documents].sort((a, b) => compareText(a.path, b.path))) {
    ctx.signal?.throwIfAborted();
    const taken = aside.has(document.ref)
      ? stageRefusal('DEAD_LETTERED', `${document.path}: put aside by an earlier build`)
      : await takeOne(ctx, document, policy, intake);
    if (taken.ok) {
      bytes += taken.value.size;
      if (bytes > intake.max_corpus_bytes)
        return stageRefusal(
          'INGEST_CORPUS_TOO_LARGE',
          `${document.path}: more than max_corpus_bytes, ${intake.max_corpus_bytes}, with it`,
        );
      snapshots.push(taken.value);
    } else if (stops || !poison.has(taken.code)) return taken;
    else {
      const { path, ref, size, media_type, source } = document;
      const { code, detail } = taken;
      excluded.push({ path, ref, source_id: source.source_id, code });
      // What was put aside earlier has its letter.
      if (code !== 'DEAD_LETTERED')
        letters.push({ path, ref, size, media_type, source_id: source.source_id, code, detail });
    }
  }
  return { ok: true, value: { snapshots, excluded, letters } };
}

async function takeOne(
  ctx: StageCoreContext,
  document: RequestedDocument,
  policy: IngestPolicy,
  { max_document_bytes }: Intake,
): Promise<StageResult<Snapshot>> {
  const { path, ref, size } = document;
  if (size > max_document_bytes)
    return stageRefusal(
      'INGEST_DOCUMENT_TOO_LARGE',
      `${path}: ${size} bytes; max_document_bytes is ${max_document_bytes}`,
    );
  return takeIn(document, await ctx.read(ref, size), policy.access_class);
}
