import type { BuildStatus, CaseView, ReasonCode } from '@orgo/contracts';
import type { PageOf } from '@orgo/runtime/http-asked';
import type { Db } from '@orgo/store/db';
import { type Finding, openReading, type Reading } from '@orgo/store/reading';
import type { Snapshots } from '@orgo/store/snapshots';
import { textArray } from '@orgo/store/text-array';
import { PrismaPg } from '@prisma/adapter-pg';
import { type BuildState, type CaseState, caseView, statusOf } from './domain/index.ts';
import { PrismaClient } from './generated/prisma/client.ts';
import { type StoredBuild, withPipeline } from './repo.ts';

export type Page<T> = { items: T[]; next_cursor: string | null };

export type Named = { tenant_id: string; id: string };

/** What lists and status pages show. Reads committed rows; what it says may be old by the time it is read. */
export type Reads = {
  status(tenant: string, build: string): Promise<BuildStatus | null>;
  state(tenant: string, build: string): Promise<BuildState | null>;
  builds(tenant: string, page: PageOf): Promise<Page<BuildStatus>>;
  cases(tenant: string, page: PageOf): Promise<Page<CaseView>>;
  case(tenant: string, id: string): Promise<CaseView | null>;
  /** The code with which an act was refused that was asked for under this name; null where it was done. */
  refusalOf(tenant: string, build: string, request: string): Promise<ReasonCode | null>;
  /** Runs SQL for a tenant, as a reader of its rows. */
  of: Reading['of'];
  /** Versions of builds that are there, in no order. Asked for all who watch here at once, of several tenants: under the ring’s role. */
  versions(of: readonly Named[]): Promise<(Named & { version: number })[]>;
  close(): Promise<void>;
};

type Rows = Finding<PrismaClient, 'build' | 'case'>;

type BuildRow = { tenantId: string; id: string; version: bigint; state: unknown };

const pageOf = <Row extends { id: string }, T>(rows: Row[], limit: number, show: (row: Row) => T): Page<T> => {
  const shown = rows.slice(0, limit);
  return { items: shown.map(show), next_cursor: rows.length > limit ? (shown.at(-1)?.id ?? null) : null };
};

const versionsText = `SELECT tenant_id, id, version FROM build WHERE (tenant_id, id) IN (SELECT * FROM unnest($1::text[], $2::text[]))`;

const refusalText = `SELECT data ->> 'code' AS code FROM event
WHERE tenant_id = $1 AND machine = 'build' AND id = $2 AND type = 'ActRefused' AND data ->> 'request' = $3`;

export function createReads({
  db,
  databaseUrl,
  snapshots,
}: {
  db: Db;
  databaseUrl: string;
  snapshots: Snapshots;
}): Reads {
  const reading = openReading({ url: databaseUrl, schema: db.schema });
  const prisma = new PrismaClient({ adapter: new PrismaPg(reading.pool, { schema: db.schema }) });
  const find = <T>(tenant: string, ask: (rows: Rows) => Promise<T>): Promise<T> =>
    reading.as(tenant, () => ask(prisma));

  const states = async (rows: readonly BuildRow[]): Promise<BuildState[]> => {
    const stored = rows.map(({ state }) => state as StoredBuild);
    const pipelines = await snapshots.load(
      db,
      stored.map(({ pipeline_ref }) => pipeline_ref),
    );
    return stored.map((state) => withPipeline(state, pipelines));
  };
  const statuses = async (tenantId: string, rows: readonly BuildRow[]): Promise<Map<string, BuildStatus>> => {
    if (rows.length === 0) return new Map();
    const opened = await find(tenantId, (prisma) =>
      prisma.case.findMany({
        where: { tenantId, buildId: { in: rows.map(({ id }) => id) } },
        select: { id: true, buildId: true },
        orderBy: { id: 'asc' },
      }),
    );
    const built = await states(rows);
    return new Map(
      rows.map((row, at) => {
        const cases = opened.filter(({ buildId }) => buildId === row.id).map(({ id }) => id);
        return [row.id, statusOf(built[at] as BuildState, { version: Number(row.version), cases })];
      }),
    );
  };
  const buildOf = (tenantId: string, id: string) =>
    find(tenantId, ({ build }) => build.findFirst({ where: { tenantId, id } }));
  const before = (tenantId: string, { cursor, limit }: PageOf) => ({
    where: { tenantId, ...(cursor === null ? {} : { id: { lt: cursor } }) },
    orderBy: { id: 'desc' as const },
    take: limit + 1,
  });

  return {
    async status(tenant, build) {
      const row = await buildOf(tenant, build);
      return row === null ? null : ((await statuses(tenant, [row])).get(build) ?? null);
    },
    async state(tenant, build) {
      const row = await buildOf(tenant, build);
      return row === null ? null : ((await states([row]))[0] ?? null);
    },
    async builds(tenant, page) {
      const rows = await find(tenant, ({ build }) => build.findMany(before(tenant, page)));
      const shown = await statuses(tenant, rows);
      return pageOf(rows, page.limit, (row) => shown.get(row.id) as BuildStatus);
    },
    async cases(tenant, page) {
      const rows = await find(tenant, (prisma) => prisma.case.findMany(before(tenant, page)));
      return pageOf(rows, page.limit, (row) => caseView(row.state as CaseState));
    },
    async case(tenantId, id) {
      const row = await find(tenantId, (prisma) => prisma.case.findFirst({ where: { tenantId, id } }));
      return row === null ? null : caseView(row.state as CaseState);
    },
    async versions(of) {
      const { rows } = await db.query<Named & { version: string }>({ name: 'build_versions', text: versionsText }, [
        textArray(of.map(({ tenant_id }) => tenant_id)),
        textArray(of.map(({ id }) => id)),
      ]);
      return rows.map((row) => ({ ...row, version: Number(row.version) }));
    },
    async refusalOf(tenant, build, request) {
      const statement = { name: 'act_refused', text: refusalText };
      const { rows } = await reading.of(tenant).query<{ code: ReasonCode }>(statement, [tenant, build, request]);
      return rows[0]?.code ?? null;
    },
    of: reading.of,
    async close() {
      await prisma.$disconnect();
      await reading.close();
    },
  };
}
