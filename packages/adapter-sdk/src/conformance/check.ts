import type { ReasonCode } from '@orgo/core';
import type { Stand } from './stand.ts';

/** What an adapter did that it must not, or did not do: the code it breaks, and what was seen. */
export class Nonconformance extends Error {
  readonly code: ReasonCode;
  constructor(code: ReasonCode, reason: string) {
    super(reason);
    this.code = code;
  }
}

/** Thrown by a check that cannot say anything here. */
export class NotApplicable extends Error {}

/** One thing an adapter must do. `run` returns when it does, and throws what else it saw. */
export type Check = { id: string; title: string; run(stand: Stand): Promise<void> };

/** Passes when `holds`. */
export function must(holds: boolean, code: ReasonCode, reason: string): asserts holds {
  if (!holds) throw new Nonconformance(code, reason);
}
