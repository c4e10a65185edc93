import { type ColumnData, compareText, type Exchange } from '@orgo/kristal';

type Names = Pick<Exchange['items'][number], 'labels' | 'descriptions' | 'aliases'>;
type Label = {
  target: 'entity' | 'property';
  id: number;
  kind: 'alias' | 'description' | 'label';
  lang: string;
  text: string;
};

/** Labels, descriptions and aliases of entities and properties, sorted by target, id, kind, language and text. */
export function labelColumns(
  exchange: Exchange,
  entities: ReadonlyMap<string, number>,
  properties: ReadonlyMap<string, number>,
): Record<'target' | 'target_id' | 'kind' | 'lang' | 'text', ColumnData> {
  const labels = [
    ...exchange.items.flatMap((item) => namesOf('entity', entities.get(item.entity_id) as number, item)),
    ...exchange.properties.flatMap((p) => namesOf('property', properties.get(p.property_id) as number, p)),
  ].sort(compareLabels);
  return {
    target: labels.map((label) => label.target),
    target_id: Int32Array.from(labels, (label) => label.id),
    kind: labels.map((label) => label.kind),
    lang: labels.map((label) => label.lang),
    text: labels.map((label) => label.text),
  };
}

function namesOf(target: Label['target'], id: number, names: Names): Label[] {
  const one = (kind: Label['kind'], texts: Record<string, string>): Label[] =>
    Object.entries(texts).map(([lang, text]) => ({ target, id, kind, lang, text }));
  const aliases = Object.entries(names.aliases).flatMap(([lang, texts]) =>
    texts.map((text): Label => ({ target, id, kind: 'alias', lang, text })),
  );
  return [...one('label', names.labels), ...one('description', names.descriptions), ...aliases];
}

function compareLabels(a: Label, b: Label): number {
  return (
    compareText(a.target, b.target) ||
    a.id - b.id ||
    compareText(a.kind, b.kind) ||
    compareText(a.lang, b.lang) ||
    compareText(a.text, b.text)
  );
}
