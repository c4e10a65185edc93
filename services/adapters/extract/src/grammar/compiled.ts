import type { Adjunct, Grammar, Rule } from './grammar.ts';

export type CompiledAdjunct = Adjunct & { pattern: RegExp; tailPattern: RegExp | undefined };
export type CompiledRule = Rule & { pattern: RegExp; compiledAdjuncts: readonly CompiledAdjunct[] };

/** A grammar with its patterns built once. Every pattern is sticky: set `lastIndex`, then `exec`. */
export type Compiled = {
  grammar: Grammar;
  rules: readonly CompiledRule[];
  subject: RegExp;
  connector: RegExp;
  hedge: RegExp;
  name: RegExp;
  nextName: RegExp;
  placeTail: RegExp;
  noun: RegExp;
  nounSeparator: RegExp;
  award: RegExp;
  number: RegExp;
  magnitude: RegExp;
  approximate: RegExp;
  dates: readonly RegExp[];
  dayOrDay: RegExp;
  or: RegExp;
  unit: RegExp;
  coord: RegExp;
};

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
/** Longer words first, so that `square kilometres` wins over nothing and `of the` over `of`. Equal lengths keep table order. */
const oneOf = (words: readonly string[]) =>
  `(?:${[...words]
    .sort((a, b) => b.length - a.length)
    .map(escaped)
    .join('|')})`;
const edge = '(?![\\p{L}\\p{N}])';

export function compile(grammar: Grammar): Compiled {
  const hedges = oneOf(grammar.hedges);
  const sticky = (pattern: string) => {
    const spaced = pattern
      .replaceAll('{H}', `(?:${hedges} )?`)
      .replaceAll(/ \??/g, (space) => (space === ' ' ? ' +' : ' *'));
    return new RegExp(spaced, 'uy');
  };
  const word = "(?:\\p{Lu}\\.|St\\.|\\p{Lu}[\\p{L}\\p{M}'’-]*)";
  const name = `${word}(?: (?:${oneOf(grammar.joiners)} )?${word})*`;
  const article = `(?:${oneOf(grammar.articles)} ?(?=\\p{Lu}))?`;
  const months = oneOf(grammar.months);
  const year = `(?<year>\\d{3,4})${edge}`;
  const day = '(?<day>\\d{1,2})(?:st|nd|rd|th|er)?';
  const group = escaped(grammar.numbers.group);
  const number = `(?<number>\\d{1,3}(?:${group}\\d{3})+${edge}|\\d+)(?:${escaped(grammar.numbers.decimal)}(?<fraction>\\d+))?`;
  const degree = '(\\d{1,3}(?:\\.\\d{1,8})?) ?° ?';

  return {
    grammar,
    rules: grammar.rules.map((rule) => ({
      ...rule,
      pattern: sticky(rule.head),
      compiledAdjuncts: rule.adjuncts.map((adjunct) => ({
        ...adjunct,
        pattern: sticky(`,? ?${adjunct.marker}`),
        tailPattern: adjunct.tail === undefined ? undefined : sticky(adjunct.tail),
      })),
    })),
    subject: sticky(
      `(?:(?<pronoun>${oneOf(grammar.pronouns)})${edge}|${article}(?<name>${name}))(?: \\([^()]*\\))?(?:, [^,.;]{1,80},)? `,
    ),
    connector: sticky(grammar.connector),
    hedge: new RegExp(`(?<![\\p{L}])${hedges}${edge}`, 'u'),
    name: sticky(`${article}(?<name>${name})`),
    nextName: sticky(` ${escaped(grammar.or)} ${article}(?<name>${name})`),
    placeTail: sticky(`, ${name}(?=[,.;) ])`),
    noun: sticky(`(?:\\p{Lu}[\\p{L}-]* )*(?<noun>\\p{Ll}[\\p{L}-]*(?: \\p{Ll}[\\p{L}-]*)?)`),
    nounSeparator: sticky(`(?:, (?:${escaped(grammar.and)} )?| ${escaped(grammar.and)} )(?:(?:an?|the|une?) )?`),
    award: sticky(grammar.awards),
    number: sticky(number.replaceAll(' ', '[ ]')),
    magnitude: sticky(` (?<magnitude>${oneOf(Object.keys(grammar.magnitudes))})${edge}`),
    approximate: sticky(`(?:${grammar.approximate.join('|')}) ?`),
    dates: [
      sticky(`${day} (?<month>${months}) ${year}`),
      sticky(`(?<month>${months}) ${day},? ${year}`),
      sticky(`(?<month>${months}) ${year}`),
      sticky(year),
    ],
    dayOrDay: sticky(`(?<first>\\d{1,2}) ${escaped(grammar.or)} (?<second>\\d{1,2}) (?<month>${months}) ${year}`),
    or: sticky(` ${escaped(grammar.or)} (?:on |in )?`),
    unit: sticky(` ?(?<unit>${oneOf(Object.keys(grammar.units))})${edge}`),
    coord: sticky(`${degree}(?<ns>[NS]),? ${degree}(?<ew>[EWO])${edge}`),
  };
}
