import type { ArtifactRef, GateDecision } from '@orgo/contracts';
import type { JsonValue } from '@orgo/core';
import type { DecisionCode } from './codes.ts';
import { bounded, type DecisionSend, jsonArtifact } from './decision.ts';
import type { Finding } from './facts.ts';

/** One property that was looked at. `findings` is empty where it holds. */
export type Check = { check: string; findings: Finding[] };

/** At most this many findings, inputs or outputs are spelled out: a report stays within 250 lines (ID-04). */
const maxListed = 48;

const listed = <T extends JsonValue>(items: readonly T[]): JsonValue =>
  items.length <= maxListed ? [...items] : { first: items.slice(0, maxListed), total: items.length };

const line = (ref: ArtifactRef): string => `${ref.kind} ${ref.ref} ${ref.size}`;

/** Codes of all findings, in the order of the checks. */
export const codesOf = (checks: readonly Check[]): DecisionCode[] =>
  checks.flatMap((check) => check.findings.map((found) => found.code));

/**
 * The report of a stage or an admission: header, inputs, outputs, what was checked and found, who worked, verdict.
 * It repeats nothing of the artifacts' content, so it holds no secret and no state dump (ID-05).
 */
export function stageReport(
  decision: GateDecision,
  checks: readonly Check[],
  work: { diagnostics: JsonValue; metrics: JsonValue },
): NonNullable<DecisionSend['report']> {
  return jsonArtifact('stage-report', {
    v: 1,
    kind: 'stage-report',
    header: {
      tenant_id: decision.tenant_id,
      build_id: decision.build_id,
      stage: decision.stage,
      attempt: decision.attempt,
      epoch: decision.epoch,
      idem_key: decision.idem_key,
      subject_digest: decision.subject_digest,
      pipeline_ref: decision.pipeline_ref,
      mandate_ref: decision.mandate_ref,
      as_of: decision.as_of,
      at: decision.at,
      duration_ms: decision.duration_ms,
    },
    inputs: listed(decision.inputs.map(line)),
    outputs: listed(decision.outputs.map(line)),
    checks: checks.map(({ check, findings }) => ({
      check,
      result: findings.length === 0 ? 'PASS' : 'FAIL',
      findings: listed(findings.map(({ code, detail }) => `${code} ${bounded(detail, 300)}`)),
    })),
    adapter: decision.adapter,
    diagnostics: work.diagnostics,
    metrics: work.metrics,
    verdict: decision.verdict,
    reason_codes: decision.reason_codes,
  });
}
