import { generateKeyPairSync, sign } from 'node:crypto';
import { auditConfig, createAudit } from '@orgo/audit';
import {
  type ArtifactRef,
  type BuildRecord,
  type Digest,
  type NodeReport,
  nativeAlone,
  payloadTypes,
  type ReleaseStatus,
  type ReleaseTarget,
} from '@orgo/contracts';
import { canonicalBytes, digestOf, keyIdOf, pae, toBase64 } from '@orgo/core';
import { type TestInstance, testInstance } from '@orgo/infra/test-servers';
import { createRelease, releaseConfig } from '@orgo/release';
import { type Bus, connectBus } from '@orgo/runtime/bus';
import { loadConfig } from '@orgo/runtime/config';
import type { Service } from '@orgo/runtime/host';
import { createHttp, type HttpServer } from '@orgo/runtime/http';
import { newId } from '@orgo/runtime/ids';
import { createLog } from '@orgo/runtime/log';
import { Keyring } from '@orgo/runtime/signer';
import { createTenant, keysDir } from '@orgo/runtime/trust';
import { type FaultPoints, noFaults } from '@orgo/store/fault-points';
import { connectPlatform, type Platform } from '@orgo/store/platform';
import pg from 'pg';
import { storePack } from '../kit/channels.ts';
import { type Peers, startPeers } from './release-peers.ts';

export const tenant = 'acme';
const token = 'a-token-of-the-test';
/** Lines of the service's log. */
export const told: string[] = [];
const log = createLog({ service: 'test', destination: { write: (line) => void told.push(line) } });

// biome-ignore lint/suspicious/noExplicitAny: tests say what shape they expect
export type Answer = { status: number; body: any };

/** What lies between a party and the bus. */
type Road = (party: 'release' | 'peers', bus: Bus) => Bus;
const smoothRoad: Road = (_party, bus) => bus;

/** One release process: its platform, its service, its own HTTP port. */
async function startOne(
  instance: TestInstance,
  settings: Record<string, string>,
  { faults, road }: { faults: FaultPoints; road: Road },
) {
  const { home } = instance;
  const platform = await connectPlatform(
    {
      name: 'test-release',
      home,
      databaseUrl: instance.serviceUrls.release,
      natsUrl: instance.urls.NATS_URL,
      redisUrl: null,
      instance: 'test',
    },
    { keyring: Keyring.open(keysDir(home)), log, faults },
  );
  const service = createRelease(
    { ...platform, bus: road('release', platform.bus), home },
    loadConfig(releaseConfig, settings),
  );
  await service.start();
  const http: HttpServer = createHttp({ service: 'release', handlers: service.routes ?? {}, token, log });
  await http.listen(0);
  return {
    platform,
    http,
    async stop() {
      await http.close();
      await service.drain(5000);
      await service.stop();
      await platform.close();
    },
  };
}
type Running = Awaited<ReturnType<typeof startOne>>;

const text = (kind: string, ref: string, media_type = 'application/json'): ArtifactRef => ({
  kind,
  ref: ref as Digest,
  media_type,
  size: 2,
});

/** The record of a build that made this pack. */
function completedRecord(build_id: string, pack: Awaited<ReturnType<typeof storePack>>): BuildRecord {
  const at = '2026-11-20T12:00:00.000Z';
  const of = digestOf('somewhere');
  return {
    schema_version: '2.0.0',
    tenant_id: tenant,
    build_id,
    outcome: 'COMPLETED',
    reason_codes: [],
    created_at: at,
    ended_at: at,
    as_of: at,
    trigger: { type: 'manual', actor: 'ann', reason: '' },
    rerun_of: null,
    mandate_ref: digestOf('mandate'),
    pipeline: { pipeline_id: 'kristal', version: '1.0.0', ref: digestOf('pipeline') },
    toolchain: {},
    contract_profile: null,
    schemas: nativeAlone,
    inputs: { admitted: [], snapshot_set_ref: null, snapshots: [], resources: [] },
    policy_selections: [],
    kristal_policy_selections: null,
    compiler: null,
    stages: [],
    outputs: {
      validation: { status: 'PASS', report_ref: null, codes: [] },
      kristal: {
        kristal_id: pack.kristal_id,
        exchange: text('exchange', of),
        exchange_manifest: text('exchange-manifest', of),
        pack_id: pack.pack_id,
        pack_manifest: { ...text('pack-manifest', pack.manifest.ref), size: pack.manifest.size },
        pack_files: pack.files.map(({ sha256, size_bytes }) => ({
          ...text('pack-file', `sha256:${sha256}`, 'application/octet-stream'),
          size: size_bytes,
        })),
      },
    },
    decisions: [],
    log: { origin: 'o', first_index: 0, last_index: 0 },
    trust_root_version: 1,
    record_hash: of,
    envelope_hash: of,
  };
}

/** A node with a key of its own that reports whatever the test wants. */
export function makeNode(instance_id: string, channel = 'stable') {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = new Uint8Array(Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'));
  return {
    instance_id,
    channel,
    key_id: keyIdOf(raw),
    joining: { instance_id, channel, public_key: toBase64(raw) },
    /** DSSE over a report's canonical bytes. */
    signed(report: unknown) {
      const payload = canonicalBytes(report);
      const sig = toBase64(new Uint8Array(sign(null, pae(payloadTypes.nodeReport, payload), privateKey)));
      return {
        payloadType: payloadTypes.nodeReport,
        payload: toBase64(payload),
        signatures: [{ keyid: keyIdOf(raw), sig }],
      };
    },
  };
}
export type TestNode = ReturnType<typeof makeNode>;

/** Audit as it runs, over the same home and bus. */
async function startAudit(instance: TestInstance, platform: Platform): Promise<Service> {
  const { home } = instance;
  const own = { ...platform, home, databaseUrl: instance.serviceUrls.audit };
  const audit = createAudit(own, loadConfig(auditConfig, {}));
  await audit.start();
  return audit;
}

export async function startRelease(
  {
    realAudit = false,
    faults = noFaults,
    road = smoothRoad,
  }: { realAudit?: boolean; faults?: FaultPoints; road?: Road } = {},
  settings: Record<string, string> = {},
) {
  const instance = await testInstance(['nats']);
  await createTenant(instance.home, tenant, { adapters: [] });
  const running: Running[] = [await startOne(instance, settings, { faults, road })];
  const [{ platform }] = running as [Running];
  const url = (): string => running[0]?.http.url ?? '';
  const peersBus = await connectBus({ url: instance.urls.NATS_URL, name: 'test-peers', log });
  const bus = road('peers', peersBus);
  const audit = realAudit ? await startAudit(instance, { ...platform, bus }) : undefined;
  const peers: Peers = await startPeers({ ...platform, bus }, tenant, { realAudit });
  const admin = new pg.Pool({ connectionString: instance.adminDatabaseUrl, options: '-c search_path=release', max: 2 });

  const call = async (
    method: string,
    path: string,
    body?: unknown,
    more: { headers?: Record<string, string> } = {},
  ): Promise<Answer> => {
    const answer = await fetch(`${url()}/v1/tenants/${tenant}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...more.headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const said = await answer.text();
    const isJson = answer.headers.get('content-type')?.includes('json') ?? false;
    return { status: answer.status, body: isJson ? JSON.parse(said) : said };
  };
  const release = {
    instance,
    platform,
    peers,
    url,
    call,
    // biome-ignore lint/suspicious/noExplicitAny: tests say what shape they expect
    rows: async <R = any>(sql: string, values?: unknown[]): Promise<R[]> => (await admin.query(sql, values)).rows,
    /** A build with a sealed record and a pack. */
    async build(seed = newId('bld') as string) {
      const build_id = newId('bld');
      const pack = await storePack(platform.artifacts, tenant, seed);
      const evidence = await peers.sealRecord(build_id, completedRecord(build_id, pack));
      return { build_id, pack, evidence };
    },
    record: completedRecord,
    async create(
      build_id: string,
      channel = 'stable',
      headers: Record<string, string> = {},
      plan: object = {},
    ): Promise<Answer> {
      return call('POST', '/releases', { build_id, channel, actor: 'ann', reason: 'a test', ...plan }, { headers });
    },
    status: async (id: string): Promise<ReleaseStatus> => (await call('GET', `/releases/${id}`)).body,
    /** The ledger of a release. */
    targets: async (id: string): Promise<ReleaseTarget[]> =>
      (await call('GET', `/releases/${id}/targets?limit=100`)).body.items,
    /** The release once it is in one of the phases. */
    async until(id: string, ...phases: ReleaseStatus['status'][]): Promise<ReleaseStatus> {
      for (;;) {
        const found = await release.status(id);
        if (phases.includes(found.status)) return found;
        await new Promise((resume) => setTimeout(resume, 25));
      }
    },
    /** The release once a step of it is open to its nodes. */
    async opened(id: string, step = 0): Promise<ReleaseStatus> {
      for (;;) {
        const found = await release.status(id);
        if (found.steps[step]?.opened_at != null) return found;
        await new Promise((resume) => setTimeout(resume, 25));
      }
    },
    join: (node: TestNode): Promise<Answer> => call('POST', '/nodes', node.joining),
    nonce: async (node: TestNode): Promise<string> => (await call('GET', `/nodes/${node.instance_id}/nonce`)).body,
    /** A report about a release, as the node would write it. */
    async reportOf(node: TestNode, id: string, more: Partial<NodeReport> = {}): Promise<NodeReport> {
      const { release_seq, pack_id } = await release.status(id);
      return {
        v: 1,
        tenant_id: tenant,
        instance_id: node.instance_id,
        channel: node.channel,
        nonce: await release.nonce(node),
        release_id: id,
        index_seq: release_seq ?? 1,
        release_seq: release_seq ?? 1,
        pack_seq: release_seq ?? 1,
        pack_id: pack_id ?? '',
        attempt: { type: 'ACTIVATE', status: 'SUCCEEDED', reason_code: null },
        active_pack_id: pack_id,
        last_known_good: null,
        highest_activated_seq: release_seq ?? 1,
        highest_seen_seq: release_seq ?? 1,
        health: 'HEALTHY',
        metrics: [],
        reported_at: '2026-11-20T12:00:00.000Z',
        ...more,
      };
    },
    send: (node: TestNode, report: unknown): Promise<Answer> =>
      call('POST', `/nodes/${node.instance_id}/reports`, node.signed(report), { headers: { authorization: '' } }),
    async report(node: TestNode, id: string, more: Partial<NodeReport> = {}): Promise<Answer> {
      return release.send(node, await release.reportOf(node, id, more));
    },
    /** Ends the process and starts another one over the same database and home. */
    async replace(): Promise<void> {
      const [old] = running.splice(0);
      await old?.stop();
      running.push(await startOne(instance, settings, { faults, road }));
    },
    async stop() {
      // The service first: what it is saying is still answered.
      for (const one of running) await one.stop();
      await peers.stop();
      await audit?.drain(5000);
      await audit?.stop();
      await bus.close();
      await admin.end();
      await instance.stop();
    },
  };
  return release;
}
export type Release = Awaited<ReturnType<typeof startRelease>>;
