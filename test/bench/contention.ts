/** What a slice saw of the rest of the machine. Seconds of processor time, all processors together. */
export type Load = { total: number; busy: number; steal: number; system: number; generator: number; partner: number };

/** Shares of the machine, 0 to 1: processes that belong to no side of the pair, and time the host took away. */
export type Contention = { other: number; steal: number; contended: boolean };

/** From these shares on a slice says nothing. */
export const limits = { other: 0.05, steal: 0.01 };

/**
 * Whether others disturbed a slice. `partner` is the idle other side of the pair: it runs beside every slice of the other, so it is told apart from
 * strangers.
 */
export function contentionOf(load: Load): Contention {
  const total = Math.max(load.total, Number.EPSILON);
  const other = Math.max(0, load.busy - load.system - load.generator - load.partner) / total;
  const steal = load.steal / total;
  return { other, steal, contended: other >= limits.other || steal >= limits.steal };
}
