import type { TimePrecision } from '../claim-ir-values.ts';

/** A time value as a closed range of day numbers: a year covers its 365 or 366 days. */
export type DayRange = { first: number; last: number };

type Parts = { year: number; month: number; day: number; time: string };

const shape = /^(-?\d{4,})-(\d{2})-(\d{2})(?:T(.*))?$/;
const timeShape = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d|60)(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?$/;

/** Calendars that a value may name; anything else is counted as Gregorian. */
function isJulian(calendar: string | undefined): boolean {
  return calendar !== undefined && /julian|Q1985786/i.test(calendar);
}

function partsOf(iso8601: string): Parts | undefined {
  const match = shape.exec(iso8601);
  if (!match) return undefined;
  return { year: Number(match[1]), month: Number(match[2]), day: Number(match[3]), time: match[4] ?? '' };
}

function isLeap(year: number, julian: boolean): boolean {
  return year % 4 === 0 && (julian || year % 100 !== 0 || year % 400 === 0);
}

function daysIn(year: number, month: number, julian: boolean): number {
  if (month === 2) return isLeap(year, julian) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Whether the text names a day that exists, and a time of day where it names one. */
export function isPossibleTime(value: { iso8601: string; calendar?: string | undefined }): boolean {
  const parts = partsOf(value.iso8601);
  if (!parts || parts.month < 1 || parts.month > 12 || parts.day < 1) return false;
  if (parts.day > daysIn(parts.year, parts.month, isJulian(value.calendar))) return false;
  return parts.time === '' || timeShape.test(parts.time);
}

/** Days since 0000-03-01, proleptic Gregorian. Values in another calendar are compared by their written date. */
function dayNumber(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const ofEra = y - era * 400;
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear;
}

/** The days a value may mean at its precision, or undefined where the value is impossible. Without a precision it is a day. */
export function dayRange(value: {
  iso8601: string;
  precision?: TimePrecision | undefined;
  calendar?: string | undefined;
}): DayRange | undefined {
  const parts = partsOf(value.iso8601);
  if (!parts || !isPossibleTime(value)) return undefined;
  const { year, month, day } = parts;
  if (value.precision === 'year') return { first: dayNumber(year, 1, 1), last: dayNumber(year, 12, 31) };
  if (value.precision === 'month') {
    return { first: dayNumber(year, month, 1), last: dayNumber(year, month, daysIn(year, month, false)) };
  }
  return { first: dayNumber(year, month, day), last: dayNumber(year, month, day) };
}

/** Whether one range lies within the other: a year and a day of it do not contradict each other. */
export function nested(a: DayRange, b: DayRange): boolean {
  return (a.first <= b.first && b.last <= a.last) || (b.first <= a.first && a.last <= b.last);
}
