import type { TaskBudget, TaskReport } from '@orgo/kristal';

/** What reading costs, in microseconds: a price list and no clock, so that the same task stops at the same row everywhere. */
export const prices = { query: 500, row: 5 } as const;

/** Charges what a task reads, before it is used. Once something ran out nothing more may be read. */
export class Meter {
  readonly #budget: TaskBudget;
  readonly used = { rows: 0, microseconds: 0, bytes: 0 };
  cut: TaskReport['cut'] = null;

  constructor(budget: TaskBudget) {
    this.#budget = budget;
  }

  /** Whether a question may be asked. `at` says where the task stands, for the report. */
  query(at: string): boolean {
    return this.#charge({ rows: 0, microseconds: prices.query, bytes: 0 }, at);
  }

  /** Whether a row of so many bytes may be used. */
  row(bytes: number, at: string): boolean {
    return this.#charge({ rows: 1, microseconds: prices.row, bytes }, at);
  }

  #charge(cost: Meter['used'], at: string): boolean {
    if (this.cut !== null) return false;
    const { rows, milliseconds, bytes } = this.#budget;
    const then = {
      rows: this.used.rows + cost.rows,
      microseconds: this.used.microseconds + cost.microseconds,
      bytes: this.used.bytes + cost.bytes,
    };
    const of =
      then.rows > rows
        ? 'rows'
        : then.microseconds > milliseconds * 1000
          ? 'milliseconds'
          : then.bytes > bytes
            ? 'bytes'
            : null;
    if (of !== null) {
      this.cut = { code: 'TASK_BUDGET_EXHAUSTED', of, at };
      return false;
    }
    Object.assign(this.used, then);
    return true;
  }
}
