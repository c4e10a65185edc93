import { fingerprint } from '../gazetteer-text.ts';
import type { ValidationFacts } from './facts.ts';
import { isPredicate, type Mention } from './mentions.ts';

type Names = {
  id: string;
  labels: Readonly<Record<string, string>>;
  aliases: Readonly<Record<string, readonly string[]>>;
};
type Bearers = { labels: Set<string>; aliases: Set<string> };

/** Who bears a name in a pinned gazetteer, by the name's fingerprint. */
export type NameIndex = ReadonlyMap<string, Bearers>;

/** Indexes a gazetteer by label and alias. */
export function nameIndex(entries: Iterable<Names>): NameIndex {
  const index = new Map<string, Bearers>();
  const slot = (name: string): Bearers => {
    const key = fingerprint(name);
    const known = index.get(key) ?? { labels: new Set<string>(), aliases: new Set<string>() };
    index.set(key, known);
    return known;
  };
  for (const { id, labels, aliases } of entries) {
    for (const label of Object.values(labels)) slot(label).labels.add(id);
    for (const alias of Object.values(aliases).flat()) slot(alias).aliases.add(id);
  }
  return index;
}

/** Ids that bear the name of a mention and that nothing known of it excludes; whoever has it as label is not among the aliases. */
export function bearersOf(
  facts: ValidationFacts,
  index: NameIndex,
  mention: Mention,
): { labels: string[]; aliases: string[] } {
  const surface = mention.resolution.surface ?? '';
  const named = index.get(fingerprint(surface));
  const labels = new Set(named?.labels);
  const known = isPredicate(mention) ? facts.properties : facts.entities;
  // An id stands for itself where a source states it without a name.
  if (mention.stated.includes(surface) && known.has(surface)) labels.add(surface);
  const aliases = [...(named?.aliases ?? [])].filter((id) => !labels.has(id));
  const all = [...labels, ...aliases];
  const admitted = new Set(
    isPredicate(mention) ? fittingProperties(facts, mention, all) : fittingEntities(facts, mention, all),
  );
  return { labels: [...labels].filter((id) => admitted.has(id)), aliases: aliases.filter((id) => admitted.has(id)) };
}

function fittingEntities(
  facts: ValidationFacts,
  { stated, types }: Mention,
  ids: readonly string[],
): readonly string[] {
  if (stated.some((id) => facts.entities.has(id))) return ids.filter((id) => stated.includes(id));
  if (types.length === 0) return ids;
  return ids.filter((id) => facts.entities.get(id)?.types.some((type) => types.includes(type)));
}

/** One name for several properties: the kind of value tells them apart, unless it excludes them all. */
function fittingProperties(
  facts: ValidationFacts,
  { stated, kind }: Mention,
  ids: readonly string[],
): readonly string[] {
  if (stated.some((id) => facts.properties.has(id))) return ids.filter((id) => stated.includes(id));
  const fitting = ids.length > 1 ? ids.filter((id) => facts.properties.get(id)?.datatype === kind) : ids;
  return fitting.length > 0 ? fitting : ids;
}
