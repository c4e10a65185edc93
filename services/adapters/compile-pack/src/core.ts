import { canonicalBytes, type JsonValue, parseStrict } from '@orgo/core';
import {
  ExchangeManifestSchema,
  encodeTable,
  exchangeLimits,
  inputOf,
  type PackTableName,
  PinnedContextSchema,
  packCapabilitiesPath,
  packStatisticsPath,
  packTables,
  policyProblems,
  readExchange,
  readInput,
  type StageCore,
  type StageCoreContext,
  type StageResult,
  stageRefusal,
  ValidationReportSchema,
  verdictOf,
} from '@orgo/kristal';
import { capabilitiesOf, statisticsOf } from './documents.ts';
import { type PackFileBytes, packManifestOf } from './manifest.ts';
import { type PackData, packDataOf } from './tables.ts';

/**
 * Compiles an Exchange into a Runtime Pack: Parquet tables, capabilities, statistics and a manifest whose pack id is the digest of its
 * declared projection. Same Exchange, policy and compiler give the same bytes in every file (RP-1).
 *
 * Inputs: `pinned-context`, `validation-report`, `exchange`, `exchange-manifest`. Outputs: `pack-manifest`, then one `pack-file` per file in
 * the order of `files[]`. Refuses with `STAGE_INPUT_INVALID`, a `VALIDATION_*` code, `EXCHANGE_SCHEMA_INVALID`, `EXCHANGE_ID_MISMATCH`,
 * `EXCHANGE_MANIFEST_MISMATCH` or `PACK_POLICY_UNSUPPORTED`.
 */
export const compilePack: StageCore = async (ctx) => {
  const context = await readInput(ctx, 'pinned-context', PinnedContextSchema);
  if (!context.ok) return context;
  const policy = context.value.value.pack;
  const [problem] = policyProblems(policy);
  if (problem) return stageRefusal('PACK_POLICY_UNSUPPORTED', `${problem.part} ${problem.value}: ${problem.why}`);
  const report = await passedReport(ctx, context.value);
  if (!report.ok) return report;
  const exchangeInput = await readExchangeInput(ctx, report.value);
  if (!exchangeInput.ok) return exchangeInput;
  const { exchange, exchangeRef, manifestRef } = exchangeInput.value;

  const data = packDataOf(exchange);
  const files = [
    ...tableFiles(data),
    jsonFile(packCapabilitiesPath, capabilitiesOf(data, policy)),
    jsonFile(packStatisticsPath, statisticsOf(exchange, data)),
  ];
  const manifest = packManifestOf({
    kristalId: exchange.kristal_id,
    exchangeManifestRef: manifestRef,
    inputs: [context.value.ref, exchangeRef],
    policy,
    files,
    asOf: ctx.asOf,
  });
  const bytesOf = new Map(files.map((file) => [file.path, file.bytes]));
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
        triples: data.columns.triples.s?.length ?? 0,
        entities: data.entities.length,
        literals: data.literals,
        pack_bytes: manifest.files.reduce((sum, file) => sum + file.size_bytes, 0),
      },
      diagnostics: [],
    },
  };
};

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
  const json = parseStrict(await ctx.read(input.value.ref), exchangeLimits);
  if (!json.ok) return stageRefusal('EXCHANGE_SCHEMA_INVALID', json.detail, json.path);
  const exchange = readExchange(json.value);
  if (!exchange.ok) return exchange;
  const manifest = await readInput(ctx, 'exchange-manifest', ExchangeManifestSchema);
  if (!manifest.ok) return manifest;
  const { kristal_id, content_hash, extensions } = manifest.value.value;
  if (kristal_id !== exchange.value.kristal_id || `sha256:${content_hash.value}` !== kristal_id) {
    return stageRefusal(
      'EXCHANGE_MANIFEST_MISMATCH',
      `the manifest names ${kristal_id}, the Exchange is ${exchange.value.kristal_id}`,
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
    value: { exchange: exchange.value, exchangeRef: input.value.ref, manifestRef: manifest.value.ref },
  };
}

function tableFiles(data: PackData): PackFileBytes[] {
  return (Object.keys(packTables) as PackTableName[]).map((name) => ({
    path: packTables[name].path,
    role: packTables[name].role,
    mime_type: 'application/vnd.apache.parquet',
    bytes: encodeTable(packTables[name], data.columns[name]),
  }));
}

function jsonFile(path: string, value: JsonValue | object): PackFileBytes {
  return { path, role: 'metadata', mime_type: 'application/json', bytes: canonicalBytes(value) };
}
