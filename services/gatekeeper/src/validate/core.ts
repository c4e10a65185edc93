import { canonicalBytes, compareText } from '@orgo/core';
import {
  ClaimIrBatchSchema,
  ClaimIrSchema,
  joinDocuments,
  judge,
  PinnedContextSchema,
  ResolutionRunSchema,
  ResolvedBatchSchema,
  ResolvedClaimIrSchema,
  readInput,
  reportExtension,
  SnapshotSetSchema,
  type StageCore,
  type StageCoreContext,
  type StageResult,
  type ValidationFacts,
} from '@orgo/kristal';
import { readJudged, readJudgedLines } from './judged.ts';
import { readContents, readResources } from './resources.ts';

/**
 * Judges a resolved batch against its Claim-IR, snapshots, gazetteers and pinned policy, and writes the Validation Report. A failing batch
 * is an answer, not a refusal: the gate derives the verdict from the report (`verdictOf`).
 *
 * Inputs: `pinned-context`, `snapshot-set`, `claim-ir-batch`, `claim-ir-lines`, `resolved-batch`, `resolved-lines`, `resolution-run`.
 * Output: `validation-report`. Refuses with `STAGE_INPUT_INVALID` where an input is absent or the context or snapshot set, which no report
 * could judge, does not match its contract, and with `RESOURCE_VERSION_MISSING` for a pinned resource.
 */
export const validateBatch: StageCore = async (ctx) => {
  const facts = await readFacts(ctx);
  if (!facts.ok) return facts;
  const inputs = ctx.inputs.map(({ kind, ref }) => ({ kind, ref })).sort((a, b) => compareText(a.kind, b.kind));
  const report = judge(facts.value, { asOf: ctx.asOf, inputs });
  const found = reportExtension(report)?.found ?? [];
  return {
    ok: true,
    value: {
      outputs: [{ kind: 'validation-report', media_type: 'application/json', bytes: canonicalBytes(report) }],
      metrics: {
        documents: facts.value.documents.length,
        claims: facts.value.documents.reduce((sum, document) => sum + document.claims.length, 0),
        errors: report.stats?.error_count ?? 0,
        warnings: report.stats?.warning_count ?? 0,
      },
      diagnostics: found.map(({ code, found: count }) => ({ code, count })),
    },
  };
};

/** Reads everything the rules look at. */
export async function readFacts(ctx: StageCoreContext): Promise<StageResult<ValidationFacts>> {
  const context = await readInput(ctx, 'pinned-context', PinnedContextSchema);
  if (!context.ok) return context;
  const snapshots = await readInput(ctx, 'snapshot-set', SnapshotSetSchema);
  if (!snapshots.ok) return snapshots;
  const claimBatch = await readJudged(ctx, 'claim-ir-batch', ClaimIrBatchSchema);
  if (!claimBatch.ok) return claimBatch;
  const claimLines = await readJudgedLines(ctx, 'claim-ir-lines', ClaimIrSchema);
  if (!claimLines.ok) return claimLines;
  const resolvedBatch = await readJudged(ctx, 'resolved-batch', ResolvedBatchSchema);
  if (!resolvedBatch.ok) return resolvedBatch;
  const resolvedLines = await readJudgedLines(ctx, 'resolved-lines', ResolvedClaimIrSchema);
  if (!resolvedLines.ok) return resolvedLines;
  const run = await readJudged(ctx, 'resolution-run', ResolutionRunSchema);
  if (!run.ok) return run;
  const resources = await readResources(ctx, context.value.value.resources);
  if (!resources.ok) return resources;
  const contents = await readContents(ctx, snapshots.value.value);
  if (!contents.ok) return contents;
  return {
    ok: true,
    value: {
      context: context.value,
      snapshots: snapshots.value,
      claimBatch: claimBatch.value,
      claimLines: claimLines.value,
      resolvedBatch: resolvedBatch.value,
      resolvedLines: resolvedLines.value,
      run: run.value,
      contents: contents.value,
      ...resources.value,
      documents: joinDocuments(claimLines.value, resolvedLines.value),
    },
  };
}
