import type { FsckReport, ReasonCode } from '@orgo/contracts';

export type Findings = {
  add(code: ReasonCode, place: string, detail: string): void;
  count(): number;
  list(): FsckReport['findings'];
};

/** What is spelled out; of what comes after that, only the number is told. */
const most = 1000;

export function createFindings(): Findings {
  const found: FsckReport['findings'] = [];
  let count = 0;
  return {
    add(code, place, detail) {
      count++;
      if (count <= most) found.push({ code, place, detail });
    },
    count: () => count,
    list() {
      const [last] = found.slice(-1);
      if (count <= most || last === undefined) return found;
      return [...found.slice(0, -1), { ...last, detail: `${last.detail}; ${count - most} more are not listed` }];
    },
  };
}
