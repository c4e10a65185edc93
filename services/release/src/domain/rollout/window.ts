import { type ReleaseFreeze, type ReleasePlan, type ReleaseWindow, weekdays } from '@orgo/contracts';
import { epochMs, epochMsOfDay } from '@orgo/core';

type Place = { year: number; month: number; day: number; weekday: number; minute: number };

const minute = 60_000;
const day = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** Clock and calendar of a zone; null where there is no such zone. */
function formatOf(zone: string): Intl.DateTimeFormat | null {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      weekday: 'short',
      hour: 'numeric',
      minute: 'numeric',
    });
    formats.set(zone, format);
    return format;
  } catch {
    return null;
  }
}

function placeOf(at: number, zone: string): Place | null {
  const format = formatOf(zone);
  if (format === null) return null;
  const part = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const number = (type: Intl.DateTimeFormatPartTypes): number => Number(part.get(type));
  return {
    year: number('year'),
    month: number('month'),
    day: number('day'),
    weekday: weekdays.indexOf((part.get('weekday') ?? '').slice(0, 3).toLowerCase() as (typeof weekdays)[number]),
    minute: number('hour') * 60 + number('minute'),
  };
}

const minuteOf = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));

function isOpen({ days, from, to, zone }: ReleaseWindow, at: number): boolean {
  const place = placeOf(at, zone);
  if (place === null) return false;
  const [start, end] = [minuteOf(from), minuteOf(to)];
  const on = (weekday: number): boolean => days.some((name) => weekdays.indexOf(name) === (weekday + 7) % 7);
  if (start < end) return on(place.weekday) && place.minute >= start && place.minute < end;
  return (on(place.weekday) && place.minute >= start) || (on(place.weekday - 1) && place.minute < end);
}

/** When a window opens next, at or after a time. Clocks that go forward over `from` open it at their next minute. */
function nextOpening(window: ReleaseWindow, after: number): number | null {
  if (isOpen(window, after)) return after;
  const start = minuteOf(window.from);
  for (let ahead = 0; ahead <= 8; ahead++) {
    const place = placeOf(after + ahead * day, window.zone);
    if (place === null) return null;
    const local = epochMsOfDay(place.year, place.month, place.day) + start * minute;
    const shown = placeOf(local, window.zone);
    if (shown === null) return null;
    const offset = epochMsOfDay(shown.year, shown.month, shown.day) + shown.minute * minute - local;
    // Around a change of the clocks the offset at the guess is another one: look at both sides of it.
    for (let at = local - offset - 60 * minute; at <= local - offset + 60 * minute; at += minute)
      if (at > after && isOpen(window, at)) return at;
  }
  return null;
}

const endOfFreeze = (freezes: readonly ReleaseFreeze[], at: number): number | null => {
  const inside = freezes.filter(({ from, to }) => epochMs(from) <= at && at < epochMs(to));
  return inside.length === 0 ? null : Math.max(...inside.map(({ to }) => epochMs(to)));
};

/** Openings looked at before a plan counts as impossible. */
const maxLooks = 400;

/**
 * The first moment at or after `at` when a step may be opened: inside a window (any, where there are none) and outside every freeze. Null where
 * there is none before `until`. The same function lists and enforces (times in milliseconds since 1970).
 */
export function opensAt(
  { windows, freezes }: Pick<ReleasePlan, 'windows' | 'freezes'>,
  at: number,
  until: number,
): number | null {
  let time = at;
  for (let look = 0; look < maxLooks && time <= until; look++) {
    const openings = windows.map((window) => nextOpening(window, time)).filter((opening) => opening !== null);
    if (windows.length > 0 && openings.length === 0) return null;
    const opening = windows.length === 0 ? time : Math.min(...openings);
    const frozen = endOfFreeze(freezes, opening);
    if (frozen === null) return opening <= until ? opening : null;
    time = frozen;
  }
  return null;
}

/** What makes windows or freezes impossible in themselves; null for none. */
export function windowFault({ windows, freezes }: Pick<ReleasePlan, 'windows' | 'freezes'>): string | null {
  for (const { zone, from, to } of windows) {
    if (formatOf(zone) === null) return `there is no time zone ${zone}`;
    if (from === to) return `a window from ${from} to ${to} never opens`;
  }
  const backward = freezes.find(({ from, to }) => from >= to);
  return backward === undefined ? null : `a freeze from ${backward.from} to ${backward.to} has no length`;
}
