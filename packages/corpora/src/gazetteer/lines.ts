/** What a property takes, in the words of Claim-IR. */
export type ObjectKind = 'item' | 'string' | 'quantity' | 'time' | 'monolingual_text' | 'coord' | 'url';

type Labels = Record<string, string>;
type Aliases = Record<string, string[]>;

/** A line of the entities gazetteer. `popularity_bp` is a prior in basis points; `related` are ids whose names count as context. */
export type EntityLine = {
  id: string;
  labels: Labels;
  aliases: Aliases;
  types: string[];
  popularity_bp: number;
  description: string;
  related: string[];
};

/** A line of the properties gazetteer. An empty list restricts nothing. */
export type PropertyLine = {
  id: string;
  labels: Labels;
  aliases: Aliases;
  datatype: ObjectKind;
  subject_types: string[];
  value_types: string[];
  single_value: boolean;
  allowed_units: string[];
};

/** Lines in order of their id's number. */
export function byNumber<T extends { id: string }>(lines: readonly T[]): T[] {
  return [...lines].sort((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)));
}
