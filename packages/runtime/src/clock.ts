/** Where time comes from. Deadlines that must agree between processes come from the database instead. */
export type Clock = {
  now(): Date;
  /** Milliseconds since an arbitrary start; never goes back. For durations. */
  monotonicMs(): number;
};

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};
