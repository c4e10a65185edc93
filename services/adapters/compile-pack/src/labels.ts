import { compareText } from '@orgo/core';
import type { ColumnData, ExchangeItem } from '@orgo/kristal';

type Names = Pick<ExchangeItem, 'labels' | 'descriptions' | 'aliases'>;
type Label = {
  target: 'entity' | 'property';
  id: number;
  kind: 'alias' | 'description' | 'label';
  lang: string;
  text: string;
};

/** Labels, descriptions and aliases of entities and properties, collected by provisional ids. */
export class Labels {
  readonly #labels: Label[] = [];

  add(target: Label['target'], id: number, names: Names): void {
    for (const [lang, text] of Object.entries(names.labels))
      this.#labels.push({ target, id, kind: 'label', lang, text });
    for (const [lang, text] of Object.entries(names.descriptions))
      this.#labels.push({ target, id, kind: 'description', lang, text });
    for (const [lang, texts] of Object.entries(names.aliases))
      for (const text of texts) this.#labels.push({ target, id, kind: 'alias', lang, text });
  }

  /** The columns, sorted by target, id, kind, language and text. */
  columns(
    places: Readonly<Record<Label['target'], Int32Array>>,
  ): Record<'target' | 'target_id' | 'kind' | 'lang' | 'text', ColumnData> & { lang: string[] } {
    const labels = this.#labels.map((label) => ({ ...label, id: places[label.target][label.id] as number }));
    labels.sort(compareLabels);
    return {
      target: labels.map((label) => label.target),
      target_id: Int32Array.from(labels, (label) => label.id),
      kind: labels.map((label) => label.kind),
      lang: labels.map((label) => label.lang),
      text: labels.map((label) => label.text),
    };
  }
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
