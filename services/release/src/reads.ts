import type { NodeView, ReleaseStatus } from '@orgo/contracts';
import { Fault } from '@orgo/runtime/errors';
import type { PageOf } from '@orgo/runtime/http-asked';
import { PrismaPg } from '@prisma/adapter-pg';
import { type NodeState, nodeView, type ReleaseState, statusOf } from './domain/index.ts';
import { PrismaClient } from './generated/prisma/client.ts';

export type Page<T> = { items: T[]; next_cursor: string | null };

/** What lists and status pages show. Reads committed rows; what it says may be old by the time it is read. */
export type Reads = {
  status(tenant: string, release: string): Promise<ReleaseStatus | null>;
  state(tenant: string, release: string): Promise<ReleaseState | null>;
  /** The release that an idempotency key stands for. */
  byRequest(tenant: string, key: string): Promise<ReleaseState | null>;
  /** Newest first: ids sort by the time they were made. */
  releases(tenant: string, page: PageOf): Promise<Page<ReleaseStatus>>;
  node(tenant: string, instance: string): Promise<NodeState | null>;
  /** A node as the API shows it, with its enrollment number. */
  nodeView(tenant: string, instance: string): Promise<NodeView | null>;
  /** By name. */
  nodes(tenant: string, page: PageOf): Promise<Page<NodeView>>;
  /** Names of the nodes that follow a channel now. */
  enrolled(tenant: string, channel: string): Promise<string[]>;
  close(): Promise<void>;
};

type Row = { id: string; version: bigint; state: unknown };

const pageOf = <R extends { id: string }, T>(rows: R[], limit: number, show: (row: R) => T): Page<T> => {
  const shown = rows.slice(0, limit);
  return { items: shown.map(show), next_cursor: rows.length > limit ? (shown.at(-1)?.id ?? null) : null };
};

const asFault = (cause: unknown): never => {
  throw new Fault('DATABASE_UNAVAILABLE', { cause });
};

const view = (row: Row): ReleaseStatus => statusOf(row.state as ReleaseState, Number(row.version));

const showNode = ({ state, enrollment }: { state: unknown; enrollment: bigint | null }): NodeView =>
  nodeView(state as NodeState, enrollment === null ? null : Number(enrollment));

export function createReads({ databaseUrl, schema }: { databaseUrl: string; schema: string }): Reads {
  const pool = { connectionString: databaseUrl, max: 2, options: `-c search_path=${schema}` };
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool, { schema }) });
  const find = (tenantId: string, id: string) =>
    prisma.release.findUnique({ where: { tenantId_id: { tenantId, id } } }).catch(asFault);

  return {
    async status(tenant, release) {
      const row = await find(tenant, release);
      return row === null ? null : view(row);
    },
    async state(tenant, release) {
      const row = await find(tenant, release);
      return row === null ? null : (row.state as ReleaseState);
    },
    async byRequest(tenantId, requestKey) {
      const row = await prisma.release.findFirst({ where: { tenantId, requestKey } }).catch(asFault);
      return row === null ? null : (row.state as ReleaseState);
    },
    async releases(tenantId, { cursor, limit }) {
      const rows = await prisma.release
        .findMany({
          where: { tenantId, ...(cursor === null ? {} : { id: { lt: cursor } }) },
          orderBy: { id: 'desc' },
          take: limit + 1,
        })
        .catch(asFault);
      return pageOf(rows, limit, view);
    },
    async node(tenantId, id) {
      const row = await prisma.node.findUnique({ where: { tenantId_id: { tenantId, id } } }).catch(asFault);
      return row === null ? null : (row.state as NodeState);
    },
    async nodeView(tenantId, id) {
      const row = await prisma.node.findUnique({ where: { tenantId_id: { tenantId, id } } }).catch(asFault);
      return row === null ? null : showNode(row);
    },
    async nodes(tenantId, { cursor, limit }) {
      const rows = await prisma.node
        .findMany({
          where: { tenantId, ...(cursor === null ? {} : { id: { gt: cursor } }) },
          orderBy: { id: 'asc' },
          take: limit + 1,
        })
        .catch(asFault);
      return pageOf(rows, limit, showNode);
    },
    async enrolled(tenantId, channel) {
      const rows = await prisma.node
        .findMany({ where: { tenantId, channel, phase: 'ENROLLED' }, select: { id: true }, orderBy: { id: 'asc' } })
        .catch(asFault);
      return rows.map(({ id }) => id);
    },
    close: () => prisma.$disconnect(),
  };
}
