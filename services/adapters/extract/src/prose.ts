import {
  type ClaimObject,
  type ClaimQualifier,
  type Evidence,
  indexText,
  type PredicateRef,
  type Snapshot,
} from '@orgo/kristal';
import type { Draft } from './drafts.ts';
import { type Compiled, type CompiledRule, compile } from './grammar/compiled.ts';
import { english } from './grammar/en.ts';
import { french } from './grammar/fr.ts';
import { approximateSpread, penalties } from './grammar/grammar.ts';
import { patternView, type Span, sentences } from './sentences.ts';
import { matchAt, readSlot, type SlotValue } from './slots.ts';

const grammars: Readonly<Record<string, Compiled>> = { en: compile(english), fr: compile(french) };

/** Languages with a grammar. A document in another one yields no claim. */
export const proseLanguages: readonly string[] = Object.keys(grammars);

type Fact = {
  rule: CompiledRule;
  predicate: string;
  value: SlotValue;
  qualifiers: ClaimQualifier[];
  /** Hedge word of the fact's own clause. */
  hedge?: string;
};

/**
 * Reads a prose document sentence by sentence. Only a sentence that begins with a name or a pronoun and goes on with a phrase of the
 * grammar makes claims; whatever else the text says, instructions to its reader included, stays text.
 *
 * @param body UTF-16 index where the prose starts.
 * @param title stands for pronouns, which only ever mean the document's own subject.
 */
export function readProse(snapshot: Snapshot, text: string, body: number, title: string, lang: string): Draft[] {
  const compiled = grammars[lang];
  if (!compiled) return [];
  const view = patternView(text);
  const index = indexText(text);
  return sentences(text, body, compiled.grammar.abbreviations).flatMap((span) => {
    const evidence: Evidence = {
      source: { source_id: snapshot.source.source_id, title },
      quote: text.slice(span.start, span.end),
      offsets: { start_char: index.position(span.start), end_char: index.position(span.end) },
    };
    return readSentence(view.slice(0, span.end), span, compiled, title, evidence);
  });
}

function readSentence(view: string, span: Span, compiled: Compiled, title: string, evidence: Evidence): Draft[] {
  const subject = matchAt(compiled.subject, view, span.start);
  if (!subject?.groups) return [];
  const pronoun = subject.groups.pronoun !== undefined;
  const surface = subject.groups.name ?? title;
  const facts = readClauses(view, span.start + subject[0].length, compiled);
  const { lang } = compiled.grammar;
  return facts.map((fact) => ({
    subject: { surface, lang },
    predicate: predicateOf(fact.predicate, lang),
    readings: fact.value.readings,
    qualifiers: fact.qualifiers,
    evidence,
    rule: fact.rule.id,
    ...scored(fact, pronoun),
    warnings: fact.value.inexact ? ['VALUE_NORMALIZATION_NEEDED'] : [],
  }));
}

/** Clause after clause with the same subject; stops at the first text that the grammar does not know. */
function readClauses(view: string, from: number, compiled: Compiled): Fact[] {
  const facts: Fact[] = [];
  for (let at = from; ; ) {
    const clause = readClause(view, at, compiled);
    if (!clause) return facts;
    const hedge = compiled.hedge.exec(view.slice(at, clause.end))?.[0];
    facts.push(...clause.facts.map((fact) => (hedge === undefined ? fact : { ...fact, hedge })));
    const connector = matchAt(compiled.connector, view, clause.end);
    if (!connector) return facts;
    at = clause.end + connector[0].length;
  }
}

function readClause(view: string, at: number, compiled: Compiled): { facts: Fact[]; end: number } | undefined {
  for (const rule of compiled.rules) {
    const head = matchAt(rule.pattern, view, at);
    if (!head) continue;
    const read = readAdjuncts(view, at + head[0].length, rule, compiled);
    if (read.facts.length > 0) return read;
  }
  return undefined;
}

function readAdjuncts(
  view: string,
  from: number,
  rule: CompiledRule,
  compiled: Compiled,
): { facts: Fact[]; end: number } {
  const facts: Fact[] = [];
  const used = new Set<string>();
  let end = from;
  for (let found = true; found; ) {
    found = false;
    // After the head comes no space; before a further adjunct there is one.
    const place = end === from ? from : end + (matchAt(space, view, end)?.[0].length ?? 0);
    for (const adjunct of rule.compiledAdjuncts) {
      if (used.has(adjunct.predicate) || (adjunct.qualifier && facts.length === 0)) continue;
      const marker = matchAt(adjunct.pattern, view, place);
      const match = marker && readSlot(adjunct.slot, view, place + marker[0].length, compiled);
      if (!match) continue;
      used.add(adjunct.predicate);
      end = match.end;
      if (adjunct.tailPattern) end += matchAt(adjunct.tailPattern, view, end)?.[0].length ?? 0;
      found = true;
      if (adjunct.qualifier) qualify(facts, adjunct.predicate, match.values, compiled.grammar.lang);
      else for (const value of match.values) facts.push({ rule, predicate: adjunct.predicate, value, qualifiers: [] });
      break;
    }
  }
  return { facts, end };
}

const space = / +/uy;

function qualify(facts: Fact[], predicate: string, values: readonly SlotValue[], lang: string): void {
  const object = values[0]?.readings[0] as ClaimObject;
  facts.at(-1)?.qualifiers.push({ predicate: predicateOf(predicate, lang), object });
}

function predicateOf(surface: string, lang: string): PredicateRef {
  return { surface, lang };
}

function scored(
  fact: Fact,
  pronoun: boolean,
): Pick<Draft, 'confidence_bp' | 'notes'> & Partial<Pick<Draft, 'interval_bp'>> {
  const { approximate, readings } = fact.value;
  const taken: [applies: boolean, penalty: number, note: string][] = [
    [pronoun, penalties.pronoun, 'pronoun subject'],
    [fact.hedge !== undefined, penalties.hedge, `hedged: ${fact.hedge}`],
    [approximate, penalties.approximate, 'approximate'],
    [readings.length > 1, penalties.alternative, `one of ${readings.length} alternatives`],
  ];
  const applied = taken.filter(([applies]) => applies);
  const bp = applied.reduce((score, [, penalty]) => score - penalty, fact.rule.confidence_bp);
  return {
    confidence_bp: Math.max(0, bp),
    notes: applied.map(([, , note]) => note),
    ...(approximate
      ? { interval_bp: [Math.max(0, bp - approximateSpread), Math.min(10_000, bp + approximateSpread)] as const }
      : {}),
  };
}
