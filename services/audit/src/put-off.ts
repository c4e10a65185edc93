import type { Digest, ReasonCode } from '@orgo/contracts';
import type { Log } from '@orgo/runtime/log';

/** What is known of a decision that cannot be sealed yet: why, how often it was asked for, and since when. */
type Standing = { since: number; tries: number; told: number };

/**
 * Tells of decisions that are asked for again and again and cannot be sealed, because their report cannot be read back or what they rest on is not sealed:
 * nothing of their build moves meanwhile. The first time is a warning (an error where bytes are not what they should be); one that still stands after a minute is a page, `fatal`, with
 * `DECISION_PUT_OFF` and the reason, again when twice as much time has gone by. What is sealed after all is told too.
 */
export type PutOff = {
  again(about: About, because: ReasonCode, more: { breach: boolean; err?: unknown }): void;
  sealed(digests: readonly Digest[]): void;
  /** How many decisions stand still in this process's sight. */
  count(): number;
};

/** `ref` is what the decision waits for: its report, or a decision that it rests on. */
type About = { tenant_id: string; build_id: string; digest: Digest; ref: string | undefined };

/** How long a decision may stand before somebody is called. */
const pageAfterMs = 60_000;

/** Decisions that are remembered; past them the oldest is forgotten, and counted from anew. */
const most = 4096;

/** `nowMs` is a monotonic clock. What is known is lost with the process: after a restart the minute begins again. */
export function createPutOff(log: Log, nowMs: () => number = () => performance.now()): PutOff {
  const standing = new Map<Digest, Standing>();
  return {
    again(about, because, { breach, err }) {
      const now = nowMs();
      const known = standing.get(about.digest);
      const one = known ?? { since: now, tries: 0, told: 0 };
      one.tries++;
      const line = { ...about, because, tries: one.tries, ...(err === undefined ? {} : { err }) };
      const waited_ms = Math.round(now - one.since);
      if (known === undefined) {
        const oldest = standing.size >= most ? standing.keys().next() : undefined;
        if (oldest?.done === false) standing.delete(oldest.value);
        standing.set(about.digest, one);
        log[breach ? 'error' : 'warn']({ ...line, code: because }, 'a decision cannot be sealed yet');
      } else if (waited_ms >= Math.max(pageAfterMs, 2 * one.told)) {
        one.told = waited_ms;
        log.fatal({ ...line, code: 'DECISION_PUT_OFF', waited_ms }, 'a decision stands still, and its build with it');
      }
    },
    sealed(digests) {
      if (standing.size === 0) return;
      for (const digest of digests) {
        const one = standing.get(digest);
        if (one === undefined) continue;
        standing.delete(digest);
        log.info({ digest, tries: one.tries, waited_ms: Math.round(nowMs() - one.since) }, 'sealed after all');
      }
    },
    count: () => standing.size,
  };
}
