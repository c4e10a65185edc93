import { compareText } from '@orgo/core';
import { compareIds, fingerprint } from '@orgo/kristal';
import { similarityBp, trigrams } from './distance.ts';

/** What a gazetteer line offers to be found by. */
export type Named = {
  id: string;
  labels: Readonly<Record<string, string>>;
  aliases: Readonly<Record<string, readonly string[]>>;
};

export type Match = 'label' | 'alias' | 'similar';
export type Hit<T> = { entry: T; match: Match; string_bp: number };

/** At most this many names are compared letter by letter for one mention without an exact name. */
const nearestNames = 64;
/** Names less alike than this are no candidates. */
const similarFloorBp = 6000;

/** A gazetteer indexed once: by id, by fingerprint of label and alias, and, when first needed, by trigram. */
export class Lexicon<T extends Named> {
  readonly #byId = new Map<string, T>();
  readonly #byName = new Map<string, { labels: Set<T>; aliases: Set<T> }>();
  #trigrams: Map<string, string[]> | undefined;

  constructor(entries: readonly T[]) {
    for (const entry of entries) {
      this.#byId.set(entry.id, entry);
      for (const label of Object.values(entry.labels)) this.#slot(label).labels.add(entry);
      for (const alias of Object.values(entry.aliases).flat()) this.#slot(alias).aliases.add(entry);
    }
  }

  #slot(name: string) {
    const key = fingerprint(name);
    const found = this.#byName.get(key) ?? { labels: new Set<T>(), aliases: new Set<T>() };
    this.#byName.set(key, found);
    return found;
  }

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): T | undefined {
    return this.#byId.get(id);
  }

  /** How an entry bears a name: as label in any language, as alias, or not. */
  bears(entry: T, name: string): 'label' | 'alias' | undefined {
    const found = this.#byName.get(fingerprint(name));
    return found?.labels.has(entry) ? 'label' : found?.aliases.has(entry) ? 'alias' : undefined;
  }

  /** Entries with exactly this name, ordered by id; an entry with it as label and alias counts as label. */
  exact(name: string): Hit<T>[] {
    const found = this.#byName.get(fingerprint(name));
    if (!found) return [];
    const hit = (match: Match) => (entry: T) => ({ entry, match, string_bp: 10_000 });
    const labels = [...found.labels].map(hit('label'));
    const aliases = [...found.aliases].filter((entry) => !found.labels.has(entry)).map(hit('alias'));
    return [...labels, ...aliases].sort((a, b) => compareIds(a.entry.id, b.entry.id));
  }

  /** Entries with a similar name, best likeness of each, ordered by likeness and id. */
  similar(name: string): Hit<T>[] {
    const key = fingerprint(name);
    const best = new Map<T, number>();
    for (const other of this.#near(key)) {
      const bp = similarityBp(key, other);
      if (bp < similarFloorBp) continue;
      const { labels, aliases } = this.#byName.get(other) as { labels: Set<T>; aliases: Set<T> };
      for (const entry of [...labels, ...aliases]) best.set(entry, Math.max(bp, best.get(entry) ?? 0));
    }
    return [...best]
      .map(([entry, string_bp]) => ({ entry, match: 'similar' as const, string_bp }))
      .sort((a, b) => b.string_bp - a.string_bp || compareIds(a.entry.id, b.entry.id));
  }

  #near(key: string): string[] {
    this.#trigrams ??= indexTrigrams(this.#byName.keys());
    const shared = new Map<string, number>();
    for (const trigram of trigrams(key)) {
      for (const other of this.#trigrams.get(trigram) ?? []) shared.set(other, (shared.get(other) ?? 0) + 1);
    }
    return [...shared]
      .sort((a, b) => b[1] - a[1] || compareText(a[0], b[0]))
      .slice(0, nearestNames)
      .map(([other]) => other);
  }
}

function indexTrigrams(names: Iterable<string>): Map<string, string[]> {
  const index = new Map<string, string[]>();
  for (const name of names) {
    for (const trigram of trigrams(name)) {
      const list = index.get(trigram);
      if (list) list.push(name);
      else index.set(trigram, [name]);
    }
  }
  return index;
}
