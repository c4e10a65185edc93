import { canonical } from '@orgo/core';
import { alternativeGroupOf, type EvidenceEntry, type PackResult } from '@orgo/kristal';

/** The doubts that the pack has of a statement. They must be told, and no others (ST-39). */
export type Doubts = { approximate: boolean; alternative: boolean };

export const doubtsOf = ({ claims }: PackResult): Doubts => ({
  approximate: !claims.some(({ uncertainty_notes }) => !(uncertainty_notes ?? '').split('; ').includes('approximate')),
  alternative: !claims.some((claim) => alternativeGroupOf(claim) === undefined),
});

const sourceOf = (entry: EvidenceEntry | undefined): string => {
  const { source_id = '', source_url = '', source_sha256 = '' } = entry?.source ?? {};
  return canonical([source_id, source_url, source_sha256]);
};

/** How many sources stand behind statements. */
export const sourceCount = (statements: readonly PackResult[], evidence: ReadonlyMap<string, EvidenceEntry>): number =>
  new Set(statements.flatMap((one) => one.evidence_ids).map((id) => sourceOf(evidence.get(id)))).size;

/** Pieces of evidence by the source they are from, in the order of the sources. */
export function bySource(entries: Iterable<EvidenceEntry>): EvidenceEntry[][] {
  const groups = new Map<string, EvidenceEntry[]>();
  for (const entry of entries) groups.set(sourceOf(entry), [...(groups.get(sourceOf(entry)) ?? []), entry]);
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}
