/** Which of two times is later; null is before every time. All times here have one form, `timeSchema`, and sort as text. */
export const laterOf = (a: string | null, b: string | null): string | null =>
  a === null || (b !== null && b > a) ? b : a;

/**
 * The time a node judges by: its clock, or the highest time that something signed has said, where the clock is behind it. A clock that was set back
 * makes nothing fresh again that is over.
 */
export const trustedNow = (clock: string, floor: string | null): string => laterOf(clock, floor) ?? clock;
