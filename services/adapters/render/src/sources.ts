import { compareText } from '@orgo/core';
import type { EvidenceEntry, PackResult } from '@orgo/kristal';
import { sourceKey } from './doubt.ts';
import type { SubjectFacts } from './facts.ts';

/** A source of a card: its number, its name, the start of its digest, and the passages that the card rests on. */
export type CardSource = { number: number; name: string; digest: string | null; evidence_ids: readonly string[] };

export type Sources = {
  list: readonly CardSource[];
  /** The sources of a statement, ascending. */
  numbersOf(statement: PackResult): number[];
};

/** A source by its id, else by its address, else by its digest. */
const nameOf = ({ source }: EvidenceEntry): string =>
  source.source_id ?? source.source_url ?? `sha256:${source.source_sha256 ?? ''}`;

/** Numbers the sources of a card in the order of their keys. */
export function sourcesOf({ statements, evidence }: SubjectFacts): Sources {
  const used = [...new Set(statements.flatMap((statement) => statement.evidence_ids))].sort(compareText);
  const groups = new Map<string, EvidenceEntry[]>();
  for (const id of used) {
    const entry = evidence.get(id) as EvidenceEntry;
    groups.set(sourceKey(entry), [...(groups.get(sourceKey(entry)) ?? []), entry]);
  }
  const keys = [...groups.keys()].sort(compareText);
  const list = keys.map((key, i): CardSource => {
    const entries = groups.get(key) as [EvidenceEntry, ...EvidenceEntry[]];
    return {
      number: i + 1,
      name: nameOf(entries[0]),
      digest: entries[0].source.source_sha256?.slice(0, 16) ?? null,
      evidence_ids: entries.map(({ evidence_id }) => evidence_id),
    };
  });
  return {
    list,
    numbersOf: ({ evidence_ids }) =>
      list.filter((one) => one.evidence_ids.some((id) => evidence_ids.includes(id))).map(({ number }) => number),
  };
}
