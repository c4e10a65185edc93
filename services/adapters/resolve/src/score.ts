import { compareText } from '@orgo/core';
import { compareIds, contextTokens, type GazetteerEntity } from '@orgo/kristal';
import type { Hit, Lexicon } from './lexicon.ts';

/** The ruleset of this formula, the ladder and the fingerprint. A change of any number in them is a new version (ST-25). */
export const resolutionRuleset = 'orgo.resolution-ladder@1';

/** Basis points for each distinct word that the sentence shares with what is known of the candidate; four make it full. */
const pointsPerSharedWord = 2500;

export type Scored<T> = Hit<T> & { popularity_bp: number; context_bp: number; score_bp: number };

/** Words known of each entity: its description and the names of what it is related to. Computed once per entity. */
export class ContextWords {
  readonly #words = new Map<string, Set<string>>();
  readonly #entities: Lexicon<GazetteerEntity>;

  constructor(entities: Lexicon<GazetteerEntity>) {
    this.#entities = entities;
  }

  of(entity: GazetteerEntity): Set<string> {
    const known = this.#words.get(entity.id);
    if (known) return known;
    const names = entity.related.flatMap((id) => Object.values(this.#entities.get(id)?.labels ?? {}));
    const words = contextTokens([entity.description, ...names].join(' '));
    this.#words.set(entity.id, words);
    return words;
  }
}

/**
 * score = (4 · popularity + 3 · context + 3 · string) / 10, rounded down, all in basis points. Context counts the words of the sentence
 * that are known of the candidate, without the words of the mention itself: a name is no evidence for itself.
 */
export function scoreEntity(
  hit: Hit<GazetteerEntity>,
  sentence: ReadonlySet<string>,
  surface: string,
  context: ContextWords,
): Scored<GazetteerEntity> {
  const own = contextTokens(surface);
  let shared = 0;
  for (const word of context.of(hit.entry)) if (sentence.has(word) && !own.has(word)) shared++;
  const context_bp = Math.min(10_000, shared * pointsPerSharedWord);
  const { popularity_bp } = hit.entry;
  const score_bp = Math.floor((4 * popularity_bp + 3 * context_bp + 3 * hit.string_bp) / 10);
  return { ...hit, popularity_bp, context_bp, score_bp };
}

/** Best score first; ties by id number, then by id text (`tie_breakers` of the run record). */
export function byScore<T extends { id: string }>(a: Scored<T>, b: Scored<T>): number {
  return b.score_bp - a.score_bp || compareIds(a.entry.id, b.entry.id) || compareText(a.entry.id, b.entry.id);
}

export const tieBreakers = ['score_desc', 'id_number_asc', 'id_text_asc'] as const;
