import type { Tx } from '@orgo/store/db';
import type { Repo, SaveRow } from '@orgo/store/machine';
import { tableRepo } from '@orgo/store/repo';
import { textArray } from '@orgo/store/text-array';
import type { NodeEvent, NodeState } from './domain/index.ts';

type Row = SaveRow<NodeState, NodeEvent>;

const rows = tableRepo<NodeState, NodeEvent>('node');

const isEnrolledNow = ({ events }: Row): boolean => events.some(({ type }) => type === 'NodeEnrolled');

const number = `UPDATE node AS n SET enrollment = high.number + x.place::bigint
FROM unnest($2::text[], $3::text[]) AS x(id, place),
  (SELECT coalesce(max(enrollment), 0) AS number FROM node WHERE tenant_id = $1) AS high
WHERE n.tenant_id = $1 AND n.id = x.id`;

/**
 * Numbers the nodes that were enrolled, one writer per tenant at a time until it commits: whoever sees a number sees every node with a lower
 * one, which is what makes a frozen membership exact. Numbers are the tenant's, so that none comes again where a node left its channel.
 */
async function numberEnrolled(tx: Tx, enrolled: readonly Row[]): Promise<void> {
  const groups = Map.groupBy(enrolled, ({ key }) => key.tenant_id);
  // In one order everywhere, so that two batches do not wait for each other.
  for (const [tenant, group] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const lock = 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))';
    await tx.query({ name: 'enrollment_lock', text: lock }, [`orgo.enrollment.${tenant}`]);
    const ids = group.map(({ key }) => key.id);
    const places = group.map((_, place) => `${place + 1}`);
    await tx.query({ name: 'enrollment_number', text: number }, [tenant, textArray(ids), textArray(places)]);
  }
}

/** Where nodes are kept: their rows, and with `NodeEnrolled` the number under which their channel knows them. */
export const nodeRepo: Repo<NodeState, NodeEvent> = {
  load: rows.load,
  async save(tx, saved) {
    await rows.save(tx, saved);
    const enrolled = saved.filter(isEnrolledNow);
    if (enrolled.length > 0) await numberEnrolled(tx, enrolled);
  },
};
