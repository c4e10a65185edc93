import {
  alternativeGroupNote,
  type Claim,
  type ClaimIr,
  type ClaimObject,
  claimsOf,
  contextTokens,
  type PredicateResolution,
  type ResolutionDiagnostic,
  type ResolvedClaim,
  type ResolvedClaimIr,
  type ResolvedObject,
  type Tool,
} from '@orgo/kristal';
import { Findings } from './findings.ts';
import type { Place, Resolver } from './mention.ts';

export type DocumentRun = { ref: string; runId: string; asOf: string; resolver: Tool };
export type ResolvedDocument = { document: ResolvedClaimIr; diagnostics: ResolutionDiagnostic[] };

/**
 * Resolves one Claim-IR document. Every claim and every alternative comes back under its own `claim_id`, with its evidence and values as
 * they were; only references to entities and properties gain an answer.
 */
export function resolveDocument(doc: ClaimIr, run: DocumentRun, resolver: Resolver): ResolvedDocument {
  const findings = new Findings(run.ref);
  const docId = doc.document?.doc_id ?? run.ref;
  const all = [...claimsOf(doc)];
  const places = all.map(({ claim }): Place => ({ docId, sentence: sentenceOf([claim]) }));

  // Predicates first: what is said of the subject tells what kind of thing it is.
  const predicates = all.map(({ claim }, i) => {
    const found = resolver.predicate(claim.predicate, claim.object.kind, places[i] as Place);
    return findings.note(found, 'predicate', `/claims/${i}/predicate`, claim.claim_id);
  });
  const subjectTypes = new Set<string>();
  let anySubject = predicates.length === 0;
  for (const { pid } of predicates) {
    const types = pid === undefined ? [] : (resolver.property(pid)?.subject_types ?? []);
    if (types.length === 0) anySubject = true;
    for (const type of types) subjectTypes.add(type);
  }
  const subjectPlace = { docId, sentence: sentenceOf(all.map(({ claim }) => claim)) };
  const subject = findings.note(
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
      object: resolveObject(claim.object, predicate, place, `${path}/object`, claim.claim_id, resolver, findings),
      ...(claim.qualifiers?.length ? { qualifiers: resolveQualifiers(claim, place, path, resolver, findings) } : {}),
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
      summary: { ...findings.summary, warnings: findings.warnings.length },
    },
    subject,
    claims,
    ...(findings.warnings.length === 0 ? {} : { warnings: findings.warnings }),
  };
  return { document, diagnostics: findings.diagnostics };
}

/** The words around a mention: what its claims quote. */
function sentenceOf(claims: readonly Claim[]): Set<string> {
  const quotes = new Set(
    claims.flatMap((claim) => claim.evidence ?? []).flatMap((e) => (e.offsets && e.quote ? [e.quote] : [])),
  );
  return contextTokens([...quotes].join(' '));
}

function resolveQualifiers(claim: Claim, place: Place, path: string, resolver: Resolver, findings: Findings) {
  return (claim.qualifiers ?? []).map(({ predicate: ref, object }, j) => {
    const at = `${path}/qualifiers/${j}`;
    const predicate = findings.note(
      resolver.predicate(ref, object.kind, place),
      'predicate',
      `${at}/predicate`,
      claim.claim_id,
    );
    return {
      predicate,
      object: resolveObject(object, predicate, place, `${at}/object`, claim.claim_id, resolver, findings),
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
  findings: Findings,
): ResolvedObject {
  const property = predicate.pid === undefined ? undefined : resolver.property(predicate.pid);
  if (property && property.datatype !== object.kind) {
    findings.diagnose('NORMALIZE_LITERAL_INVALID', 'WARNING', claimId, path, {
      property: property.id,
      datatype: property.datatype,
      kind: object.kind,
    });
    findings.warn('VALUE_NORMALIZATION_NEEDED', path);
  }
  if (object.kind !== 'item') return object;
  const found = resolver.entity(object.value, new Set(property?.value_types ?? []), place);
  return { kind: 'item', value: findings.note(found, 'object', `${path}/value`, claimId) };
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
