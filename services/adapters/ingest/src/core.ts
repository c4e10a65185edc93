import { buildRequestSchema } from '@orgo/contracts';
import {
  compareText,
  diagnosticsOf,
  jsonOutput,
  PinnedContextSchema,
  readInput,
  type SnapshotSet,
  type StageCore,
  stageRefusal,
} from '@orgo/kristal';
import { listProblem, takeIn } from './documents.ts';

/**
 * Stage 1 of a Kristal build (ST-06..ST-16): turns the requested documents into a snapshot set.
 *
 * Inputs `build-request`, `pinned-context`; output `snapshot-set`. Every payload stays the bytes it was: the set lists references and
 * provenance. A document that cannot be read stops the build (INGEST_PARSE_ERROR) or, where the mandate's `on_poison` says
 * `dead_letter`, is left out and listed with its code. Wrong bytes, hostile paths and missing provenance always stop it.
 */
export const runIngest: StageCore = async (ctx) => {
  const context = await readInput(ctx, 'pinned-context', PinnedContextSchema);
  if (!context.ok) return context;
  const request = await readInput(ctx, 'build-request', buildRequestSchema, 'REQUEST_INVALID');
  if (!request.ok) return request;
  if (context.value.value.build_request_ref !== request.value.ref) {
    return stageRefusal('STAGE_INPUT_INVALID', 'the pinned context is about another build request');
  }
  const { documents } = request.value.value;
  const problem = listProblem(documents);
  if (problem) return problem;

  const { ingest: policy, pinned_context_hash } = context.value.value;
  const set: SnapshotSet = {
    kind: 'snapshot-set',
    set_version: '1',
    build_request_ref: request.value.ref,
    pinned_context_hash,
    snapshots: [],
    excluded: [],
  };
  for (const document of [...documents].sort((a, b) => compareText(a.path, b.path))) {
    ctx.signal?.throwIfAborted();
    const taken = takeIn(document, await ctx.read(document.ref), policy.access_class);
    if (taken.ok) set.snapshots.push(taken.value);
    else if (taken.code !== 'INGEST_PARSE_ERROR' || policy.on_poison === 'stop') return taken;
    else {
      const { path, ref, source } = document;
      set.excluded.push({ path, ref, source_id: source.source_id, code: taken.code });
    }
  }
  if (set.snapshots.length === 0) return stageRefusal('INGEST_CORPUS_EMPTY', 'every document was left out');

  const payloads = new Set(set.snapshots.map((snapshot) => snapshot.ref));
  return {
    ok: true,
    value: {
      outputs: [jsonOutput('snapshot-set', set)],
      metrics: {
        documents: set.snapshots.length,
        excluded: set.excluded.length,
        payloads: payloads.size,
        bytes: set.snapshots.reduce((sum, snapshot) => sum + snapshot.size, 0),
      },
      diagnostics: diagnosticsOf(set.excluded.map((document) => document.code)),
    },
  };
};
