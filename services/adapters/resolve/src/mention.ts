import type {
  EntityRef,
  EntityResolution,
  GazetteerEntity,
  GazetteerProperty,
  ObjectKind,
  PredicateRef,
  PredicateResolution,
  ResolutionPolicy,
  ResolvedCandidate,
} from '@orgo/kristal';
import { decide, type Verdict } from './ladder.ts';
import type { Hit, Lexicon, Named } from './lexicon.ts';
import { hintKey, type Resources } from './resources.ts';
import { byScore, ContextWords, type Scored, scoreEntity } from './score.ts';

/** Where a mention stands: its document and the words around it. */
export type Place = { docId: string; sentence: ReadonlySet<string> };

/** A resolution and what was cut from its candidate list. */
export type Resolved<T> = { resolution: T; truncated: number; lowConfidence: boolean };

export const sourceIdentifierNotes = 'source_identifier@1';

type Ref = {
  surface?: string | undefined;
  lang?: string | undefined;
  candidates?: { id: string; source?: string | undefined }[] | undefined;
};

/** Resolves mentions against pinned resources under a pinned policy. Holds indexes and caches, and no state that a result depends on. */
export class Resolver {
  readonly #resources: Resources;
  readonly #policy: ResolutionPolicy;
  readonly #context: ContextWords;

  constructor(resources: Resources, policy: ResolutionPolicy) {
    this.#resources = resources;
    this.#policy = policy;
    this.#context = new ContextWords(resources.entities);
  }

  property(id: string): GazetteerProperty | undefined {
    return this.#resources.properties.get(id);
  }

  /** @param types classes of which the entity must have one; empty means any. */
  entity(ref: EntityRef, types: ReadonlySet<string>, place: Place): Resolved<EntityResolution> {
    const { entities } = this.#resources;
    const surface = ref.surface ?? (ref.qid as string);
    const score = (hit: Hit<GazetteerEntity>) => scoreEntity(hit, place.sentence, surface, this.#context);
    const chosen = this.#hinted(entities, surface, place) ?? this.#stated(entities, ref, surface);
    if (chosen) {
      const candidates = chosen.hits.map(score).sort(byScore);
      return this.#answer('qid', ref, candidates, chosen.verdict(candidates), this.#policy.top_k_entity);
    }
    const fits = (hit: Hit<GazetteerEntity>) => types.size === 0 || hit.entry.types.some((type) => types.has(type));
    const exact = entities.exact(surface).filter(fits);
    const hits = exact.length > 0 ? exact : entities.similar(surface).filter(fits);
    const candidates = hits.map(score).sort(byScore);
    return this.#answer('qid', ref, candidates, decide(candidates, this.#policy), this.#policy.top_k_entity);
  }

  /** Properties have no popularity and no context: likeness of the name is their whole score. */
  predicate(ref: PredicateRef, kind: ObjectKind, place: Place): Resolved<PredicateResolution> {
    const { properties } = this.#resources;
    const surface = ref.surface ?? (ref.pid as string);
    const score = (hit: Hit<GazetteerProperty>) => ({
      ...hit,
      popularity_bp: 0,
      context_bp: 0,
      score_bp: hit.string_bp,
    });
    const chosen = this.#hinted(properties, surface, place) ?? this.#stated(properties, ref, surface);
    if (chosen) {
      const candidates = chosen.hits.map(score).sort(byScore);
      return this.#answer('pid', ref, candidates, chosen.verdict(candidates), this.#policy.top_k_property);
    }
    const exact = properties.exact(surface);
    // One name for several properties: the kind of value tells them apart. One property alone keeps its name, whatever the value.
    const fitting = exact.length > 1 ? exact.filter((hit) => hit.entry.datatype === kind) : exact;
    const hits = fitting.length > 0 ? fitting : exact.length > 0 ? exact : properties.similar(surface);
    const candidates = hits.map(score).sort(byScore);
    return this.#answer('pid', ref, candidates, decide(candidates, this.#policy), this.#policy.top_k_property);
  }

  /** A person's pinned choice stands before everything else, if the gazetteer knows the id. */
  #hinted<T extends Named>(lexicon: Lexicon<T>, surface: string, place: Place) {
    const id = this.#resources.hints.get(hintKey(place.docId, surface));
    const entry = id === undefined ? undefined : lexicon.get(id);
    if (!entry) return undefined;
    const verdict = (): Verdict => ({
      status: 'resolved',
      index: 0,
      decision: { method: 'human', chosen_candidate_index: 0 },
    });
    return { hits: [{ entry, match: 'label' as const, string_bp: 10_000 }], verdict };
  }

  /**
   * Ids that the source itself states narrow the candidates to those of them the gazetteer knows. Exactly one that bears the mention's
   * name is resolved; one under another name, or without any, stays ambiguous: a wrong id would show nowhere else.
   */
  #stated<T extends Named>(lexicon: Lexicon<T>, ref: Ref, surface: string) {
    const known = (ref.candidates ?? []).flatMap(({ id }) => lexicon.get(id) ?? []);
    const hits = [...new Set(known)].map((entry): Hit<T> => {
      const match = lexicon.bears(entry, surface);
      return match
        ? { entry, match, string_bp: 10_000 }
        : {
            entry,
            match: 'similar',
            string_bp: lexicon.similar(surface).find((hit) => hit.entry === entry)?.string_bp ?? 0,
          };
    });
    if (hits.length === 0) return undefined;
    const verdict = (candidates: readonly Scored<T>[]): Verdict => {
      const bearing = candidates.flatMap((candidate, index) => (candidate.match === 'similar' ? [] : [index]));
      const [index] = bearing;
      if (index === undefined || bearing.length > 1) {
        return { status: 'ambiguous', decision: { notes: sourceIdentifierNotes }, lowConfidence: true };
      }
      const method = candidates[index]?.match === 'label' ? 'exact_match' : 'alias_match';
      return {
        status: 'resolved',
        index,
        decision: { method, chosen_candidate_index: index, notes: sourceIdentifierNotes },
      };
    };
    return { hits, verdict };
  }

  #answer<K extends 'qid' | 'pid', T extends Named>(
    key: K,
    ref: Ref,
    candidates: readonly Scored<T>[],
    verdict: Verdict,
    topK: number,
  ): Resolved<K extends 'qid' ? EntityResolution : PredicateResolution> {
    // A choice past the cut could not be shown among its candidates: it stays open.
    const { status, index, decision } =
      (verdict.index ?? 0) < topK ? verdict : { status: 'ambiguous' as const, index: undefined, decision: {} };
    const chosen = index === undefined ? undefined : candidates[index];
    const shown = candidates.slice(0, topK).map(({ entry, score_bp }): ResolvedCandidate => {
      const label = labelOf(entry, ref.lang);
      return { id: entry.id, score: score_bp / 10_000, ...(label === undefined ? {} : { label }) };
    });
    const resolution = {
      status,
      ...(ref.surface === undefined ? {} : { surface: ref.surface }),
      ...(ref.lang === undefined ? {} : { lang: ref.lang }),
      ...(chosen ? { [key]: chosen.entry.id } : {}),
      ...(shown.length === 0 ? {} : { candidates: shown }),
      decision,
    };
    return {
      resolution: resolution as K extends 'qid' ? EntityResolution : PredicateResolution,
      truncated: candidates.length - shown.length,
      lowConfidence: verdict.lowConfidence === true,
    };
  }
}

function labelOf(entry: Named, lang: string | undefined): string | undefined {
  return (lang === undefined ? undefined : entry.labels[lang]) ?? entry.labels.en ?? Object.values(entry.labels)[0];
}
