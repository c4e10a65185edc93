/**
 * The pattern grammar is data: one table per language, read by `prose.ts`. A change that can change a claim raises `grammarVersion`.
 *
 * In `head`, `marker` and `connector` a space stands for one or more, ` ?` for any number, `{H}` for an optional hedge word with its space. Patterns are
 * anchored where the reader stands; they are regular expressions with the flags `u` and `y`.
 */
export const grammarVersion = '1';

/** What may stand in an adjunct's place. */
export type Slot = 'date' | 'name' | 'nouns' | 'count' | 'quantity' | 'coord' | 'award';

/**
 * A marker, a slot after it, and words that may end it. `qualifier` attaches the value to the fact before it instead of making a fact.
 */
export type Adjunct = { marker: string; slot: Slot; predicate: string; tail?: string; qualifier?: true };

/** A verb phrase and what may follow it, in any order. `confidence_bp` is the score of a plain statement. */
export type Rule = { id: string; head: string; adjuncts: readonly Adjunct[]; confidence_bp: number };

export type Grammar = {
  lang: 'en' | 'fr';
  /** Third-person pronouns; they stand for the document's title. */
  pronouns: readonly string[];
  /** Words before a name that are not part of it. */
  articles: readonly string[];
  /** Lowercase words that may join two capitalised words of one name. */
  joiners: readonly string[];
  /** Words that make a statement less than certain. */
  hedges: readonly string[];
  /** Between two clauses with the same subject. */
  connector: string;
  /** Abbreviations whose dot ends no sentence. */
  abbreviations: readonly string[];
  months: readonly string[];
  approximate: readonly string[];
  or: string;
  and: string;
  /** Unit words and their item ids. */
  units: Readonly<Record<string, string>>;
  /** Thousands groups and decimal mark. */
  numbers: { group: string; decimal: string };
  magnitudes: Readonly<Record<string, number>>;
  /** Nouns that name an occupation. Any other noun makes no claim. */
  occupations: readonly string[];
  awards: string;
  rules: readonly Rule[];
};

/** Points taken off for what weakens a statement, in basis points. */
export const penalties = {
  pronoun: 500,
  hedge: 2500,
  approximate: 1500,
  alternative: 3000,
} as const;

/** Half width of the confidence interval of an approximate statement. */
export const approximateSpread = 1000;
