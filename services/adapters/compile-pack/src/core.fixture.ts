import { canonicalBytes, digestOf, digestOfBytes } from '@orgo/core';
import {
  defaultPackPolicy,
  type Exchange,
  kristalV3Profile,
  type PackPolicy,
  type PinnedContext,
  pinnedContextHash,
  profileDigest,
  reportCoreHash,
  type StageCoreContext,
  type ValidationReport,
} from '@orgo/kristal';

const zero = digestOf('nothing');

/** A pinned context whose only interesting member is the pack policy. */
export function contextWith(pack: PackPolicy): PinnedContext {
  const pin = (kind: string) => ({ kind, ref: zero, media_type: 'application/jsonl', size: 0 });
  const body = {
    kind: 'pinned-context' as const,
    context_version: '1' as const,
    mandate: { ref: zero, bundle_id: 'mandate:x', mandate_id: 'x' },
    build_request_ref: zero,
    pipeline: { ref: zero, pipeline_id: 'kristal', version: '1.0.0' },
    contract_profile: kristalV3Profile,
    contract_profile_ref: profileDigest(kristalV3Profile),
    governance: [],
    ingest: { on_poison: 'stop' as const, access_class: 'public' as const },
    resolution: {
      ruleset_id: 'r',
      resolved_min_bp: 8500,
      gap_min_bp: 500,
      unresolved_below_bp: 4000,
      popularity_high_bp: 9000,
      context_low_bp: 2000,
      top_k_entity: 20,
      top_k_property: 10,
    },
    validation: {
      profile: 'grounded' as const,
      profile_version: '1',
      allow_partial: false,
      confidence_min_bp: 5000,
      max_issues: 100,
    },
    pack,
    resources: { entities: pin('gazetteer-entities'), properties: pin('gazetteer-properties') },
    tools: {},
    canonicalization: { profile: 'kristal.v3:jcs-rfc8785', version: '1' },
  };
  return { ...body, pinned_context_hash: pinnedContextHash(body) };
}

/** A report without issues that judged the given pinned context. */
export function passedReport(contextRef: string): ValidationReport {
  const report: ValidationReport = {
    schema_version: '3.0',
    validation_status: 'passed',
    issues: [],
    stats: { error_count: 0, warning_count: 0, info_count: 0 },
    extensions: {
      orgo: {
        report_core_hash: zero,
        inputs: [{ kind: 'pinned-context', ref: contextRef }],
        resources: [],
        profile: 'grounded',
        ruleset: 'test',
        max_issues_per_code: 100,
        found: [],
        judged: { documents: 0, claims: 0 },
      },
    },
  };
  (report.extensions as { orgo: { report_core_hash: string } }).orgo.report_core_hash = reportCoreHash(report);
  return report;
}

/** The inputs of a compilation, each of which a test may replace, and the store they are read from. */
export type Given = { exchange?: Exchange; manifest?: object; context?: object; report?: object; asOf?: string };

/** A stage context over an Exchange and what belongs to it. */
export function packStage(exchange: Exchange, given: Given = {}): StageCoreContext {
  const store = new Map<string, Uint8Array>();
  const input = (kind: string, value: unknown) => {
    const bytes = canonicalBytes(value);
    const ref = digestOfBytes(bytes);
    store.set(ref, bytes);
    return { kind, ref, media_type: 'application/json', size: bytes.length };
  };
  const context = input('pinned-context', given.context ?? contextWith(defaultPackPolicy));
  const report = input('validation-report', given.report ?? passedReport(context.ref));
  const manifest = {
    schema_version: '3.0',
    kristal_id: exchange.kristal_id,
    canonicalization_profile: 'kristal.v3:jcs-rfc8785',
    canonicalization_version: '1',
    content_hash: { algo: 'sha256', value: exchange.kristal_id.slice(7) },
    build: { build_id: 'c-fixture', compiler_name: 'x', compiler_version: '1', config_hash: zero },
    inputs: { source_snapshot_id: zero },
    extensions: { orgo: { validation_report_ref: report.ref } },
  };
  const inputs = [
    context,
    report,
    input('exchange', given.exchange ?? exchange),
    input('exchange-manifest', given.manifest ?? manifest),
  ];
  return {
    asOf: given.asOf ?? '2026-01-01T00:00:00.000Z',
    config: {},
    inputs,
    read: async (ref) => store.get(ref) ?? Promise.reject(new Error(`no ${ref}`)),
  };
}
