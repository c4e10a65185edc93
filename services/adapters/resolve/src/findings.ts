import type {
  ResolutionDiagnostic,
  ResolutionDiagnosticCode,
  ResolvedClaimIr,
  ResolvedWarning,
  ResolvedWarningCode,
} from '@orgo/kristal';
import type { Resolved } from './mention.ts';

type Summary = NonNullable<ResolvedClaimIr['resolution']['summary']>;
type Slot = 'subject' | 'predicate' | 'object';

const templates: Readonly<Record<ResolutionDiagnosticCode, string>> = {
  RESOLVE_ENTITY_NOT_FOUND: 'no entity of the gazetteer answers to {surface}',
  RESOLVE_ENTITY_AMBIGUOUS: '{surface} may be {candidates} entities',
  RESOLVE_PROPERTY_NOT_FOUND: 'no property of the gazetteer answers to {surface}',
  RESOLVE_PROPERTY_AMBIGUOUS: '{surface} may be {candidates} properties',
  NORMALIZE_LITERAL_INVALID: '{property} takes {datatype}; the claim has {kind}',
  NORMALIZE_LITERAL_LOSSY: 'the value lost precision',
  EVIDENCE_POINTER_INVALID: 'the evidence points nowhere',
  POLICY_VIOLATION: 'the policy forbids this',
  RESOURCE_VERSION_MISSING: 'a pinned resource is missing',
  INTERNAL_RESOLVER_ERROR: 'the resolver failed',
};

/** Collects what a document's resolution says besides its answers. */
export class Findings {
  readonly warnings: ResolvedWarning[] = [];
  readonly diagnostics: ResolutionDiagnostic[] = [];
  readonly summary: Omit<Summary, 'warnings'> = {
    entities_resolved: 0,
    entities_ambiguous: 0,
    entities_unresolved: 0,
    properties_resolved: 0,
    properties_ambiguous: 0,
    properties_unresolved: 0,
  };
  readonly #ref: string;

  constructor(ref: string) {
    this.#ref = ref;
  }

  /** Counts an answer, warns about what it leaves open, and hands it on. */
  note<T extends { status: string; surface?: string | undefined; candidates?: unknown[] | undefined }>(
    found: Resolved<T>,
    slot: Slot,
    path: string,
    claimId: string | null,
  ): T {
    const { resolution, truncated, lowConfidence } = found;
    const property = slot === 'predicate';
    const status = resolution.status as 'resolved' | 'ambiguous' | 'unresolved';
    this.summary[`${property ? 'properties' : 'entities'}_${status}`]++;
    if (status !== 'resolved') {
      const code =
        `RESOLVE_${property ? 'PROPERTY' : 'ENTITY'}_${status === 'ambiguous' ? 'AMBIGUOUS' : 'NOT_FOUND'}` as const;
      this.diagnose(code, 'WARNING', claimId, path, {
        surface: resolution.surface ?? '',
        candidates: (resolution.candidates?.length ?? 0) + truncated,
      });
      this.warn(warningOf(slot, status), path);
    }
    if (lowConfidence) this.warn('LOW_CONFIDENCE_RESOLUTION', path);
    if (truncated > 0) this.warn('LIMIT_REACHED', path);
    return resolution;
  }

  warn(code: ResolvedWarningCode, path: string): void {
    this.warnings.push({ code, message: messages[code], path });
  }

  diagnose(
    code: ResolutionDiagnosticCode,
    severity: ResolutionDiagnostic['severity'],
    claimId: string | null,
    path: string,
    params: ResolutionDiagnostic['params'],
  ): void {
    const template = templates[code];
    this.diagnostics.push({ code, severity, claim_ir_ref: this.#ref, claim_ref: claimId, path, template, params });
  }
}

/** The external list has no code for an ambiguous value: it is a value without an id. */
function warningOf(slot: Slot, status: 'ambiguous' | 'unresolved'): ResolvedWarningCode {
  if (slot === 'predicate') return status === 'ambiguous' ? 'AMBIGUOUS_PREDICATE' : 'UNRESOLVED_PID';
  return slot === 'subject' && status === 'ambiguous' ? 'AMBIGUOUS_SUBJECT' : 'UNRESOLVED_QID';
}

const messages: Readonly<Record<ResolvedWarningCode, string>> = {
  AMBIGUOUS_SUBJECT: 'the subject may be more than one entity',
  AMBIGUOUS_PREDICATE: 'the predicate may be more than one property',
  UNRESOLVED_QID: 'the entity has no single id',
  UNRESOLVED_PID: 'the property has no id',
  VALUE_NORMALIZATION_NEEDED: 'the value is not of the kind its property takes',
  LOW_CONFIDENCE_RESOLUTION: 'kept open: the context does not support the most likely reading',
  LIMIT_REACHED: 'the candidate list was cut at its limit',
  EVIDENCE_WEAK: 'the evidence is weak',
};
