import { Fault } from '@orgo/runtime/errors';
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
  close(): Promise<void>;
};

const asFault = (cause: unknown): never => {
  throw new Fault('DATABASE_UNAVAILABLE', { cause });
};

const checkpointOf = (row: { size: bigint; root: Uint8Array; note: string }): StoredCheckpoint => ({
  size: Number(row.size),
  root: row.root,
  note: row.note,
});

export function createReads({ databaseUrl, schema }: { databaseUrl: string; schema: string }): Reads {
  const pool = { connectionString: databaseUrl, max: 2, options: `-c search_path=${schema}` };
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool, { schema }) });
  return {
    async newest(tenantId) {
      const row = await prisma.logCheckpoint
        .findFirst({ where: { tenantId }, orderBy: { size: 'desc' } })
        .catch(asFault);
      return row === null ? null : checkpointOf(row);
    },
    async checkpointsAbove(tenantId, size, take) {
      const rows = await prisma.logCheckpoint
        .findMany({ where: { tenantId, size: { gt: size } }, orderBy: { size: 'asc' }, take })
        .catch(asFault);
      return rows.map(checkpointOf);
    },
    async leavesFrom(tenantId, index, take) {
      const rows = await prisma.logLeaf
        .findMany({ where: { tenantId, idx: { gte: index } }, orderBy: { idx: 'asc' }, take })
        .catch(asFault);
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
      const rows = await prisma.logNode
        .findMany({ where: { tenantId, level, idx: { gte: from, lt: to } }, orderBy: { idx: 'asc' } })
        .catch(asFault);
      return rows.map(({ idx, hash }) => ({ index: Number(idx), hash }));
    },
    close: () => prisma.$disconnect(),
  };
}
