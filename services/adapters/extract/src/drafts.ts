import {
  type Claim,
  type ClaimIr,
  type ClaimIrWarningCode,
  type ClaimObject,
  type ClaimQualifier,
  claimId,
  type EntityRef,
  type Evidence,
  LangSchema,
  type PredicateRef,
  referenceTools,
  type Snapshot,
} from '@orgo/kristal';

/** A claim on its way: one subject, one predicate, one or more readings of the object. Scores are integer basis points. */
export type Draft = {
  subject: EntityRef;
  predicate: PredicateRef;
  readings: ClaimObject[];
  qualifiers: ClaimQualifier[];
  evidence: Evidence;
  confidence_bp: number;
  interval_bp?: readonly [low: number, high: number];
  /** Rule that made it, e.g. `en.born`. */
  rule: string;
  notes: readonly string[];
  warnings: readonly ClaimIrWarningCode[];
};

/** Below this a document carries LOW_CONFIDENCE_EXTRACTION. */
export const lowConfidenceBp = 5000;

const share = (bp: number) => bp / 10_000;
const surfaceOf = (ref: { surface?: string | undefined; candidates?: { id: string }[] | undefined }) =>
  `${ref.surface ?? ''}\u0000${ref.candidates?.map((candidate) => candidate.id).join(' ') ?? ''}`;

const messages: Readonly<Record<ClaimIrWarningCode, string>> = {
  NO_CLAIMS_EXTRACTED: 'no pattern of the grammar matched',
  LOW_CONFIDENCE_EXTRACTION: 'a claim scores under 0.5',
  AMBIGUOUS_SUBJECT: 'the subject has more than one reading',
  AMBIGUOUS_PREDICATE: 'the predicate has more than one reading',
  UNRESOLVED_QID: 'an entity has no id',
  UNRESOLVED_PID: 'a property has no id',
  EVIDENCE_MISSING: 'a claim has no evidence',
  EVIDENCE_WEAK: 'a claim rests on weak evidence',
  VALUE_NORMALIZATION_NEEDED: 'a number does not survive a double and stays text',
};

/** Makes the Claim-IR documents of one snapshot: one per subject, in order of first mention. A snapshot without claims gets one, empty. */
export function documentsOf(snapshot: Snapshot, title: string, lang: string, drafts: readonly Draft[]): ClaimIr[] {
  const bySubject = new Map<string, Draft[]>();
  for (const draft of drafts) {
    const key = surfaceOf(draft.subject);
    const list = bySubject.get(key);
    if (list) list.push(draft);
    else bySubject.set(key, [draft]);
  }
  if (bySubject.size === 0) return [documentOf(snapshot, title, lang, { surface: title, ...langOf(lang) }, [])];
  return [...bySubject.values()].map((list) => documentOf(snapshot, title, lang, (list[0] as Draft).subject, list));
}

function documentOf(
  snapshot: Snapshot,
  title: string,
  lang: string,
  subject: EntityRef,
  drafts: readonly Draft[],
): ClaimIr {
  const claims = new Map<string, Claim>();
  for (const draft of drafts) {
    const claim = claimOf(snapshot, draft);
    // The same value at the same place twice is one claim.
    claims.set(claim.claim_id, claim);
  }
  const codes = new Set(drafts.flatMap((draft) => draft.warnings));
  if (drafts.length === 0) codes.add('NO_CLAIMS_EXTRACTED');
  if (drafts.some((draft) => draft.confidence_bp < lowConfidenceBp)) codes.add('LOW_CONFIDENCE_EXTRACTION');
  const { origin, source_id } = snapshot.source;
  return {
    schema_version: '3.0',
    document: {
      source_id,
      doc_id: snapshot.path,
      title,
      ...langOf(lang),
      ...(/^https?:\/\//.test(origin) ? { source_url: origin } : {}),
      retrieved_at: snapshot.retrieved_at,
      content_hash: { alg: 'sha256', value: snapshot.ref.slice('sha256:'.length) },
    },
    extraction: { producer: { kind: 'rules', ...referenceTools.extract } },
    subject,
    claims: [...claims.values()],
    ...(codes.size === 0 ? {} : { warnings: [...codes].sort().map((code) => ({ code, message: messages[code] })) }),
  };
}

function langOf(lang: string): { lang?: string } {
  return LangSchema.safeParse(lang).success ? { lang } : {};
}

function claimOf(snapshot: Snapshot, draft: Draft): Claim {
  const [first, ...others] = draft.readings.map((object) => readingOf(snapshot, draft, object));
  if (!first) throw new TypeError('a draft has at least one reading');
  return others.length === 0 ? first : { ...first, alternatives: others };
}

function readingOf(snapshot: Snapshot, draft: Draft, object: ClaimObject): Claim {
  const { predicate, qualifiers, evidence } = draft;
  return {
    claim_id: claimId({
      content: snapshot.ref,
      subject: surfaceOf(draft.subject),
      predicate: surfaceOf(predicate),
      object,
      qualifiers,
      evidence: [evidence],
    }),
    predicate,
    object,
    ...(qualifiers.length === 0 ? {} : { qualifiers }),
    evidence: [evidence],
    uncertainty: {
      confidence: share(draft.confidence_bp),
      ...(draft.interval_bp
        ? { confidence_interval: { low: share(draft.interval_bp[0]), high: share(draft.interval_bp[1]) } }
        : {}),
      method: `${referenceTools.extract.name}/${draft.rule}`,
      ...(draft.notes.length === 0 ? {} : { notes: draft.notes.join('; ') }),
    },
  };
}
