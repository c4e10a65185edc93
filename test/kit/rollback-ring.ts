import type { ChannelStatus, GateDecision, NodeReport, ReleaseStatus } from '@orgo/contracts';
import type { TestInstance } from '@orgo/infra/test-servers';
import type { Pace } from '@orgo/store/platform';
import pg from 'pg';
import { type Driven, startGatekeeper, tenant } from '../integration/gatekeeper-instance.ts';
import { kristalBuild, mandate, runStages } from '../integration/gatekeeper-kristal.ts';
import type { AuditDeps, AuditPeer } from '../integration/gatekeeper-peers.ts';
import { makeNode, type TestNode } from '../integration/release-instance.ts';
import { SealedLeaves } from '../integration/sealed-leaves.ts';
import { armedLine, type FaultPlan } from './faults.ts';
import { lastingPort } from './lasting-port.ts';
import { readyLine } from './process-ring.ts';
import { runProcess, type TestProcess } from './processes.ts';
import { token } from './ring-client.ts';

const script = new URL('./process-ring.part.ts', import.meta.url);
const armSignal = 'SIGUSR2';
export type RollbackPart = 'audit' | 'gatekeeper' | 'release';
export const asOf = '2026-11-20T12:00:00.000Z';

/** What audit seals about builds, as it tells the orchestrator. */
async function hearReceipts({ bus, tenant: of }: AuditDeps): Promise<AuditPeer> {
  const leaves = new SealedLeaves();
  const [serving] = await leaves.hear(bus, of, ['orchestrator']);
  return {
    sealed: leaves.sealed,
    of: leaves.of,
    until: leaves.until,
    evidence: leaves.evidence,
    envelopes: [],
    hide: () => false,
    stop: async () => serving?.stop(),
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

// biome-ignore lint/suspicious/noExplicitAny: tests say what shape they expect
type Answer = { status: number; body: any };

/** A channel that has run two packs: the older one is known to be good, the younger one runs. */
export type Laid = { channel: string; node: TestNode; old: string; young: string };

/**
 * Audit, gatekeeper and release over real servers, each a process of its own that a test may kill; the test is orchestrator, node and operator. Two builds of real
 * documents are completed when it resolves.
 */
export async function startRollbackRing(given?: TestInstance, pace: Partial<Pace> = {}) {
  const parts = new Map<RollbackPart, TestProcess>();
  const all: TestProcess[] = [];
  const gate = await startGatekeeper({ audit: hearReceipts, elsewhere: true, ...(given && { instance: given }) });
  const { instance } = gate;
  const port = await lastingPort();
  const url = `http://127.0.0.1:${port}/v1/tenants/${tenant}`;

  /** Starts a part in place of the one that ran, with a fault that happens once it is armed. */
  const run = async (part: RollbackPart, plan?: FaultPlan): Promise<TestProcess> => {
    await parts.get(part)?.end('SIGKILL');
    const process = runProcess(script, {
      ORGO_TEST_PART: part,
      ORGO_TEST_FAULT: plan === undefined ? '' : JSON.stringify(plan),
      ORGO_TEST_ARM: armSignal,
      ORGO_HOME: instance.home,
      ORGO_INSTANCE: 'test',
      DATABASE_URL: instance.serviceUrls[part],
      ORGO_TEST_PACE: JSON.stringify(pace),
      REDIS_URL: instance.urls.REDIS_URL,
      NATS_URL: instance.urls.NATS_URL,
      ORGO_TOKEN: token,
      ORGO_LOG_LEVEL: 'fatal',
      ORGO_HTTP_PORT: part === 'release' ? `${port}` : '0',
    });
    all.push(process);
    parts.set(part, process);
    await process.said(readyLine);
    return process;
  };

  /** One question and its answer; null where there was none, or where asking again may give another. */
  const ask = async (method: string, rest: string, body?: object, key?: string): Promise<Answer | null> => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body && { 'content-type': 'application/json' }),
      ...(key && { 'idempotency-key': key }),
    };
    const asked = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    const answer = await fetch(`${url}${rest}`, asked).catch(() => undefined);
    const said = await answer?.text().catch(() => undefined);
    if (answer === undefined || said === undefined || answer.status >= 500) return null;
    const isJson = answer.headers.get('content-type')?.includes('json') ?? false;
    return { status: answer.status, body: isJson ? JSON.parse(said) : said };
  };
  /** As a client does that asks again, under the same key, until it has an answer. */
  const told = async (...asked: Parameters<typeof ask>): Promise<Answer> => {
    for (;;) {
      const answer = await ask(...asked);
      if (answer !== null) return answer;
      await pause(50);
    }
  };
  const call = async <T>(...asked: Parameters<typeof ask>): Promise<T> => {
    const { status, body } = await told(...asked);
    if (status >= 400) throw new Error(`${asked.slice(0, 2).join(' ')}: ${status} ${JSON.stringify(body)}`);
    return body as T;
  };
  const until = async <T>(look: () => Promise<T>, holds: (found: T) => boolean): Promise<T> => {
    for (;;) {
      const found = await look();
      if (holds(found)) return found;
      await pause(100);
    }
  };
  const channelOf = (channel: string): Promise<ChannelStatus> => call('GET', `/channels/${channel}`);
  const releaseOf = (id: string): Promise<ReleaseStatus> => call('GET', `/releases/${id}`);

  /** What the channel tells its node now, done and reported. */
  const report = async (
    { node }: Pick<Laid, 'node'>,
    type: 'ACTIVATE' | 'ROLLBACK' | 'HEARTBEAT',
    more: Partial<NodeReport> = {},
  ): Promise<void> => {
    const { index } = await channelOf(node.channel);
    const offer = index.candidate?.offer ?? index.current;
    if (offer === null) throw new Error(`${node.channel} offers nothing`);
    const { release_id, release_seq, pack_seq, pack_id } = offer;
    const said: NodeReport = {
      v: 1,
      tenant_id: tenant,
      instance_id: node.instance_id,
      channel: node.channel,
      nonce: await call('GET', `/nodes/${node.instance_id}/nonce`),
      release_id,
      index_seq: index.index_seq,
      release_seq,
      pack_seq,
      pack_id,
      attempt: { type, status: 'SUCCEEDED', reason_code: null },
      active_pack_id: pack_id,
      last_known_good: null,
      highest_activated_seq: release_seq,
      highest_seen_seq: release_seq,
      health: 'HEALTHY',
      metrics: [],
      reported_at: asOf,
      ...more,
    };
    await call('POST', `/nodes/${node.instance_id}/reports`, node.signed(said));
  };
  /** Offers a build to the node of a channel. */
  const open = async (build: Driven, { node: { channel } }: Pick<Laid, 'node'>): Promise<string> => {
    const body = { build_id: build.build_id, channel, actor: 'ann', reason: 'a test' };
    const { release_id } = await call<ReleaseStatus>('POST', '/releases', body, `${channel}-${build.build_id}`);
    await until(
      () => releaseOf(release_id),
      ({ steps }) => steps[0]?.opened_at != null,
    );
    return release_id;
  };
  const release = async (build: Driven, laid: Pick<Laid, 'node'>): Promise<string> => {
    const { channel } = laid.node;
    const release_id = await open(build, laid);
    await report(laid, 'ACTIVATE');
    await until(
      () => releaseOf(release_id),
      ({ status }) => status === 'RELEASED',
    );
    await until(
      () => channelOf(channel),
      ({ offers }) => offers.some((offer) => offer.release_id === release_id && offer.confirmed_at !== null),
    );
    return release_id;
  };

  const build = async (left: number): Promise<Driven> => {
    const driven = await kristalBuild(gate, ['reader'], mandate(), left);
    await gate.admit(driven);
    await runStages(gate, driven);
    await gate.claim(driven, { claim: 'CLOSE', detail: { outcome: 'COMPLETED' } });
    await gate.audit.until(({ build_id, kind }) => build_id === driven.build_id && kind === 'RECORD');
    return driven;
  };
  await Promise.all((['audit', 'gatekeeper', 'release'] as const).map((part) => run(part)));
  const builds = await Promise.all([build(0), build(1)]);
  const admin = new pg.Pool({ connectionString: instance.adminDatabaseUrl, max: 2 });
  admin.on('error', () => undefined);

  return {
    home: instance.home,
    instance,
    admin,
    /** Where nodes and people find the release service. */
    origin: `http://127.0.0.1:${port}`,
    /** The process that runs as a part now. */
    part: (part: RollbackPart): TestProcess => parts.get(part) as TestProcess,
    /** Ids of the completed builds. */
    builds: builds.map(({ build_id }) => build_id),
    run,
    told,
    call,
    until,
    report,
    channelOf,
    releaseOf,
    /** Has the fault of a part happen from now on. */
    async arm(part: RollbackPart): Promise<void> {
      const process = parts.get(part) as TestProcess;
      globalThis.process.kill(process.pid, armSignal);
      await process.said(armedLine);
    },
    /** A node and two releases of a channel, the second of which runs, or is on its way. */
    async lay(channel: string, { held = true } = {}): Promise<Laid> {
      const node = makeNode(`node-${channel}`, channel);
      await call('POST', '/nodes', node.joining);
      const old = await release(builds[0], { node });
      const young = await (held ? release : open)(builds[1], { node });
      return { channel, node, old, young };
    },
    /** What is sealed about a channel, in the order of the log. */
    async sealed(channel: string): Promise<string[]> {
      const { rows } = await admin.query<{ said: GateDecision }>(
        `SELECT convert_from(leaf, 'UTF8')::json AS said FROM audit.log_leaf ORDER BY idx`,
      );
      return rows
        .filter(({ said }) => said.detail.channel === channel || said.detail.instance_id === `node-${channel}`)
        .map(({ said }) => [said.kind, said.verdict, ...said.reason_codes].join(' '));
    },
    /** What audit told the orchestrator, now or when it does. */
    heard: async (holds: (decision: GateDecision) => boolean): Promise<GateDecision> =>
      (await gate.audit.until(holds)).decision,
    /** Waits until nobody has anything left to say. */
    async quiet(): Promise<void> {
      const sql = ['gatekeeper', 'audit', 'release']
        .map((schema) => `SELECT 1 FROM ${schema}.outbox`)
        .join(' UNION ALL ');
      await until(
        () => admin.query(sql),
        ({ rowCount }) => rowCount === 0,
      );
    },
    async stop() {
      await Promise.all(all.map((one) => one.end('SIGKILL')));
      await admin.end();
      await gate.stop();
    },
  };
}
export type RollbackRing = Awaited<ReturnType<typeof startRollbackRing>>;
