import type { ReasonCode } from '@orgo/contracts';
import type { Log } from './log.ts';

/**
 * Counts refused messages that no trusted key has signed, and that are never sealed. One costs a receiver neither rows nor, however many come, lines: each
 * code is logged until ten times, then at each power of ten, with its count.
 */
export type Noise = {
  /** `detail` may hold words of the sender; it is cut. */
  hear(code: ReasonCode, about: { tenant_id: string; detail: string }): void;
  /** How often each code was heard in this process. */
  counts(): Readonly<Record<string, number>>;
};

const spoken = 10;
const maxDetail = 300;

const isLoud = (count: number): boolean => count <= spoken || 10 ** Math.round(Math.log10(count)) === count;
const cut = (text: string): string => text.toWellFormed().slice(0, maxDetail).toWellFormed();

export function createNoise(log: Log): Noise {
  const counts = new Map<string, number>();
  return {
    hear(code, { tenant_id, detail }) {
      const count = (counts.get(code) ?? 0) + 1;
      counts.set(code, count);
      if (!isLoud(count)) return;
      log.warn({ code, count, tenant_id: cut(tenant_id), detail: cut(detail) }, 'refused: nobody can be held to it');
    },
    counts: () => Object.fromEntries(counts),
  };
}
