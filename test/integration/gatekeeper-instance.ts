import { setTimeout } from 'node:timers/promises';
import {
  type ArtifactRef,
  type Authorization,
  adaptersOf,
  type ClaimItem,
  type Digest,
  type GateClaim,
  type GateDecision,
  type Pipeline,
  payloadTypes,
  pipelines,
  type SignedItemWire,
  type StageCommand,
  type StageReply,
  stageOf,
  subjectOf,
} from '@orgo/contracts';
import {
  blankClaim,
  canonical,
  canonicalBytes,
  digestOf,
  digestOfNothing,
  type JsonValue,
  signBatch,
  sortRefs,
} from '@orgo/core';
import { createGatekeeper, gatekeeperConfig } from '@orgo/gatekeeper';
import { type TestInstance, testInstance } from '@orgo/infra/test-servers';
import { loadConfig } from '@orgo/runtime/config';
import { decodeAck, encodeEnvelope } from '@orgo/runtime/envelope';
import { newId } from '@orgo/runtime/ids';
import { createLog } from '@orgo/runtime/log';
import type { Signer } from '@orgo/runtime/signer';
import { Keyring } from '@orgo/runtime/signer';
import { createTenant, keysDir } from '@orgo/runtime/trust';
import { connectPlatform, type Platform } from '@orgo/store/platform';
import pg from 'pg';
import { type AuditDeps, type AuditPeer, startAuditPeer } from './gatekeeper-peers.ts';

export const tenant = 'acme';
export const asOf = '2026-02-01T12:00:00.000Z';
const log = createLog({ service: 'test', level: (process.env.TEST_LOG ?? 'silent') as 'silent' });
const adapters = [...new Set(Object.values(pipelines).flatMap(adaptersOf))];

export type Result = { outcome: string; code: string | null };

/** A build as a test drives it: what the orchestrator would keep of it. */
export type Driven = {
  build_id: string;
  pipeline: Pipeline;
  pins: Pick<GateClaim, 'pipeline_ref' | 'mandate_ref' | 'as_of'>;
  admitted: ArtifactRef[];
};

export type ReplyWish = {
  status?: StageReply['status'];
  outputs?: ArtifactRef[];
  epoch?: number;
  attempt?: number;
  reply?: Partial<StageReply>;
  command?: Partial<StageCommand>;
  signer?: Signer;
};

async function startOne(
  instance: TestInstance,
  over: Partial<Platform> = {},
  { elsewhere = false, settings = {} }: { elsewhere?: boolean | undefined; settings?: Record<string, string> } = {},
) {
  const platform = await connectPlatform(
    {
      name: 'test-gatekeeper',
      home: instance.home,
      databaseUrl: instance.serviceUrls.gatekeeper,
      natsUrl: instance.urls.NATS_URL,
      redisUrl: null,
      instance: 'test',
    },
    { keyring: Keyring.open(keysDir(instance.home)), log },
  );
  const service = createGatekeeper({ ...platform, ...over }, loadConfig(gatekeeperConfig, settings));
  if (!elsewhere) await service.start();
  return {
    platform,
    service,
    async stop() {
      await service.drain(5000);
      await service.stop();
      await platform.close();
    },
  };
}

export type Gatekeeper = Awaited<ReturnType<typeof startGatekeeper>>;

/**
 * A gatekeeper over real servers, with keys, trust and artifacts of a tenant, and an audit peer that seals what it says. `elsewhere`: it is another process that
 * the test runs. `instance`: its servers and home are the test's own, and are stopped with it.
 */
export async function startGatekeeper(
  options: { audit?: (deps: AuditDeps) => Promise<AuditPeer>; elsewhere?: boolean; instance?: TestInstance } = {},
) {
  const instance = options.instance ?? (await testInstance(['nats']));
  await createTenant(instance.home, tenant, { adapters });
  const running = [await startOne(instance, {}, { elsewhere: options.elsewhere })];
  const { platform } = running[0] as Awaited<ReturnType<typeof startOne>>;
  const { bus, keyring, trust, artifacts } = platform;
  const admin = new pg.Pool({
    connectionString: instance.adminDatabaseUrl,
    options: '-c search_path=gatekeeper',
    max: 2,
  });
  // A server that a test kills takes connections with it that nobody uses.
  admin.on('error', () => undefined);
  const peers: AuditPeer[] = [];
  const auditDeps: AuditDeps = { instance, bus, keyring, trust, artifacts, tenant, log };
  peers.push(await (options.audit ?? startAuditPeer)(auditDeps));

  const signAs = (signer: Signer, type: string, values: readonly unknown[]): SignedItemWire[] =>
    signBatch(
      values.map((value) => ({ type, payload: canonical(value) })),
      signer,
      signer.sign,
    ) as SignedItemWire[];
  const sign = async (role: string, type: string, value: unknown): Promise<SignedItemWire> =>
    signAs(await keyring.signer(tenant, role), type, [value])[0] as SignedItemWire;

  const ask = async (channel: 'claim' | 'reply', items: readonly unknown[], to = tenant): Promise<Result[]> => {
    const subject = subjectOf(channel, { tenant: to });
    const ack = decodeAck(
      await bus.request(subject, encodeEnvelope(channel, tenant, items), { timeoutMs: 20_000 }),
      items.length,
    );
    if (!ack.ok) throw new Error(`${ack.code} ${ack.detail}`);
    return ack.value;
  };

  const claimOf = (build: Driven, more: Partial<GateClaim>): GateClaim =>
    blankClaim({
      claim: 'FENCE',
      tenant_id: tenant,
      build_id: build.build_id,
      idem_key: digestOf([build.build_id, more.claim ?? null, more.stage ?? null, more.epoch ?? 0]),
      actor: 'ann@example.org',
      ...build.pins,
      ...more,
    });

  const gatekeeper = {
    instance,
    platform,
    running,
    signAs,
    sign,
    ask,
    claimOf,
    get audit(): AuditPeer {
      return peers.at(-1) as AuditPeer;
    },
    /** Starts audit, or goes on with the log of the one before. */
    async startAudit(): Promise<void> {
      const before = peers.at(-1);
      peers.push(await startAuditPeer({ ...auditDeps, ...(before && { after: before }) }));
    },
    // biome-ignore lint/suspicious/noExplicitAny: tests say what shape they expect
    rows: async <R = any>(sql: string, values?: unknown[]): Promise<R[]> => (await admin.query(sql, values)).rows,
    putJson: (kind: string, value: unknown): Promise<ArtifactRef> =>
      artifacts.put(tenant, kind, 'application/json', canonicalBytes(value as JsonValue)),

    /** A build of the echo pipeline with a request of its own, not yet admitted. */
    async echo(text = newId('bld')): Promise<Driven> {
      const pipeline = pipelines.echo as Pipeline;
      const [stored, request] = [
        await gatekeeper.putJson('pipeline', pipeline),
        await gatekeeper.putJson('echo-request', { text }),
      ];
      const pins = { pipeline_ref: stored.ref, mandate_ref: digestOfNothing, as_of: asOf };
      return { build_id: newId('bld'), pipeline, pins, admitted: [request, stored] };
    },
    claimItem: async (claim: GateClaim, evidence: ClaimItem['evidence'] = [], role = 'orchestrator') => ({
      claim: await sign(role, payloadTypes.claim, claim),
      evidence,
      traceparent: null,
    }),
    async claim(
      build: Driven,
      more: Partial<GateClaim>,
      evidence: ClaimItem['evidence'] = [],
      role = 'orchestrator',
    ): Promise<Result> {
      return (await ask('claim', [await gatekeeper.claimItem(claimOf(build, more), evidence, role)]))[0] as Result;
    },
    /** Claims, and does something else once the claim's facts are gathered and before it is decided. */
    async claimWhile(
      build: Driven,
      more: Partial<GateClaim>,
      evidence: ClaimItem['evidence'],
      meanwhile: () => Promise<unknown>,
    ): Promise<Result> {
      const claim = claimOf(build, more);
      const item = await gatekeeper.claimItem(claim, evidence, 'release');
      const other = await admin.connect();
      try {
        // Whoever takes the same message waits until this transaction has ended.
        await other.query('BEGIN');
        await other.query('INSERT INTO inbox (message_id) VALUES ($1)', [digestOf(claim)]);
        const [me] = (await other.query('SELECT pg_backend_pid() AS pid')).rows;
        const answer = ask('claim', [item]);
        const waits = 'SELECT pid FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))';
        while ((await gatekeeper.rows(waits, [me.pid])).length === 0) await setTimeout(10);
        await meanwhile();
        await other.query('ROLLBACK');
        return (await answer)[0] as Result;
      } finally {
        other.release(true);
      }
    },
    admit: (build: Driven, more: Partial<GateClaim> = {}): Promise<Result> =>
      gatekeeper.claim(build, {
        claim: 'ADMIT',
        inputs: build.admitted,
        detail: { trigger: { type: 'manual', actor: 'ann', reason: 'a test' } },
        ...more,
      }),
    /** The newest authorization for a stage that audit has sealed. */
    async authorization(build: Driven, stage: string): Promise<Authorization> {
      const opens = (item: { authorizations: SignedItemWire[] }): Authorization | undefined =>
        item.authorizations
          .map((one) => JSON.parse(one.payload) as Authorization)
          .find((one) => one.stage === stage && one.build_id === build.build_id);
      const { item } = await gatekeeper.audit.until((decision) =>
        gatekeeper.audit.sealed.some((leaf) => leaf.decision === decision && opens(leaf.item) !== undefined),
      );
      return opens(item) as Authorization;
    },
    /** A reply item for a stage that is authorized, with its command. */
    async replyItem(build: Driven, stage: string, wish: ReplyWish = {}) {
      const definition = stageOf(build.pipeline, stage);
      const authorization = await gatekeeper.authorization(build, stage);
      const adapter = definition?.adapter ?? stage;
      const epoch = wish.epoch ?? 1;
      const command: StageCommand = {
        v: 1,
        tenant_id: tenant,
        build_id: build.build_id,
        stage,
        adapter,
        attempt: wish.attempt ?? epoch,
        epoch,
        idem_key: digestOf([build.build_id, stage]),
        authorization_digest: digestOf(authorization),
        inputs: authorization.inputs,
        config: definition?.config ?? {},
        as_of: asOf,
        not_after: '2099-01-01T00:00:00.000Z',
        ...wish.command,
      };
      const reply: StageReply = {
        v: 1,
        tenant_id: tenant,
        build_id: build.build_id,
        stage,
        attempt: command.attempt,
        epoch,
        idem_key: command.idem_key,
        command_digest: digestOf(command),
        authorization_digest: command.authorization_digest,
        status: wish.status ?? 'ok',
        reason_codes: [],
        detail: '',
        outputs: sortRefs(wish.outputs ?? []),
        adapter: { name: adapter, version: '1.0.0' },
        diagnostics: [],
        metrics: {},
        duration_ms: 3,
        ...wish.reply,
      };
      const signer = wish.signer ?? (await keyring.signer(tenant, `adapter.${adapter}`));
      return {
        reply: signAs(signer, payloadTypes.reply, [reply])[0] as SignedItemWire,
        command: await sign('orchestrator', payloadTypes.command, command),
        traceparent: null,
      };
    },
    async reply(build: Driven, stage: string, wish: ReplyWish = {}): Promise<Result> {
      return (await ask('reply', [await gatekeeper.replyItem(build, stage, wish)]))[0] as Result;
    },
    /** The output an echo stage gives. */
    echoText: (build: Driven, stage: string): Promise<ArtifactRef> =>
      gatekeeper.putJson('echo-text', { build: build.build_id, stage }),
    async passEcho(build: Driven, stage: string, wish: ReplyWish = {}): Promise<Result> {
      return gatekeeper.reply(build, stage, { outputs: [await gatekeeper.echoText(build, stage)], ...wish });
    },
    /** The decision about a build that holds. */
    async decision(build: Driven, holds: (decision: GateDecision) => boolean): Promise<GateDecision> {
      return (await gatekeeper.audit.until((decision) => decision.build_id === build.build_id && holds(decision)))
        .decision;
    },
    stageDecision: (build: Driven, stage: string): Promise<GateDecision> =>
      gatekeeper.decision(build, (decision) => decision.kind === 'STAGE' && decision.stage === stage),
    async another(over: Partial<Platform> = {}, settings: Record<string, string> = {}) {
      const one = await startOne(instance, over, { settings });
      running.push(one);
      return one;
    },
    /** A JSON artifact, as the test says what it is. */
    json: async <T>(ref: string | undefined): Promise<T> =>
      JSON.parse(Buffer.from(await artifacts.get(tenant, ref as Digest)).toString('utf8')) as T,
    async stop() {
      for (const one of running) await one.stop();
      await admin.end();
      await instance.stop();
    },
  };
  return gatekeeper;
}
