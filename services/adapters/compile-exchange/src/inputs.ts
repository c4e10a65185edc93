import {
  type ClaimIr,
  ClaimIrBatchSchema,
  ClaimIrSchema,
  checked,
  decodeLines,
  type GazetteerEntity,
  GazetteerEntitySchema,
  type GazetteerProperty,
  GazetteerPropertySchema,
  inputOf,
  type PinnedContext,
  PinnedContextSchema,
  ResolvedBatchSchema,
  type ResolvedClaimIr,
  ResolvedClaimIrSchema,
  readInput,
  readPinnedLines,
  type SnapshotSet,
  SnapshotSetSchema,
  type StageCoreContext,
  type StageResult,
  stageRefusal,
  type ValidationReport,
  ValidationReportSchema,
  verdictOf,
} from '@orgo/kristal';
import type { z } from 'zod';

/** An artifact with its reference. */
type Read<T> = { ref: string; value: T };

/** Everything an Exchange is compiled from. `documents` pairs each Claim-IR with its resolution. */
export type ExchangeInputs = {
  context: Read<PinnedContext>;
  snapshots: Read<SnapshotSet>;
  report: Read<ValidationReport>;
  claimBatchRef: string;
  resolvedBatchRef: string;
  documents: readonly { claimIr: ClaimIr; resolved: ResolvedClaimIr }[];
  entities: readonly GazetteerEntity[];
  properties: readonly GazetteerProperty[];
};

/**
 * Reads the inputs of a compilation, the gate first: without a passing report about exactly these artifacts nothing else is read.
 * Refuses with `STAGE_INPUT_INVALID`, `VALIDATION_REPORT_INVALID`, `NO_COMPILE_ON_FAIL` or `RESOURCE_VERSION_MISSING`.
 */
export async function readExchangeInputs(ctx: StageCoreContext): Promise<StageResult<ExchangeInputs>> {
  const context = await readInput(ctx, 'pinned-context', PinnedContextSchema);
  if (!context.ok) return context;
  const report = await readInput(ctx, 'validation-report', ValidationReportSchema, 'VALIDATION_REPORT_INVALID');
  if (!report.ok) return report;
  const judged = ctx.inputs.filter((input) => input.kind !== 'validation-report');
  const verdict = verdictOf(report.value.value, context.value.value.validation, judged);
  if (verdict.verdict === 'FAIL') return stageRefusal('NO_COMPILE_ON_FAIL', verdict.codes.join(' '));

  const snapshots = await readInput(ctx, 'snapshot-set', SnapshotSetSchema);
  if (!snapshots.ok) return snapshots;
  const claimBatch = await readInput(ctx, 'claim-ir-batch', ClaimIrBatchSchema);
  if (!claimBatch.ok) return claimBatch;
  const resolvedBatch = await readInput(ctx, 'resolved-batch', ResolvedBatchSchema);
  if (!resolvedBatch.ok) return resolvedBatch;
  const documents = await readDocuments(ctx);
  if (!documents.ok) return documents;
  const { entities: entityPin, properties: propertyPin } = context.value.value.resources;
  const entities = await readPinnedLines(ctx, entityPin, GazetteerEntitySchema);
  if (!entities.ok) return entities;
  const properties = await readPinnedLines(ctx, propertyPin, GazetteerPropertySchema);
  if (!properties.ok) return properties;
  return {
    ok: true,
    value: {
      context: context.value,
      snapshots: snapshots.value,
      report: report.value,
      claimBatchRef: claimBatch.value.ref,
      resolvedBatchRef: resolvedBatch.value.ref,
      documents: documents.value,
      entities: entities.value,
      properties: properties.value,
    },
  };
}

async function readDocuments(ctx: StageCoreContext): Promise<StageResult<ExchangeInputs['documents']>> {
  const claimIr = await readLines(ctx, 'claim-ir-lines', ClaimIrSchema);
  if (!claimIr.ok) return claimIr;
  const resolved = await readLines(ctx, 'resolved-lines', ResolvedClaimIrSchema);
  if (!resolved.ok) return resolved;
  if (claimIr.value.length !== resolved.value.length) {
    return stageRefusal(
      'STAGE_INPUT_INVALID',
      `${claimIr.value.length} claim-ir and ${resolved.value.length} resolved lines`,
    );
  }
  return {
    ok: true,
    value: resolved.value.map((document, i) => ({ claimIr: claimIr.value[i] as ClaimIr, resolved: document })),
  };
}

async function readLines<T extends z.ZodType>(
  ctx: StageCoreContext,
  kind: string,
  schema: T,
): Promise<StageResult<z.output<T>[]>> {
  const input = inputOf(ctx, kind);
  if (!input.ok) return input;
  const lines = decodeLines(await ctx.read(input.value.ref));
  if (!lines.ok) return stageRefusal('STAGE_INPUT_INVALID', `${kind}: ${lines.detail}`, lines.path);
  const values: z.output<T>[] = [];
  for (const [i, line] of lines.value.entries()) {
    const value = checked(line, schema, `${kind} line ${i + 1}`);
    if (!value.ok) return value;
    values.push(value.value);
  }
  return { ok: true, value: values };
}
