import { canonicalBytes, concatBytes, digestHex, digestOfBytes } from '@orgo/core';
import {
  ExchangeManifestSchema,
  inputOf,
  PinnedContextSchema,
  portablePolicy,
  readInput,
  type StageCore,
  type StageCoreContext,
  type StageResult,
  stageRefusal,
  ValidationReportSchema,
  verdictOf,
  verifyExchangeManifest,
} from '@orgo/kristal';
import { type PackSink, writePackFiles } from './files.ts';
import { packManifestOf } from './manifest.ts';
import { packDataOf } from './tables.ts';

/**
 * Compiles an Exchange into a Runtime Pack: Parquet tables, bitmap indexes, filter, capabilities, statistics and a manifest whose pack id is the digest of its
 * declared projection. Same Exchange, policy and compiler give the same bytes in every file (RP-1).
 *
 * Inputs: `pinned-context`, `validation-report`, `exchange`, `exchange-manifest`. Outputs: `pack-manifest`, then one `pack-file` per file in
 * the order of `files[]`. Refuses with `STAGE_INPUT_INVALID`, a `VALIDATION_*` code, `EXCHANGE_SCHEMA_INVALID`, `EXCHANGE_ID_MISMATCH`,
 * `EXCHANGE_MANIFEST_MISMATCH`, `KEY_UNKNOWN`, `SIGNATURE_INVALID` or `PACK_POLICY_UNSUPPORTED`.
 */
export const compilePack: StageCore = async (ctx) => {
  const context = await readInput(ctx, 'pinned-context', PinnedContextSchema);
  if (!context.ok) return context;
  const policy = portablePolicy(context.value.value.pack);
  if (!policy.ok) return policy;
  const report = await passedReport(ctx, context.value);
  if (!report.ok) return report;
  const exchangeInput = await readExchangeInput(ctx, report.value);
  if (!exchangeInput.ok) return exchangeInput;
  const { data, exchangeRef, manifestRef } = exchangeInput.value;

  const bytesOf = new Map<string, Uint8Array>();
  const manifest = packManifestOf({
    kristalId: data.kristalId,
    exchangeManifestRef: manifestRef,
    inputs: [context.value.ref, exchangeRef],
    policy: policy.value,
    files: writePackFiles(data, policy.value, memorySink(bytesOf)),
    asOf: ctx.asOf,
  });
  return {
    ok: true,
    value: {
      outputs: [
        { kind: 'pack-manifest', media_type: 'application/json', bytes: canonicalBytes(manifest) },
        ...manifest.files.map((file) => ({
          kind: 'pack-file',
          media_type: 'application/octet-stream',
          bytes: bytesOf.get(file.path) as Uint8Array,
        })),
      ],
      metrics: {
        triples: data.columns.triples.s.length,
        entities: data.entities.length,
        literals: data.literals.length,
        pack_bytes: manifest.files.reduce((sum, file) => sum + file.size_bytes, 0),
      },
      diagnostics: [],
    },
  };
};

/** Keeps the bytes of each file: the outputs of a stage are handed over whole. */
function memorySink(files: Map<string, Uint8Array>): PackSink {
  return (path) => {
    const pieces: Uint8Array[] = [];
    return {
      write: (piece) => pieces.push(piece.slice()),
      end() {
        const bytes = pieces.length === 1 ? (pieces[0] as Uint8Array) : concatBytes(...pieces);
        files.set(path, bytes);
        return { sha256: digestHex(digestOfBytes(bytes)), size_bytes: bytes.length };
      },
    };
  };
}

/** The reference of the report, if it passes. */
async function passedReport(
  ctx: StageCoreContext,
  context: { ref: string; value: { validation: { allow_partial: boolean } } },
): Promise<StageResult<string>> {
  const report = await readInput(ctx, 'validation-report', ValidationReportSchema, 'VALIDATION_REPORT_INVALID');
  if (!report.ok) return report;
  const judged = [{ kind: 'pinned-context', ref: context.ref }];
  const verdict = verdictOf(report.value.value, context.value.validation, judged);
  return verdict.verdict === 'PASS'
    ? { ok: true, value: report.value.ref }
    : stageRefusal('NO_COMPILE_ON_FAIL', verdict.codes.join(' '));
}

async function readExchangeInput(ctx: StageCoreContext, reportRef: string) {
  const input = inputOf(ctx, 'exchange');
  if (!input.ok) return input;
  const data = packDataOf(await ctx.read(input.value.ref));
  if (!data.ok) return data;
  const manifest = await readInput(ctx, 'exchange-manifest', ExchangeManifestSchema);
  if (!manifest.ok) return manifest;
  const verified = verifyExchangeManifest(manifest.value.value);
  if (!verified.ok) return verified;
  const { kristal_id, extensions } = verified.value;
  if (kristal_id !== data.value.kristalId) {
    return stageRefusal(
      'EXCHANGE_MANIFEST_MISMATCH',
      `the manifest names ${kristal_id}, the Exchange is ${data.value.kristalId}`,
    );
  }
  const compiledUnder = (extensions?.orgo as { validation_report_ref?: unknown } | undefined)?.validation_report_ref;
  if (compiledUnder !== reportRef) {
    return stageRefusal(
      'EXCHANGE_MANIFEST_MISMATCH',
      `the Exchange was compiled under another report than ${reportRef}`,
    );
  }
  return {
    ok: true as const,
    value: { data: data.value, exchangeRef: input.value.ref, manifestRef: manifest.value.ref },
  };
}
