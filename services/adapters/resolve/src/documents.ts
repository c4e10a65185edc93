import {
  alternativeGroupNote,
  type Claim,
  type ClaimIr,
  type ClaimObject,
  claimsOf,
  contextTokens,
  type PredicateResolution,
  type ResolutionDiagnostic,
  type ResolutionDiagnosticCode,
  type ResolvedClaim,
  type ResolvedClaimIr,
  type ResolvedObject,
  type ResolvedWarning,
  type ResolvedWarningCode,
  type Tool,
} from '@orgo/kristal';
import type { Place, Resolved, Resolver } from './mention.ts';

export type DocumentRun = { ref: string; runId: string; asOf: string; resolver: Tool };
export type ResolvedDocument = { document: ResolvedClaimIr; diagnostics: ResolutionDiagnostic[] };

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

/**
 * Resolves one Claim-IR document. Every claim and every alternative comes back under its own `claim_id`, with its evidence and values as
 * they were; only references to entities and properties gain an answer.
 */
export function resolveDocument(doc: ClaimIr, run: DocumentRun, resolver: Resolver): ResolvedDocument {
  const writer = new Writer(run.ref);
  const docId = doc.document?.doc_id ?? run.ref;
  const all = [...claimsOf(doc)];
  const places = all.map(({ claim }): Place => ({ docId, sentence: sentenceOf([claim]) }));

  // Predicates first: what is said of the subject tells what kind of thing it is.
  const predicates = all.map(({ claim }, i) => {
    const found = resolver.predicate(claim.predicate, claim.object.kind, places[i] as Place);
    return writer.note(found, 'predicate', `/claims/${i}/predicate`, claim.claim_id);
  });
  const subjectTypes = new Set<string>();
  let anySubject = predicates.length === 0;
  for (const { pid } of predicates) {
    const types = pid === undefined ? [] : (resolver.property(pid)?.subject_types ?? []);
    if (types.length === 0) anySubject = true;
    for (const type of types) subjectTypes.add(type);
  }
  const subjectPlace = { docId, sentence: sentenceOf(all.map(({ claim }) => claim)) };
  const subject = writer.note(
    resolver.entity(doc.subject, anySubject ? new Set() : subjectTypes, subjectPlace),
    'subject',
    '/subject',
    null,
  );

  const claims = all.map(({ claim, group }, i): ResolvedClaim => {
    const place = places[i] as Place;
    const predicate = predicates[i] as PredicateResolution;
    const path = `/claims/${i}`;
    return {
      claim_id: claim.claim_id,
      predicate,
      object: resolveObject(claim.object, predicate, place, `${path}/object`, claim.claim_id, resolver, writer),
      ...(claim.qualifiers?.length ? { qualifiers: resolveQualifiers(claim, place, path, resolver, writer) } : {}),
      ...(claim.evidence ? { evidence: claim.evidence.map(({ selector: _selector, ...evidence }) => evidence) } : {}),
      ...uncertaintyOf(claim),
      ...(group === undefined ? {} : { notes: alternativeGroupNote(group) }),
    };
  });

  const document: ResolvedClaimIr = {
    schema_version: '3.0',
    input: {
      claim_ir_ref: {
        ...(doc.document?.doc_id === undefined ? {} : { doc_id: doc.document.doc_id }),
        ...(doc.document?.source_id === undefined ? {} : { source_id: doc.document.source_id }),
      },
      claim_ir_hash: { alg: 'sha256', value: run.ref.slice('sha256:'.length) },
    },
    resolution: {
      run_id: run.runId,
      created_at: run.asOf,
      resolver: { name: run.resolver.name, version: run.resolver.version },
      summary: { ...writer.summary, warnings: writer.warnings.length },
    },
    subject,
    claims,
    ...(writer.warnings.length === 0 ? {} : { warnings: writer.warnings }),
  };
  return { document, diagnostics: writer.diagnostics };
}

/** The words around a mention: what its claims quote. */
function sentenceOf(claims: readonly Claim[]): Set<string> {
  const quotes = new Set(
    claims.flatMap((claim) => claim.evidence ?? []).flatMap((e) => (e.offsets && e.quote ? [e.quote] : [])),
  );
  return contextTokens([...quotes].join(' '));
}

function resolveQualifiers(claim: Claim, place: Place, path: string, resolver: Resolver, writer: Writer) {
  return (claim.qualifiers ?? []).map(({ predicate: ref, object }, j) => {
    const at = `${path}/qualifiers/${j}`;
    const predicate = writer.note(
      resolver.predicate(ref, object.kind, place),
      'predicate',
      `${at}/predicate`,
      claim.claim_id,
    );
    return {
      predicate,
      object: resolveObject(object, predicate, place, `${at}/object`, claim.claim_id, resolver, writer),
    };
  });
}

function resolveObject(
  object: ClaimObject,
  predicate: PredicateResolution,
  place: Place,
  path: string,
  claimId: string,
  resolver: Resolver,
  writer: Writer,
): ResolvedObject {
  const property = predicate.pid === undefined ? undefined : resolver.property(predicate.pid);
  if (property && property.datatype !== object.kind) {
    writer.diagnose('NORMALIZE_LITERAL_INVALID', 'WARNING', claimId, path, {
      property: property.id,
      datatype: property.datatype,
      kind: object.kind,
    });
    writer.warn('VALUE_NORMALIZATION_NEEDED', path);
  }
  if (object.kind !== 'item') return object;
  const found = resolver.entity(object.value, new Set(property?.value_types ?? []), place);
  return { kind: 'item', value: writer.note(found, 'object', `${path}/value`, claimId) };
}

/** Resolved Claim-IR has no interval: it goes on in words, so that nothing said about doubt is lost. */
function uncertaintyOf(claim: Claim): Pick<ResolvedClaim, 'uncertainty'> {
  const { confidence = claim.confidence, confidence_interval: interval, method, notes } = claim.uncertainty ?? {};
  if (confidence === undefined) return {};
  const all = [notes, interval && `interval ${interval.low} to ${interval.high}`].filter((note) => note !== undefined);
  return {
    uncertainty: {
      confidence,
      ...(method === undefined ? {} : { method }),
      ...(all.length === 0 ? {} : { notes: all.join('; ') }),
    },
  };
}

/** Collects what a document's resolution says besides its answers. */
class Writer {
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
