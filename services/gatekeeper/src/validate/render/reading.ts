import type { LanguageTable, RenderFormat } from '@orgo/kristal';

// Reads what is written, and never writes: the way back from an output to values.

const references = new Map([
  ['&amp;', '&'],
  ['&lt;', '<'],
  ['&gt;', '>'],
  ['&quot;', '"'],
  ['&#39;', "'"],
]);

/** The text behind an escaped stretch. Null where something in it would act as markup, or is written in another way than the one agreed. */
export function readEscaped(written: string, format: RenderFormat): string | null {
  let text = '';
  for (let i = 0; i < written.length; i++) {
    const mark = written[i] as string;
    if (format === 'html') {
      if ('<>"\''.includes(mark)) return null;
      if (mark !== '&') {
        text += mark;
        continue;
      }
      const end = written.indexOf(';', i);
      const meant = references.get(written.slice(i, end + 1));
      if (end < 0 || meant === undefined) return null;
      text += meant;
      i = end;
    } else if (mark === '\\') {
      const next = written[++i];
      if (next === undefined || !'\\`*_[]<>|~&'.includes(next)) return null;
      text += next;
    } else if ('`*_[]<>|~&'.includes(mark)) return null;
    else text += mark;
  }
  return text;
}

/** How a text of the pack looks: the same characters, with those that nobody sees given as `\u{…}`, and nothing at all as `\u{}`. */
export function shown(original: string): string {
  let look = '';
  for (const mark of original)
    look += /^[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]$/u.test(mark)
      ? `\\u{${(mark.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`
      : mark;
  return look === '' ? '\\u{}' : look;
}

export const shows = (text: string, original: string): boolean => text === shown(original);

/** The number that a text writes in a language, or null: groups of three, no zero that claims more than is known, a minus of its own. */
export function readNumber(text: string, { decimal, group }: Pick<LanguageTable, 'decimal' | 'group'>): number | null {
  const negative = text.startsWith('−');
  const body = negative ? text.slice(1) : text;
  if (/^\d(\.\d+)?e[+-]\d+$/.test(body)) return signed(Number(body), negative);
  const [whole = '', fraction, ...more] = body.split(decimal);
  if (more.length > 0 || (fraction !== undefined && !/^\d*[1-9]$/.test(fraction))) return null;
  const [head = '', ...groups] = group === '' ? [whole] : whole.split(group);
  if (!/^(0|[1-9]\d*)$/.test(head) || (group !== '' && head.length > 3)) return null;
  if (groups.some((three) => !/^\d{3}$/.test(three)) || (groups.length > 0 && head === '0')) return null;
  return signed(Number(`${head}${groups.join('')}${fraction === undefined ? '' : `.${fraction}`}`), negative);
}

const signed = (value: number, negative: boolean): number | null =>
  negative && value === 0 ? null : negative ? -value : value;

/** A date as a text writes it in a language: numbers, as far as it goes. Null where it writes none. */
export function readDate(
  text: string,
  { months, first }: Pick<LanguageTable, 'months' | 'first'>,
): { year: number; month?: number; day?: number } | null {
  const parts = text.split(' ');
  const year = parts.pop() ?? '';
  if (!/^[1-9]\d{0,3}$/.test(year) || parts.length > 2) return null;
  if (parts.length === 0) return { year: Number(year) };
  const month = months.indexOf(parts.pop() as string) + 1;
  if (month === 0) return null;
  const [day] = parts;
  if (day === undefined) return { year: Number(year), month };
  if (day === first) return { year: Number(year), month, day: 1 };
  return /^([2-9]|[12]\d|3[01])$/.test(day) ? { year: Number(year), month, day: Number(day) } : null;
}
