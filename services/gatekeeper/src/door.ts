import type { ReasonCode } from '@orgo/contracts';
import type { ItemResult } from '@orgo/store/machine';
import { unproven } from './domain/index.ts';
import type { VerifiedReplyItem } from './verified.ts';

/**
 * Keeps a flood of signed replies that move nothing from growing log and inbox without end. What it turns away is answered with its code, counted, and
 * leaves no row. It never turns away a reply that could still be accepted.
 */
export type Door = {
  /** Why a reply is turned away; null lets it in. */
  turnsAway(reply: VerifiedReplyItem): ReasonCode | null;
  /** Told what became of a reply that was let in. */
  learn(reply: VerifiedReplyItem, result: ItemResult): void;
};

/** Refusals that stand for good: for that stage and epoch nothing will ever be accepted. */
const forGood: ReadonlySet<ReasonCode> = new Set([
  'REPLY_STALE_ATTEMPT',
  'REPLY_EQUIVOCATION',
  'NONDETERMINISM_DETECTED',
  'GATE_SUBJECT_CLOSED',
]);

/** Replies of one stage and epoch that are refused for good before the next is turned away unread. */
const maxForGood = 64;
const maxRemembered = 4096;

/** Unproven replies that a tenant may have on record at once, and how fast that room comes back. */
const room = 256;
const refillMs = 10_000;

type Over = { count: number; code: ReasonCode };

/** `nowMs` is a monotonic clock. */
export function createDoor(nowMs: () => number = () => performance.now()): Door {
  const buckets = new Map<string, { left: number; at: number }>();
  const over = new Map<string, Over>();

  /** A bucket per tenant; only tenants with a pinned root come this far. */
  const takeRoom = (tenant: string): boolean => {
    const bucket = buckets.get(tenant) ?? { left: room, at: nowMs() };
    const refill = Math.floor((nowMs() - bucket.at) / refillMs);
    const left = Math.min(room, bucket.left + refill);
    buckets.set(tenant, { left: Math.max(0, left - 1), at: bucket.at + refill * refillMs });
    return left > 0;
  };
  const nameOf = ({ reply }: VerifiedReplyItem): string =>
    `${reply.tenant_id} ${reply.build_id} ${reply.stage} ${reply.epoch}`;

  return {
    turnsAway(reply) {
      const code = unproven(reply);
      if (code !== null) return takeRoom(reply.reply.tenant_id) ? null : code;
      const ended = over.get(nameOf(reply));
      return ended !== undefined && ended.count >= maxForGood ? ended.code : null;
    },
    learn(reply, { outcome, code }) {
      if (outcome !== 'refused' || code === null || !forGood.has(code) || unproven(reply) !== null) return;
      const name = nameOf(reply);
      const count = (over.get(name)?.count ?? 0) + 1;
      over.delete(name);
      over.set(name, { count, code });
      const [oldest] = over.keys();
      if (over.size > maxRemembered && oldest !== undefined) over.delete(oldest);
    },
  };
}
