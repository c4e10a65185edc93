import type { Digest } from '@orgo/contracts';
import { Fault } from '@orgo/runtime/errors';
import { poolBounds } from '@orgo/store/db';
import { PrismaPg } from '@prisma/adapter-pg';
import {
  type AuthorizedRelease,
  type ChannelGate,
  initialChannelGate,
  type NodeGate,
  type PackUse,
  type ReleaseCloseFacts,
  type ReleaseFacts,
  type ReleaseGate,
  type ReportFacts,
  type RollbackFacts,
} from './domain/index.ts';
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
  /** The channel's own gate; as it begins where nothing was decided about it. */
  channel(tenant: string, channel: string): Promise<ChannelGate>;
  /** A release that was given leave to be published. */
  authorized(tenant: string, release: string): Promise<AuthorizedRelease | null>;
  /** The first proof that a node runs a release, and the number of its pack in the channel. */
  confirmedRelease(tenant: string, release: string): Promise<RollbackFacts['confirmed']>;
  /** Whether a pack was ever given leave in the channel, and its number there. */
  pack(tenant: string, channel: string, pack: string): Promise<{ known: boolean; pack_seq: number | null }>;
  /** How many nodes of a channel said last that they run a pack. */
  packUse(tenant: string, channel: string, pack: string): Promise<PackUse>;
  close(): Promise<void>;
};

const asFault = (cause: unknown): never => {
  throw new Fault('DATABASE_UNAVAILABLE', { cause });
};

export function createReads({ databaseUrl, schema }: { databaseUrl: string; schema: string }): Reads {
  const pool = { ...poolBounds, connectionString: databaseUrl, max: 2, options: `-c search_path=${schema}` };
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool, { schema }) });
  const keyOf = (tenantId: string, id: string) => ({ where: { tenantId_id: { tenantId, id } } });
  /** A pack's number by the decision that opened a step of it. Where none names one, the first report of a node that ran it has to do. */
  const numberOf = async (tenantId: string, channel: string, packId: string): Promise<number | null> => {
    const where = { tenantId_channel_packId: { tenantId, channel, packId } };
    const row = await prisma.packNumber.findUnique({ where }).catch(asFault);
    return row === null ? null : Number(row.packSeq);
  };
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
      const gate = await prisma.releaseGate.findUnique(keyOf(tenantId, release)).catch(asFault);
      const { pack_id } = (gate?.state ?? { pack_id: null }) as unknown as ReleaseGate;
      const where = {
        tenantId,
        AND: [
          { state: { path: ['last', 'pack_id'], equals: pack_id ?? '' } },
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
      // One look for both, because every report takes it.
      const [row] = await prisma.$queryRaw<{ state: ReleaseGate; pack_seq: bigint | null }[]>`
SELECT g.state, n.pack_seq FROM release_gate g
LEFT JOIN pack_number n ON n.tenant_id = g.tenant_id AND n.channel = g.state ->> 'channel' AND n.pack_id = g.state ->> 'pack_id'
WHERE g.tenant_id = ${tenant} AND g.id = ${release}`.catch(asFault);
      if (row === undefined) return null;
      const { pack_id, channel, release_seq, decisions } = row.state;
      const [decision] = decisions;
      const pack_seq = row.pack_seq === null ? null : Number(row.pack_seq);
      return pack_id === null || channel === null || decision === undefined
        ? null
        : { pack_id, channel, release_seq, pack_seq, decision };
    },
    async channel(tenant, channel) {
      const row = await prisma.channelGate.findUnique(keyOf(tenant, channel)).catch(asFault);
      return row === null
        ? initialChannelGate({ tenant_id: tenant, id: channel })
        : (row.state as unknown as ChannelGate);
    },
    async authorized(tenant, release) {
      const row = await prisma.releaseGate.findUnique(keyOf(tenant, release)).catch(asFault);
      const state = (row?.state ?? null) as unknown as ReleaseGate | null;
      if (state === null || state.phase === 'NEW' || state.phase === 'REFUSED') return null;
      const { release_id, channel, pack_id, kristal_id, build_id, decisions } = state;
      const [decision] = decisions;
      return channel === null || pack_id === null || kristal_id === null || build_id === null || decision === undefined
        ? null
        : { release_id, channel, pack_id, kristal_id, build_id, decision };
    },
    async confirmedRelease(tenantId, releaseId) {
      const where = { tenantId_releaseId: { tenantId, releaseId } };
      const row = await prisma.confirmedRelease.findUnique({ where }).catch(asFault);
      if (row === null) return null;
      const { packId, packSeq, channel, decision } = row;
      const pack_seq = (await numberOf(tenantId, channel, packId)) ?? Number(packSeq);
      return { pack_id: packId, pack_seq, channel, decision: decision as Digest };
    },
    async pack(tenantId, channel, packId) {
      const where = {
        tenantId,
        phase: { in: ['AUTHORIZED', 'ENDED'] },
        AND: [{ state: { path: ['pack_id'], equals: packId } }, { state: { path: ['channel'], equals: channel } }],
      };
      const [count, pack_seq, row] = await Promise.all([
        prisma.releaseGate.count({ where }).catch(asFault),
        numberOf(tenantId, channel, packId),
        prisma.confirmedRelease.findFirst({ where: { tenantId, channel, packId } }).catch(asFault),
      ]);
      return { known: count > 0, pack_seq: pack_seq ?? (row === null ? null : Number(row.packSeq)) };
    },
    async packUse(tenantId, channel, packId) {
      const where = {
        tenantId,
        AND: [
          { state: { path: ['channel'], equals: channel } },
          { state: { path: ['last', 'pack_id'], equals: packId } },
        ],
      };
      const [nodes, rows] = await Promise.all([
        prisma.enrolledNode.count({ where }).catch(asFault),
        prisma.enrolledNode.findMany({ where, orderBy: { id: 'asc' }, take: 16 }).catch(asFault),
      ]);
      const decisions = rows.flatMap(({ state }) => (state as unknown as NodeGate).last?.decision ?? []);
      return { nodes, decisions };
    },
    close: () => prisma.$disconnect(),
  };
}
