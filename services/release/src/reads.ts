import type { NodeView, ReleaseStatus, ReleaseTarget, TargetState } from '@orgo/contracts';
import type { CohortMember } from '@orgo/core';
import type { PageOf } from '@orgo/runtime/http-asked';
import type { Db } from '@orgo/store/db';
import { type Finding, openReading, type Reading } from '@orgo/store/reading';
import { PrismaPg } from '@prisma/adapter-pg';
import { type NodeState, nodeView, type ReleaseState, restored, type StoredRelease, statusOf } from './domain/index.ts';
import { PrismaClient } from './generated/prisma/client.ts';
import { observe } from './ledger/observe.ts';

export type Page<T> = { items: T[]; next_cursor: string | null };

/** What lists and status pages show. Reads committed rows; what it says may be old by the time it is read. */
export type Reads = {
  status(tenant: string, release: string): Promise<ReleaseStatus | null>;
  state(tenant: string, release: string): Promise<ReleaseState | null>;
  /** The release that an idempotency key stands for. */
  byRequest(tenant: string, key: string): Promise<ReleaseState | null>;
  /** Newest first: ids sort by the time they were made. */
  releases(tenant: string, page: PageOf): Promise<Page<ReleaseStatus>>;
  /** A node as it is judged by when it speaks or joins: under the ring’s role, as what is then written. */
  node(tenant: string, instance: string): Promise<NodeState | null>;
  /** A node as the API shows it, with its enrollment number. */
  nodeView(tenant: string, instance: string): Promise<NodeView | null>;
  /** By name. */
  nodes(tenant: string, page: PageOf): Promise<Page<NodeView>>;
  /** Nodes that follow a channel now, as cohorts are judged by. */
  members(tenant: string, channel: string): Promise<CohortMember[]>;
  /** The ledger of a release, by name. */
  targets(tenant: string, release: string, page: PageOf): Promise<Page<ReleaseTarget>>;
  /** Runs SQL for a tenant, as a reader of its rows. */
  of: Reading['of'];
  close(): Promise<void>;
};

const pageOf = <R extends { id: string }, T>(rows: R[], limit: number, show: (row: R) => T): Page<T> => {
  const shown = rows.slice(0, limit);
  return { items: shown.map(show), next_cursor: rows.length > limit ? (shown.at(-1)?.id ?? null) : null };
};

type Rows = Finding<PrismaClient, 'release' | 'node' | 'releaseTarget'>;

type TargetRow = {
  instanceId: string;
  step: number;
  late: boolean;
  state: string;
  reasonCode: string | null;
  activePackId: string | null;
} & Record<'offeredAt' | 'verifiedAt' | 'activatedAt' | 'confirmedAt' | 'revertedAt', Date | null> & {
    updatedAt: Date;
  };

const timeOf = (at: Date | null): string | null => at?.toISOString() ?? null;

const showTarget = (row: TargetRow): ReleaseTarget => ({
  instance_id: row.instanceId,
  step: row.step,
  late: row.late,
  state: row.state as TargetState,
  reason_code: row.reasonCode,
  active_pack_id: row.activePackId,
  offered_at: timeOf(row.offeredAt),
  verified_at: timeOf(row.verifiedAt),
  activated_at: timeOf(row.activatedAt),
  confirmed_at: timeOf(row.confirmedAt),
  reverted_at: timeOf(row.revertedAt),
  updated_at: row.updatedAt.toISOString(),
});

const nodeText = 'SELECT state FROM node WHERE tenant_id = $1 AND id = $2';
const clockText = `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS now`;

const showNode = ({ state, enrollment }: { state: unknown; enrollment: bigint | null }): NodeView =>
  nodeView(state as NodeState, enrollment === null ? null : Number(enrollment));

export function createReads({ databaseUrl, schema, db }: { databaseUrl: string; schema: string; db: Db }): Reads {
  const reading = openReading({ url: databaseUrl, schema });
  const prisma = new PrismaClient({ adapter: new PrismaPg(reading.pool, { schema }) });
  const find = <T>(tenant: string, ask: (rows: Rows) => Promise<T>): Promise<T> =>
    reading.as(tenant, () => ask(prisma));
  const releaseOf = (tenantId: string, id: string) =>
    find(tenantId, ({ release }) => release.findFirst({ where: { tenantId, id } }));

  const stateOf = (row: { state: unknown }): ReleaseState => restored(row.state as StoredRelease);
  const view = async (row: { tenantId: string; id: string; state: unknown }): Promise<ReleaseStatus> => {
    const state = stateOf(row);
    const [observed, clock] = await Promise.all([
      observe(reading.of(row.tenantId), state),
      reading.of(row.tenantId).query<{ now: string }>({ name: 'clock', text: clockText }),
    ]);
    return statusOf(state, observed, clock.rows[0]?.now ?? '');
  };

  return {
    async status(tenant, release) {
      const row = await releaseOf(tenant, release);
      return row === null ? null : view(row);
    },
    async state(tenant, release) {
      const row = await releaseOf(tenant, release);
      return row === null ? null : stateOf(row);
    },
    async byRequest(tenantId, requestKey) {
      const row = await find(tenantId, ({ release }) => release.findFirst({ where: { tenantId, requestKey } }));
      return row === null ? null : stateOf(row);
    },
    async releases(tenantId, { cursor, limit }) {
      const rows = await find(tenantId, ({ release }) =>
        release.findMany({
          where: { tenantId, ...(cursor === null ? {} : { id: { lt: cursor } }) },
          orderBy: { id: 'desc' },
          take: limit + 1,
        }),
      );
      const page = pageOf(rows, limit, (row) => row);
      return { ...page, items: await Promise.all(page.items.map(view)) };
    },
    async node(tenantId, id) {
      // Asked twice for every report of every node.
      const { rows } = await db.query<{ state: NodeState }>({ name: 'node_read', text: nodeText }, [tenantId, id]);
      return rows[0]?.state ?? null;
    },
    async nodeView(tenantId, id) {
      const row = await find(tenantId, ({ node }) => node.findFirst({ where: { tenantId, id } }));
      return row === null ? null : showNode(row);
    },
    async nodes(tenantId, { cursor, limit }) {
      const rows = await find(tenantId, ({ node }) =>
        node.findMany({
          where: { tenantId, ...(cursor === null ? {} : { id: { gt: cursor } }) },
          orderBy: { id: 'asc' },
          take: limit + 1,
        }),
      );
      return pageOf(rows, limit, showNode);
    },
    async members(tenantId, channel) {
      const rows = await find(tenantId, ({ node }) =>
        node.findMany({
          where: { tenantId, channel, phase: 'ENROLLED' },
          select: { id: true, enrollment: true, state: true },
          orderBy: { id: 'asc' },
        }),
      );
      return rows.map(({ id, enrollment, state }) => ({
        instance_id: id,
        enrollment: Number(enrollment ?? 0),
        labels: (state as unknown as NodeState).identity?.labels ?? {},
      }));
    },
    async targets(tenantId, releaseId, { cursor, limit }) {
      const rows = await find(tenantId, ({ releaseTarget }) =>
        releaseTarget.findMany({
          where: { tenantId, releaseId, ...(cursor === null ? {} : { instanceId: { gt: cursor } }) },
          orderBy: { instanceId: 'asc' },
          take: limit + 1,
        }),
      );
      return pageOf(
        rows.map((row) => ({ ...row, id: row.instanceId })),
        limit,
        showTarget,
      );
    },
    of: reading.of,
    async close() {
      await prisma.$disconnect();
      await reading.close();
    },
  };
}
