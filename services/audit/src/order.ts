import { type Digest, receiptServiceOf } from '@orgo/contracts';
import type { Queryable } from '@orgo/store/db';
import { textArray } from '@orgo/store/text-array';
import type { VerifiedDecision } from './decisions.ts';

/**
 * Keeps the order of a build in the log: a decision stands behind every one that it rests on, whichever of two gatekeepers handed it over first. Who reads
 * the log alone need not put it in order.
 */
export type Order = {
  /**
   * For each decision of a batch, one that it rests on and that is neither sealed nor sealed with it before it; null where there is none. Asks the
   * database for what this process has not seen sealed, once a batch.
   */
  lacking(tenant: string, batch: readonly VerifiedDecision[]): Promise<(Digest | null)[]>;
  /** These were sealed and committed; the log only grows, so it is true for ever. */
  sealed(tenant: string, digests: readonly Digest[]): void;
};

/** Digests that are remembered: of the builds under way, what their next decisions rest on. */
const most = 16_384;

const text =
  'SELECT decision_digest AS digest FROM log_leaf WHERE tenant_id = $1 AND decision_digest IN (SELECT unnest($2::text[]))';

/**
 * What a decision about a build rests on are decisions about that build. Those about releases, nodes and channels rest on what was decided about others, too,
 * and each was sealed before it was believed, or is asked for by itself.
 */
const restsOn = ({ decision: { kind, rests_on } }: VerifiedDecision): readonly Digest[] =>
  receiptServiceOf[kind] === 'orchestrator' ? (rests_on as Digest[]) : [];

export function createOrder(db: Queryable): Order {
  const seen = new Set<string>();
  const isSeen = (tenant: string, digest: Digest): boolean => seen.has(`${tenant} ${digest}`);
  const see = (tenant: string, digests: readonly Digest[]): void => {
    for (const digest of digests) seen.add(`${tenant} ${digest}`);
    for (const oldest of seen) {
      if (seen.size <= most) break;
      seen.delete(oldest);
    }
  };
  return {
    async lacking(tenant, batch) {
      const asked = new Set(batch.flatMap(restsOn).filter((digest) => !isSeen(tenant, digest)));
      const sealed = new Set<Digest>();
      if (asked.size > 0) {
        const { rows } = await db.query<{ digest: Digest }>({ name: 'log_leaves_sealed', text }, [
          tenant,
          textArray([...asked]),
        ]);
        for (const { digest } of rows) sealed.add(digest);
        see(tenant, [...sealed]);
      }
      return batch.map((decided) => {
        const lacks = restsOn(decided).find((digest) => !sealed.has(digest) && !isSeen(tenant, digest));
        if (lacks === undefined) sealed.add(decided.digest);
        return lacks ?? null;
      });
    },
    sealed: see,
  };
}
