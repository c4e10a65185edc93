import {
  alternativeGroupOf,
  canonicalValue,
  cardTemplate,
  type DataValue,
  type EvidenceEntry,
  type PackResult,
} from '@orgo/kristal';

/** How sure a statement is: a value is approximate when all of its claims say so. */
export type Doubt = { approximate: boolean; alternative: boolean; confidence_bp: number | null };

export function doubtOf({ claims, confidence_bp }: PackResult): Doubt {
  return {
    approximate: claims.every(({ uncertainty_notes = '' }) => uncertainty_notes.split('; ').includes('approximate')),
    alternative: claims.every((claim) => alternativeGroupOf(claim) !== undefined),
    confidence_bp: confidence_bp !== null && confidence_bp < cardTemplate.low_confidence_bp ? confidence_bp : null,
  };
}

const keyOf = ({ object }: PackResult): string =>
  object.type === 'item' ? object.id : canonicalValue(object as DataValue);

/** Readings of one "A or B" do not contradict one another. */
const sameReading = (a: PackResult, b: PackResult): boolean =>
  a.claims.some((one) => {
    const group = alternativeGroupOf(one);
    return group !== undefined && b.claims.some((other) => alternativeGroupOf(other) === group);
  });

/** Statements of a property with one value that have different ones, and whether more than one source says so. Null where there is no quarrel. */
export function disagreement(
  property: string,
  statements: readonly PackResult[],
  evidence: ReadonlyMap<string, EvidenceEntry>,
): { word: 'sources-disagree' | 'values-differ'; statements: readonly PackResult[] } | null {
  if (!cardTemplate.single_valued.includes(property)) return null;
  const held = statements.filter(({ rank }) => rank !== 'deprecated');
  const differ = held.filter((a) => held.some((b) => keyOf(a) !== keyOf(b) && !sameReading(a, b)));
  if (differ.length === 0) return null;
  const sources = new Set(differ.flatMap((one) => one.evidence_ids.map((id) => sourceKey(evidence.get(id)))));
  return { word: sources.size > 1 ? 'sources-disagree' : 'values-differ', statements: differ };
}

/** What makes two pieces of evidence come from one source. */
export const sourceKey = (entry: EvidenceEntry | undefined): string =>
  JSON.stringify([entry?.source.source_id ?? '', entry?.source.source_url ?? '', entry?.source.source_sha256 ?? '']);
