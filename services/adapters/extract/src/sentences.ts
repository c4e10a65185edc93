/** A sentence in the raw text: UTF-16 range without surrounding space. */
export type Span = { start: number; end: number };

/**
 * A view of the text that patterns may read: line ends, tabs and the no-break spaces are plain spaces, one unit for one, so that every
 * index means the same place in both. The raw text itself is never changed.
 */
export function patternView(text: string): string {
  return text.replaceAll(/[\r\n\t\u00a0\u202f]/g, ' ');
}

const paragraph = /[^\n]+(?:\n(?!\s*\n)[^\n]+)*/g;
const markup = /^\s*(?:#{1,6}\s|[-*+]\s|\d+\.\s|>|\||```)/;

/**
 * Finds the sentences of a body: paragraphs first, then `.`, `!` or `?` before a space and a capital or an opening quote. Headings, lists,
 * quotations, tables and code fences are no prose and are passed over.
 * @param from first UTF-16 index of the body.
 */
export function sentences(text: string, from: number, abbreviations: readonly string[]): Span[] {
  const spans: Span[] = [];
  for (const match of text.slice(from).matchAll(paragraph)) {
    if (markup.test(match[0])) continue;
    const start = from + match.index;
    split(patternView(match[0]), start, abbreviations, spans);
  }
  return spans;
}

const ending = /[.!?]+["'”’)]*(?= +["'“‘(]?[\p{Lu}\p{N}]|\s*$)/gu;
// "J. Smith" goes on; "6.87° E." ends.
const initial = /(?:^|[\s(])(?<!° ?)\p{Lu}\.$/u;

function split(view: string, offset: number, abbreviations: readonly string[], into: Span[]): void {
  let start = 0;
  for (const match of view.matchAll(ending)) {
    const end = match.index + match[0].length;
    const head = view.slice(start, end);
    const last = end >= view.trimEnd().length;
    if (!last && (initial.test(head) || abbreviations.some((abbreviation) => endsWithWord(head, abbreviation))))
      continue;
    push(view, start, end, offset, into);
    start = end;
  }
  push(view, start, view.length, offset, into);
}

function endsWithWord(text: string, word: string): boolean {
  return text.endsWith(word) && !/\p{L}/u.test(text.at(-word.length - 1) ?? ' ');
}

function push(view: string, start: number, end: number, offset: number, into: Span[]): void {
  const text = view.slice(start, end);
  const trimmed = text.trim();
  if (trimmed === '') return;
  const lead = text.length - text.trimStart().length;
  into.push({ start: offset + start + lead, end: offset + start + lead + trimmed.length });
}
