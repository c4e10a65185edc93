import { type Finding, openReading, type Reading } from '@orgo/store/reading';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from './generated/prisma/client.ts';
import type { LeafRow } from './leaves.ts';

export type StoredCheckpoint = { size: number; root: Uint8Array; note: string };

/** What routes read of the log: committed rows, of which nothing is believed yet. */
export type Reads = {
  /** The newest checkpoint; null where nothing was sealed. */
  newest(tenant: string): Promise<StoredCheckpoint | null>;
  /** Checkpoints of more than `size` entries, in order, some at a time. */
  checkpointsAbove(tenant: string, size: number, limit: number): Promise<StoredCheckpoint[]>;
  /** Entries from an index on, in order, some at a time. */
  leavesFrom(tenant: string, index: number, limit: number): Promise<LeafRow[]>;
  /** Stored inner nodes over entries from `from` up to `to`, in order of level and index. */
  nodesOver(tenant: string, level: number, from: number, to: number): Promise<{ index: number; hash: Uint8Array }[]>;
  /** Runs SQL of the log for a tenant, as a reader of its rows. */
  of: Reading['of'];
  close(): Promise<void>;
};

const checkpointOf = (row: { size: bigint; root: Uint8Array; note: string }): StoredCheckpoint => ({
  size: Number(row.size),
  root: row.root,
  note: row.note,
});

type Rows = Finding<PrismaClient, 'logCheckpoint' | 'logLeaf' | 'logNode'>;

/** Reads under the role that row policies bind: a tenant's rows and no others. */
export function createReads({ databaseUrl, schema }: { databaseUrl: string; schema: string }): Reads {
  const reading = openReading({ url: databaseUrl, schema });
  const prisma = new PrismaClient({ adapter: new PrismaPg(reading.pool, { schema }) });
  const find = <T>(tenant: string, ask: (rows: Rows) => Promise<T>): Promise<T> =>
    reading.as(tenant, () => ask(prisma));
  return {
    async newest(tenantId) {
      const row = await find(tenantId, ({ logCheckpoint }) =>
        logCheckpoint.findFirst({ where: { tenantId }, orderBy: { size: 'desc' } }),
      );
      return row === null ? null : checkpointOf(row);
    },
    async checkpointsAbove(tenantId, size, take) {
      const rows = await find(tenantId, ({ logCheckpoint }) =>
        logCheckpoint.findMany({ where: { tenantId, size: { gt: size } }, orderBy: { size: 'asc' }, take }),
      );
      return rows.map(checkpointOf);
    },
    async leavesFrom(tenantId, index, take) {
      const rows = await find(tenantId, ({ logLeaf }) =>
        logLeaf.findMany({ where: { tenantId, idx: { gte: index } }, orderBy: { idx: 'asc' }, take }),
      );
      return rows.map((row) => ({
        idx: row.idx,
        leaf: row.leaf,
        leaf_hash: row.leafHash,
        decision_digest: row.decisionDigest,
        build_id: row.buildId,
        stage: row.stage,
        kind: row.kind,
        proof: row.proof as LeafRow['proof'],
        authorizations: row.authorizations as unknown as LeafRow['authorizations'],
      }));
    },
    async nodesOver(tenantId, level, from, to) {
      const rows = await find(tenantId, ({ logNode }) =>
        logNode.findMany({ where: { tenantId, level, idx: { gte: from, lt: to } }, orderBy: { idx: 'asc' } }),
      );
      return rows.map(({ idx, hash }) => ({ index: Number(idx), hash }));
    },
    of: reading.of,
    async close() {
      await prisma.$disconnect();
      await reading.close();
    },
  };
}
