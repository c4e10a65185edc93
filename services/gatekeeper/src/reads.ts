import { Fault } from '@orgo/runtime/errors';
import { PrismaPg } from '@prisma/adapter-pg';
import type { NodeGate, ReleaseCloseFacts, ReleaseFacts, ReleaseGate, ReportFacts } from './domain/index.ts';
import { PrismaClient } from './generated/prisma/client.ts';

/** What the gatekeeper itself decided before, as claims about releases and nodes are judged by it. Committed rows only. */
export type Reads = {
  /** The build's own gate; null for one it never heard of. */
  build(tenant: string, build: string): Promise<ReleaseFacts['build']>;
  /** Nodes whose last report about the release was confirmed. */
  confirmed(tenant: string, release: string): Promise<ReleaseCloseFacts['confirmed']>;
  /** The key enrolled for a node. */
  node(tenant: string, instance: string): Promise<{ key_id: string; public_key: string } | null>;
  nonceUsed(tenant: string, instance: string, nonce: string): Promise<boolean>;
  /** What an authorized release may be on a node. */
  release(tenant: string, release: string): Promise<ReportFacts['release']>;
  close(): Promise<void>;
};

const asFault = (cause: unknown): never => {
  throw new Fault('DATABASE_UNAVAILABLE', { cause });
};

export function createReads({ databaseUrl, schema }: { databaseUrl: string; schema: string }): Reads {
  const pool = { connectionString: databaseUrl, max: 2, options: `-c search_path=${schema}` };
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool, { schema }) });
  const keyOf = (tenantId: string, id: string) => ({ where: { tenantId_id: { tenantId, id } } });
  return {
    async build(tenant, build) {
      const row = await prisma.gate.findUnique(keyOf(tenant, build)).catch(asFault);
      if (row === null) return null;
      return {
        closed: row.phase === 'CLOSED',
        quarantined: (row.state as { quarantined: unknown }).quarantined !== null,
      };
    },
    async confirmed(tenantId, release) {
      const where = {
        tenantId,
        AND: [
          { state: { path: ['last', 'release_id'], equals: release } },
          { state: { path: ['last', 'verdict'], equals: 'PASS' } },
        ],
      };
      const rows = await prisma.enrolledNode.findMany({ where, orderBy: { id: 'asc' } }).catch(asFault);
      return rows.flatMap(({ id, state }) => {
        const { last } = state as unknown as NodeGate;
        return last === null ? [] : [{ instance_id: id, decision: last.decision }];
      });
    },
    async node(tenant, instance) {
      const row = await prisma.enrolledNode.findUnique(keyOf(tenant, instance)).catch(asFault);
      const { key_id, public_key } = (row?.state ?? { key_id: null, public_key: null }) as unknown as NodeGate;
      return key_id === null || public_key === null ? null : { key_id, public_key };
    },
    async nonceUsed(tenantId, instanceId, nonce) {
      return (await prisma.nodeNonce.count({ where: { tenantId, instanceId, nonce } }).catch(asFault)) > 0;
    },
    async release(tenant, release) {
      const row = await prisma.releaseGate.findUnique(keyOf(tenant, release)).catch(asFault);
      const { pack_id, channel, release_seq, decisions } = (row?.state ?? { pack_id: null }) as unknown as ReleaseGate;
      const decision = decisions?.[0];
      return pack_id === null || channel === null || decision === undefined
        ? null
        : { pack_id, channel, release_seq, decision };
    },
    close: () => prisma.$disconnect(),
  };
}
