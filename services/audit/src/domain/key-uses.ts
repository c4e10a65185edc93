import type { GateDecision, KeyUses } from '@orgo/contracts';

type Use = KeyUses['uses'][number];
/** An entry, and the key under whose signature it was sealed. */
export type SignedEntry = {
  index: number;
  key_id: string;
  decision: Pick<GateDecision, 'kind' | 'subject_key_id' | 'at'>;
};

/** Counts what keys signed, entry by entry in the order of the log. What nobody could be held to (no `subject_key_id`) counts for no key. */
export function countKeyUses(key: string | undefined): { add(entry: SignedEntry): void; uses(): Use[] } {
  const found = new Map<string, Use>();
  const count = (key_id: string, signed: Use['signed'], { index, decision: { kind, at } }: SignedEntry): void => {
    if (key_id === '' || (key !== undefined && key_id !== key)) return;
    const id = `${key_id} ${signed} ${kind}`;
    const use = found.get(id);
    if (use === undefined)
      found.set(id, { key_id, signed, kind, entries: 1, first: index, last: index, first_at: at, last_at: at });
    else Object.assign(use, { entries: use.entries + 1, last: index, last_at: at });
  };
  return {
    add(entry) {
      count(entry.key_id, 'decision', entry);
      count(entry.decision.subject_key_id, 'subject', entry);
    },
    uses: () => [...found.values()],
  };
}
