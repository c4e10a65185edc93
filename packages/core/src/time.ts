const dayMs = 86_400_000;

/** Days from 1970-01-01 to a date of the Gregorian calendar; years are counted from March, so that a leap day is the last. */
const daysOf = (year: number, month: number, day: number): number => {
  const y = month > 2 ? year : year - 1;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return (
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  );
};

const dateOf = (days: number): { year: number; month: number; day: number } => {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
};

const pad = (value: number, digits: number): string => String(value).padStart(digits, '0');

/** Milliseconds from 1970-01-01 to a time (RFC 3339, UTC, milliseconds). */
export function epochMs(time: string): number {
  const part = (from: number, to: number): number => Number(time.slice(from, to));
  const ofDay = ((part(11, 13) * 60 + part(14, 16)) * 60 + part(17, 19)) * 1000 + part(20, 23);
  return daysOf(part(0, 4), part(5, 7), part(8, 10)) * dayMs + ofDay;
}

/** The time so many milliseconds after 1970-01-01. */
export function timeOf(ms: number): string {
  const days = Math.floor(ms / dayMs);
  const rest = ms - days * dayMs;
  const { year, month, day } = dateOf(days);
  const [hours, minutes, seconds] = [
    Math.floor(rest / 3_600_000),
    Math.floor(rest / 60_000) % 60,
    Math.floor(rest / 1000) % 60,
  ];
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}T${pad(hours, 2)}:${pad(minutes, 2)}:${pad(seconds, 2)}.${pad(rest % 1000, 3)}Z`;
}

/**
 * The time so many whole milliseconds after another (RFC 3339, UTC, milliseconds). Calendar arithmetic without a clock.
 * @example after('2024-02-28T23:59:59.900Z', 100) // '2024-02-29T00:00:00.000Z'
 */
export const after = (time: string, ms: number): string => timeOf(epochMs(time) + ms);

/** Milliseconds from 1970-01-01 to the beginning of a day of the Gregorian calendar. */
export const epochMsOfDay = (year: number, month: number, day: number): number => daysOf(year, month, day) * dayMs;
