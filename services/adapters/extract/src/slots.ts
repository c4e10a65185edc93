import type { ClaimObject } from '@orgo/kristal';
import type { Compiled } from './grammar/compiled.ts';
import type { Slot } from './grammar/grammar.ts';
import { exactNumber, scaledNumeral } from './numbers.ts';

/** One value found in a slot: its readings (more than one for "A or B") and whether the text calls it approximate. */
export type SlotValue = { readings: ClaimObject[]; approximate: boolean; inexact: boolean };
export type SlotMatch = { values: SlotValue[]; end: number };

type Reader = (text: string, at: number, c: Compiled) => SlotMatch | undefined;

/** Reads a slot at a place of the pattern view, or answers undefined where the text is something else. */
export function readSlot(slot: Slot, text: string, at: number, compiled: Compiled): SlotMatch | undefined {
  return readers[slot](text, at, compiled);
}

/** Runs a sticky pattern at a place. */
export function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

const one = (readings: ClaimObject[], end: number, approximate = false, inexact = false): SlotMatch => ({
  values: [{ readings, approximate, inexact }],
  end,
});

function skipApproximate(text: string, at: number, c: Compiled): number {
  return at + (matchAt(c.approximate, text, at)?.[0].length ?? 0);
}

const pad = (value: number, width: number) => String(value).padStart(width, '0');

/** The day is not checked against the calendar: an impossible date is the validator's to name, not ours to hide. */
function time(year: string, month: number | undefined, day: string | undefined): ClaimObject {
  const precision = day !== undefined ? 'day' : month !== undefined ? 'month' : 'year';
  const iso8601 = `${pad(Number(year), 4)}-${pad(month ?? 1, 2)}-${pad(Number(day ?? 1), 2)}`;
  return { kind: 'time', value: { iso8601, precision } };
}

function date(text: string, at: number, c: Compiled): { object: ClaimObject; end: number } | undefined {
  for (const pattern of c.dates) {
    const found = matchAt(pattern, text, at);
    if (!found?.groups) continue;
    const { year, month, day } = found.groups;
    const monthNumber = month === undefined ? undefined : c.grammar.months.indexOf(month) + 1;
    return { object: time(year as string, monthNumber, day), end: at + found[0].length };
  }
  return undefined;
}

const readDate: Reader = (text, start, c) => {
  const at = skipApproximate(text, start, c);
  const approximate = at > start;
  const days = matchAt(c.dayOrDay, text, at);
  if (days?.groups) {
    const { first, second, month, year } = days.groups as Record<string, string>;
    const number = c.grammar.months.indexOf(month as string) + 1;
    const readings = [first, second].map((day) => time(year as string, number, day));
    return one(readings, at + days[0].length, approximate);
  }
  const found = date(text, at, c);
  if (!found) return undefined;
  const or = matchAt(c.or, text, found.end);
  const other = or && date(text, skipApproximate(text, found.end + or[0].length, c), c);
  return other
    ? one([found.object, other.object], other.end, approximate)
    : one([found.object], found.end, approximate);
};

const readName: Reader = (text, at, c) => {
  const found = matchAt(c.name, text, at);
  if (!found?.groups) return undefined;
  const item = (surface: string): ClaimObject => ({ kind: 'item', value: { surface, lang: c.grammar.lang } });
  let end = at + found[0].length;
  const readings = [item(found.groups.name as string)];
  for (let next = matchAt(c.nextName, text, end); next?.groups; next = matchAt(c.nextName, text, end)) {
    readings.push(item(next.groups.name as string));
    end += next[0].length;
  }
  // "London, England": the wider place is context of the name, not a value of its own.
  end += matchAt(c.placeTail, text, end)?.[0].length ?? 0;
  return one(readings, end);
};

const readNouns: Reader = (text, at, c) => {
  const values: SlotValue[] = [];
  let end = at;
  for (let place = at; ; ) {
    const found = matchAt(c.noun, text, place);
    if (!found?.groups) break;
    const words = found.groups.noun as string;
    const known = [words, words.split(/ +/)[0] as string].find((noun) => c.grammar.occupations.includes(noun));
    if (known === undefined) break;
    const lead = found[0].length - words.length;
    end = place + lead + known.length;
    values.push({
      readings: [{ kind: 'item', value: { surface: known, lang: c.grammar.lang } }],
      approximate: false,
      inexact: false,
    });
    const separator = matchAt(c.nounSeparator, text, end);
    if (!separator) break;
    place = end + separator[0].length;
  }
  return values.length === 0 ? undefined : { values, end };
};

type Numeral = { text: string; value: number | undefined; end: number };

function numeral(text: string, at: number, c: Compiled): Numeral | undefined {
  const found = matchAt(c.number, text, at);
  if (!found?.groups) return undefined;
  const whole = (found.groups.number as string).replaceAll(c.grammar.numbers.group, '');
  const plain = found.groups.fraction === undefined ? whole : `${whole}.${found.groups.fraction}`;
  const end = at + found[0].length;
  const scale = matchAt(c.magnitude, text, end);
  const factor = scale?.groups ? c.grammar.magnitudes[scale.groups.magnitude as string] : undefined;
  const value = factor === undefined ? plain : scaledNumeral(plain, factor);
  return { text: value, value: exactNumber(value), end: end + (factor === undefined ? 0 : (scale?.[0].length ?? 0)) };
}

const readCount: Reader = (text, start, c) => {
  const at = skipApproximate(text, start, c);
  const found = numeral(text, at, c);
  if (!found) return undefined;
  const object: ClaimObject =
    found.value === undefined
      ? { kind: 'string', value: found.text }
      : { kind: 'quantity', value: { amount: found.value } };
  const people = /^ +(?:people|inhabitants|habitants|d['’]habitants)(?!\p{L})/u.exec(
    text.slice(found.end, found.end + 20),
  );
  return one([object], found.end + (people?.[0].length ?? 0), at > start, found.value === undefined);
};

const readQuantity: Reader = (text, start, c) => {
  const at = skipApproximate(text, start, c);
  const found = numeral(text, at, c);
  const unit = found && matchAt(c.unit, text, found.end);
  if (!found || !unit?.groups) return undefined;
  const word = unit.groups.unit as string;
  const end = found.end + unit[0].length;
  const object: ClaimObject =
    found.value === undefined
      ? { kind: 'string', value: `${found.text} ${word}` }
      : { kind: 'quantity', value: { amount: found.value, unit_qid: c.grammar.units[word] as string } };
  return one([object], end, at > start, found.value === undefined);
};

const readCoord: Reader = (text, at, c) => {
  const found = matchAt(c.coord, text, at);
  if (!found?.groups) return undefined;
  const [, north = '', , east = ''] = found;
  const lat = exactNumber(found.groups.ns === 'S' ? `-${north}` : north);
  const lon = exactNumber(found.groups.ew === 'E' ? east : `-${east}`);
  if (lat === undefined || lon === undefined || Math.abs(lat) > 90 || Math.abs(lon) > 180) return undefined;
  return one([{ kind: 'coord', value: { lat, lon } }], at + found[0].length);
};

const readAward: Reader = (text, at, c) => {
  const found = matchAt(c.award, text, at);
  if (!found?.groups) return undefined;
  const surface = found.groups.award as string;
  return one([{ kind: 'item', value: { surface, lang: c.grammar.lang } }], at + found[0].length);
};

const readers: Readonly<Record<Slot, Reader>> = {
  date: readDate,
  name: readName,
  nouns: readNouns,
  count: readCount,
  quantity: readQuantity,
  coord: readCoord,
  award: readAward,
};
