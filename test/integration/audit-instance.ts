import { type AuditConfig, auditConfig, createAudit } from '@orgo/audit';
import {
  type ArtifactRef,
  type Authorization,
  type DecisionItem,
  type Digest,
  type GateDecision,
  payloadTypes,
  type ReceiptItem,
  type SignedItemWire,
  subjectOf,
} from '@orgo/contracts';
import { authorizationOf, blankDecision, canonical, digestOf, digestOfNothing, signBatch, utf8 } from '@orgo/core';
import { type TestInstance, testInstance } from '@orgo/infra/test-servers';
import { type Bus, connectBus } from '@orgo/runtime/bus';
import { loadConfig } from '@orgo/runtime/config';
import { ackOf, decodeAck, decodeEnvelope, encodeEnvelope } from '@orgo/runtime/envelope';
import { createHttp, type HttpServer } from '@orgo/runtime/http';
import { newId } from '@orgo/runtime/ids';
import { createLog } from '@orgo/runtime/log';
import { type FileKeyring, Keyring, type Signer } from '@orgo/runtime/signer';
import { createTenant, keysDir, type Root, TrustStore, trustDir } from '@orgo/runtime/trust';
import { connectPlatform, type Platform } from '@orgo/store/platform';
import pg from 'pg';

export const tenant = 'acme';
export const token = 'a-token-of-the-test';
const now = '2026-11-20T12:00:00.000Z';

// biome-ignore lint/suspicious/noExplicitAny: tests say what shape they expect
type Answer = { status: number; body: any; text: string };
export type Outcome = { outcome: string; code: string | null };
export type Replica = {
  platform: Platform;
  http: HttpServer;
  said: { level: string; code?: string; msg?: string }[];
  stop(): Promise<void>;
};

/** One audit process: its platform, its service, its own HTTP port. */
async function startOne(instance: TestInstance, settings: Record<string, string>): Promise<Replica> {
  const said: Replica['said'] = [];
  const log = createLog({
    service: 'audit',
    level: 'info',
    destination: { write: (line: string) => void said.push(JSON.parse(line)) },
  });
  const { home } = instance;
  const platform = await connectPlatform(
    {
      name: 'test-audit',
      home,
      databaseUrl: instance.serviceUrls.audit,
      natsUrl: instance.urls.NATS_URL,
      redisUrl: null,
      instance: 'test',
    },
    { keyring: Keyring.open(keysDir(home)), log },
  );
  const config: AuditConfig = loadConfig(auditConfig, settings);
  const service = createAudit({ ...platform, home }, config);
  await service.start();
  const http = createHttp({ service: 'audit', handlers: service.routes ?? {}, token, log });
  await http.listen(0);
  return {
    platform,
    http,
    said,
    async stop() {
      await http.close();
      await service.drain(5000);
      await service.stop();
      await platform.close();
    },
  };
}

/** A decision of a gate, with what a test says about it. */
export const decisionOf = (more: Partial<GateDecision> = {}): GateDecision =>
  blankDecision({
    kind: 'STAGE',
    verdict: 'PASS',
    tenant_id: tenant,
    build_id: newId('bld'),
    stage: 'pin',
    attempt: 1,
    epoch: 1,
    final: true,
    subject_key_id: 'ed25519:test',
    command_digest: digestOfNothing,
    adapter: { name: 'pin', version: '1.0.0' },
    actor: 'adapter:pin',
    at: now,
    duration_ms: 5,
    ...more,
  });

export const authorizationFor = (decision: GateDecision, stage = 'ingest'): Authorization =>
  authorizationOf(decision, stage, [], []);

export type Decided = {
  decision: GateDecision;
  authorizations?: Authorization[];
};

/** Signs decisions and their authorizations as one batch of a signer, as the gatekeeper does. */
export function itemsOf(
  decided: readonly Decided[],
  signer: Signer,
  traceparent: string | null = null,
): DecisionItem[] {
  const { role, tenant_id, key_id } = signer;
  const signed = signBatch(
    decided.flatMap(({ decision, authorizations = [] }) => [
      { type: payloadTypes.decision, payload: canonical(decision) },
      ...authorizations.map((one) => ({ type: payloadTypes.authorization, payload: canonical(one) })),
    ]),
    { role, tenant_id, key_id },
    signer.sign,
  ) as SignedItemWire[];
  let at = 0;
  return decided.map(({ authorizations = [] }) => {
    const [decision, ...rest] = signed.slice(at, at + 1 + authorizations.length);
    at += 1 + authorizations.length;
    return { decision: decision as SignedItemWire, authorizations: rest, traceparent };
  });
}

export type Audit = {
  instance: TestInstance;
  bus: Bus;
  keyring: FileKeyring;
  root: Root;
  replicas: Replica[];
  receipts: ReceiptItem[];
  /** Services that were handed a receipt, by decision, in alphabetical order. */
  receivers: Map<Digest, string>;
  /** Receipts are answered `later` while this is false. */
  taking: boolean;
  /** Asks for decisions to be sealed; answers what became of each. */
  send(items: readonly DecisionItem[], of?: string): Promise<Outcome[]>;
  /** Signs with the gatekeeper's key and seals. */
  seal(decided: readonly Decided[]): Promise<Outcome[]>;
  put(kind: string, value: unknown): Promise<ArtifactRef>;
  ask(subject: string, question: unknown): Promise<unknown>;
  call(method: string, path: string): Promise<Answer>;
  /** The answer as it comes, of the newest replica. */
  fetch(path: string, method?: string): Promise<Response>;
  /** Rows of the schema, read as the admin. */
  // biome-ignore lint/suspicious/noExplicitAny: tests say what shape they expect
  rows<R = any>(sql: string, values?: unknown[]): Promise<R[]>;
  /** Changes what is sealed, as only who owns the server can. */
  tamper(sql: string, values?: unknown[]): Promise<void>;
  another(settings?: Record<string, string>): Promise<Replica>;
  /** Stops every replica and starts one anew. */
  restart(): Promise<void>;
  stop(): Promise<void>;
};

export async function startAudit(
  options: { settings?: Record<string, string>; tenants?: string[] } = {},
): Promise<Audit> {
  const instance = await testInstance(['nats']);
  for (const one of options.tenants ?? [tenant]) await createTenant(instance.home, one, { adapters: ['pin'] });
  const bus = await connectBus({
    url: instance.urls.NATS_URL,
    name: 'test-gatekeeper',
    log: createLog({ service: 'test', level: 'silent' }),
  });
  const keyring = Keyring.open(keysDir(instance.home));
  const trust = TrustStore.open(trustDir(instance.home));
  const admin = new pg.Pool({ connectionString: instance.adminDatabaseUrl, options: '-c search_path=audit', max: 2 });

  const audit: Audit = {
    instance,
    bus,
    keyring,
    root: await trust.root(tenant),
    replicas: [await startOne(instance, options.settings ?? {})],
    receipts: [],
    receivers: new Map(),
    taking: true,
    async send(items, of = tenant) {
      const bytes = encodeEnvelope('decision', of, items);
      const ack = decodeAck(await bus.request(subjectOf('decision', { tenant: of }), bytes), items.length);
      if (!ack.ok) throw new Error(ack.detail);
      return ack.value;
    },
    seal: async (decided) => audit.send(itemsOf(decided, await keyring.signer(tenant, 'gatekeeper'))),
    put: (kind, value) =>
      (audit.replicas[0] as Replica).platform.artifacts.put(tenant, kind, 'application/json', utf8(canonical(value))),
    ask: async (subject, question) =>
      JSON.parse(new TextDecoder().decode(await bus.request(subject, utf8(canonical(question))))),
    fetch: (path, method = 'GET') =>
      fetch(`${(audit.replicas.at(-1) as Replica).http.url}/v1/tenants/${tenant}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}` },
      }),
    async call(method, path) {
      const answer = await audit.fetch(path, method);
      const text = await answer.text();
      const isJson = /^application\/(problem\+)?json(;|$)/.test(answer.headers.get('content-type') ?? '');
      return { status: answer.status, body: isJson ? JSON.parse(text) : null, text };
    },
    rows: async (sql, values) => (await admin.query(sql, values)).rows,
    async tamper(sql, values) {
      const client = await admin.connect();
      try {
        await client.query('SET session_replication_role = replica');
        const { rowCount } = await client.query(sql, values);
        if (rowCount === 0) throw new Error('nothing was changed');
      } finally {
        await client.query('RESET session_replication_role');
        client.release();
      }
    },
    async another(settings = {}) {
      const one = await startOne(instance, settings);
      audit.replicas.push(one);
      return one;
    },
    async restart() {
      for (const one of audit.replicas.splice(0)) await one.stop();
      await audit.another();
    },
    async stop() {
      for (const one of audit.replicas) await one.stop();
      await bus.close();
      await admin.end();
      await instance.stop();
    },
  };
  for (const service of ['orchestrator', 'release'])
    await bus.serve(subjectOf('receipt', { tenant: '*', service }), 'test', async (bytes, { subject }) => {
      const envelope = decodeEnvelope<ReceiptItem>('receipt', bytes, subject);
      if (!envelope.ok) throw new Error(envelope.detail);
      for (const item of envelope.value.items) {
        const told = audit.receivers.get(digestOfItem(item))?.split(',') ?? [];
        audit.receivers.set(digestOfItem(item), [...new Set([...told, service])].sort().join(','));
      }
      if (audit.taking) audit.receipts.push(...envelope.value.items);
      return ackOf(envelope.value.items.map(() => ({ outcome: audit.taking ? 'accepted' : 'later', code: null })));
    });
  return audit;
}

export const digestOfItem = ({ decision }: Pick<DecisionItem, 'decision'>): Digest =>
  digestOf(JSON.parse(decision.payload));
