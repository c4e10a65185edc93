import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import {
  createAdapter,
  defineStage,
  programSchema,
  programStage,
  type StageContext,
  type StageDefinition,
} from '@orgo/adapter-sdk';
import { type CommandSigners, sealedCommand } from '@orgo/adapter-sdk/command.fixture';
import {
  commandStream,
  consumerOf,
  heardSubject,
  type ReplyItem,
  replySchema,
  type StageReply,
  subjectOf,
} from '@orgo/contracts';
import { utf8 } from '@orgo/core';
import { type Servers, startServers } from '@orgo/infra/servers';
import { testFolder } from '@orgo/infra/test-servers';
import { fileArtifacts } from '@orgo/runtime/artifacts.files';
import { type Bus, connectBus } from '@orgo/runtime/bus';
import { natsOptions } from '@orgo/runtime/bus-address';
import { ackOf, decodeEnvelope, encodeEnvelope } from '@orgo/runtime/envelope';
import { createLog } from '@orgo/runtime/log';
import { Keyring } from '@orgo/runtime/signer';
import { createTenant, keysDir, type Root, TrustStore, trustDir } from '@orgo/runtime/trust';
import { afterAll, beforeAll, expect, test } from 'vitest';

// Each end as its own user of NATS: what is said and heard here is what the permissions allow.
const told: string[] = [];
const log = createLog({ service: 'test', destination: { write: (line) => void told.push(line) } });
const home = testFolder('orgo-cancel-');
const tenant = 'acme';
let servers: Servers;
let root: Root;
let signers: CommandSigners;
let orchestrator: Bus;
const replies: StageReply[] = [];
const stops: (() => Promise<void>)[] = [];

const as = async (user: string): Promise<Bus> => {
  const bus = await connectBus({ url: servers.natsUrl(user), name: user, log });
  stops.unshift(() => bus.close());
  return bus;
};
beforeAll(async () => {
  servers = await startServers({ home, need: ['nats'], env: {}, adapters: ['waiting', 'program'] });
  await createTenant(home, tenant, { adapters: ['waiting', 'program'] });
  root = await TrustStore.open(trustDir(home)).root(tenant);
  const keyring = Keyring.open(keysDir(home));
  const [command, gatekeeper, logKey] = await Promise.all(
    ['orchestrator', 'gatekeeper', 'log'].map((role) => keyring.signer(tenant, role)),
  );
  signers = { orchestrator: command, gatekeeper, log: logKey } as CommandSigners;
  orchestrator = await as('orchestrator');
  await orchestrator.ensureStreams();
  const gate = await as('gatekeeper');
  await gate.serve(subjectOf('reply', { tenant: '*' }), 'test', async (bytes, { subject }) => {
    const envelope = decodeEnvelope<ReplyItem>('reply', bytes, subject);
    const items = envelope.ok ? envelope.value.items : [];
    for (const { reply } of items) replies.push(replySchema.parse(JSON.parse(reply.payload)) as StageReply);
    return ackOf(items.map(() => ({ outcome: 'accepted', code: null })));
  });
});
afterAll(async () => {
  for (const stop of stops) await stop();
  await servers.stop();
  fs.rmSync(home, { recursive: true, force: true });
});

const start = async (definition: StageDefinition): Promise<void> => {
  const bus = await as(`adapter-${definition.adapter}`);
  const service = createAdapter(definition, {
    bus,
    log,
    artifacts: fileArtifacts(path.join(home, 'artifacts')),
    keyring: Keyring.open(keysDir(home)),
    trust: TrustStore.open(trustDir(home)),
  });
  await service.start();
  stops.unshift(() => service.stop());
};

const buildOf = (n: number): string => `bld_0190a1b2-c3d4-7e5f-8a6b-${n.toString(16).padStart(12, '0')}`;
let sent = 0;
const publish = (adapter: string, build: number) =>
  orchestrator.publishCommand(
    subjectOf('command', { tenant, adapter }),
    encodeEnvelope('command', tenant, [
      sealedCommand(signers, root.log.origin, { adapter, build_id: buildOf(build), config: { build } }),
    ]),
    { msgId: `cancel-${sent++}` },
  );
/** Says that a build came to a phase, as the orchestrator does; in the subject that says it was cancelled. */
const tell = (build: number, { status = 'CANCELLED', of = tenant, on = tenant } = {}): void =>
  orchestrator.publishEvent(
    heardSubject('buildCancelled', on),
    utf8(
      JSON.stringify({
        specversion: '1.0',
        id: `${buildOf(build)}:1`,
        source: `/v1/tenants/${of}/builds`,
        type: 'orgo.build.cancelled.v1',
        subject: buildOf(build),
        time: '2026-01-01T00:00:00.000Z',
        datacontenttype: 'application/json',
        data: {
          build_id: buildOf(build),
          tenant_id: of,
          status,
          reason_codes: [],
          kristal_id: null,
          pack_id: null,
          record_ref: null,
        },
      }),
    ),
  );

/** How many commands of an adapter wait, or are taken and not acknowledged. */
const held = async (adapter: string): Promise<number> => {
  const nc = await connect(natsOptions(servers.urls.NATS_URL, 'counter'));
  const manager = await jetstreamManager(nc);
  const { num_pending, num_ack_pending } = await manager.consumers.info(commandStream.name, consumerOf(adapter));
  await nc.close();
  return num_pending + num_ack_pending;
};

test('a cancelled build’s attempt stops without a reply and its command leaves the queue; others go on', async () => {
  const attempts = new Map<number, { signal: AbortSignal; go(): void }>();
  const run: StageDefinition['run'] = ({ config, signal }: StageContext) =>
    new Promise((resolve) => {
      const value = { outputs: [], metrics: {}, diagnostics: [] };
      attempts.set((config as { build: number }).build, { signal, go: () => resolve({ ok: true, value }) });
    });
  await start(defineStage({ adapter: 'waiting', version: '1', run }));
  for (const build of [1, 2]) await publish('waiting', build);
  await expect.poll(() => attempts.size, { timeout: 30_000 }).toBe(2);
  const [one, two] = [attempts.get(1), attempts.get(2)];

  // None of these is the event of a cancelled build of this tenant.
  orchestrator.publishEvent(heardSubject('buildCancelled', tenant), utf8('{'));
  tell(2, { status: 'RUNNING' });
  tell(2, { of: 'other' });
  tell(2, { of: 'other', on: 'other' });
  const stopped = once(one?.signal as AbortSignal, 'abort');
  tell(1);
  await stopped;
  expect(one?.signal.reason).toMatchObject({ code: 'BUILD_CANCELLED' });
  expect(two?.signal.aborted).toBe(false);
  // What it makes after all is handed to nobody.
  one?.go();

  // A command that comes behind the notice is not begun.
  await publish('waiting', 1);
  tell(3);
  await publish('waiting', 3);
  two?.go();
  await expect.poll(() => held('waiting'), { timeout: 30_000 }).toBe(0);
  expect([...attempts.keys()]).toEqual([1, 2]);
  expect(replies.map(({ build_id, status }) => [build_id, status])).toEqual([[buildOf(2), 'ok']]);
  expect(told.filter((line) => line.includes('"stage stopped"'))).toHaveLength(3);
});

test('the program of a cancelled build’s attempt is killed', async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const arrived = once(server, 'connection') as Promise<[net.Socket]>;
  const code = `require('node:net').connect(${port}, '127.0.0.1'); setInterval(() => {}, 1000);`;
  await start(
    programStage(
      programSchema.parse({
        v: 1,
        adapter: 'program',
        version: '1',
        command: [process.execPath, '-e', code],
        outputs: [{ kind: 'note', media_type: 'text/plain', min: 1, max: 1 }],
      }),
      { log },
    ),
  );
  await publish('program', 4);
  const [socket] = await arrived;
  // Its connection ends when it does.
  const gone = once(socket.on('error', () => undefined).resume(), 'close');
  tell(4);
  await gone;
  await expect.poll(() => held('program'), { timeout: 30_000 }).toBe(0);
  expect(replies.filter(({ build_id }) => build_id === buildOf(4))).toEqual([]);
  server.close();
});
