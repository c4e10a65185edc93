import type { ReasonCode } from '@orgo/contracts';
import type { Log } from '@orgo/runtime/log';

/** Counts what nobody can be held to: it is refused and never sealed, so that noise cannot grow the log of a tenant. */
export type Noise = {
  hear(code: ReasonCode, about: { tenant_id: string; detail: string }): void;
  /** How often each code was heard in this process. */
  counts(): Readonly<Record<string, number>>;
};

/** Every one of a code until this many, then each power of ten. */
const spoken = 10;

const isLoud = (count: number): boolean => count <= spoken || 10 ** Math.round(Math.log10(count)) === count;

export function createNoise(log: Log): Noise {
  const counts = new Map<string, number>();
  return {
    hear(code, about) {
      const count = (counts.get(code) ?? 0) + 1;
      counts.set(code, count);
      if (isLoud(count)) log.warn({ code, count, ...about }, 'refused: nobody can be held to it');
    },
    counts: () => Object.fromEntries(counts),
  };
}
