import { digestHex, digestOf, type JsonValue } from '@orgo/core';
import { z } from 'zod';
import { DigestTextSchema } from './digest-text.ts';

const text = z.string();
const count = z.int().min(0);

export const SeveritySchema = z.enum(['ERROR', 'WARNING', 'INFO']);
export type Severity = z.infer<typeof SeveritySchema>;

/** Where an issue is. `json_pointer` points into `/claim_ir/<line>` or `/resolved/<line>` (from 0), or into a named input. */
export const IssueLocationSchema = z.strictObject({
  json_pointer: z.string().startsWith('/').optional(),
  entity_id: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9._:-]{0,127}$/)
    .optional(),
  statement_id: text.optional(),
  claim_id: text.optional(),
  evidence_id: text.optional(),
  source_uri: text.optional(),
});
export type IssueLocation = z.infer<typeof IssueLocationSchema>;

/** One finding of a rule. The message follows from the code; what differs between two findings stands in `details`. */
export const IssueSchema = z.strictObject({
  severity: SeveritySchema,
  code: z.string().regex(/^[A-Z0-9_]+$/),
  message: text,
  location: IssueLocationSchema.optional(),
  rule: z
    .strictObject({ rule_id: text.optional(), rule_version: text.optional(), profile: text.optional() })
    .optional(),
  details: z.record(text, z.json()).optional(),
});
export type Issue = z.infer<typeof IssueSchema>;

/** Our part of a report's `extensions`: what was judged, under which policy, and how many issues were found and kept per code. */
export const ReportExtensionSchema = z.strictObject({
  report_core_hash: DigestTextSchema,
  inputs: z.array(z.strictObject({ kind: text, ref: DigestTextSchema })),
  resources: z.array(z.strictObject({ kind: text, ref: DigestTextSchema })),
  profile: z.enum(['strict', 'grounded', 'exploratory']),
  ruleset: text,
  max_issues_per_code: z.int().min(1),
  found: z.array(z.strictObject({ code: text, severity: SeveritySchema, found: z.int().min(1), kept: z.int().min(1) })),
  judged: z.strictObject({ documents: count, claims: count }),
});
export type ReportExtension = z.infer<typeof ReportExtensionSchema>;

/** Validation Report 3.0, closed except for `extensions`, where ours is `orgo`. */
export const ValidationReportSchema = z.strictObject({
  schema_version: z.literal('3.0'),
  validation_status: z.enum(['passed', 'partial', 'failed']),
  issues: z.array(IssueSchema),
  report_id: text.optional(),
  created_at: text.optional(),
  kristal_id: text.optional(),
  build_id: text.optional(),
  profiles: z.array(text).optional(),
  tooling: z
    .strictObject({
      validator_name: text.optional(),
      validator_version: text.optional(),
      compiler_name: text.optional(),
      compiler_version: text.optional(),
      canonicalization_profile: text.optional(),
      canonicalization_version: text.optional(),
    })
    .optional(),
  inputs: z
    .strictObject({
      exchange_uri: text.optional(),
      runtime_pack_uri: text.optional(),
      source_snapshot_id: text.optional(),
      recipe_id: text.optional(),
    })
    .optional(),
  stats: z
    .strictObject({ error_count: count.optional(), warning_count: count.optional(), info_count: count.optional() })
    .optional(),
  limits: z
    .strictObject({ timeout_ms: count.optional(), iteration_cap: count.optional(), memory_cap_bytes: count.optional() })
    .optional(),
  shacl: z
    .strictObject({
      enabled: z.boolean().optional(),
      report_uri: text.optional(),
      report_format: z
        .enum([
          'text/turtle',
          'application/n-triples',
          'application/n-quads',
          'application/ld+json',
          'application/rdf+xml',
        ])
        .optional(),
    })
    .optional(),
  shex: z
    .strictObject({
      enabled: z.boolean().optional(),
      report_uri: text.optional(),
      report_format: z.enum(['application/json', 'text/plain']).optional(),
    })
    .optional(),
  export_validation: z
    .strictObject({
      jsonld_profile: text.optional(),
      rdf_profile: text.optional(),
      wdqs_compat: z.boolean().optional(),
      rdf_hash: text.optional(),
    })
    .optional(),
  extensions: z.record(text, z.json()).optional(),
});
export type ValidationReport = z.infer<typeof ValidationReportSchema>;

/** Our extension of a report, or undefined where it has none or a malformed one. */
export function reportExtension(report: ValidationReport): ReportExtension | undefined {
  const parsed = ReportExtensionSchema.safeParse(report.extensions?.orgo);
  return parsed.success ? parsed.data : undefined;
}

/**
 * The hash to compare when asking whether validation is reproducible: `sha256:` over the report without `report_id`, `created_at` and
 * `build_id`, and without the references of the judged inputs, which name the same content differently under another `as_of`.
 */
export function reportCoreHash(report: ValidationReport): string {
  const { report_id: _id, created_at: _at, build_id: _build, extensions, ...core } = report;
  const { report_core_hash: _hash, inputs: _inputs, ...orgo } = (extensions?.orgo ?? {}) as Record<string, JsonValue>;
  return digestOf({ ...core, extensions: { ...extensions, orgo } });
}

/** The derived id of a report: it names the core, the judged inputs and the logical time, never a clock. */
export function reportId(report: ValidationReport): string {
  const extension = reportExtension(report);
  return `vr-${digestHex(
    digestOf({
      core: reportCoreHash(report),
      inputs: extension?.inputs ?? [],
      created_at: report.created_at ?? '',
    }),
  ).slice(0, 32)}`;
}
