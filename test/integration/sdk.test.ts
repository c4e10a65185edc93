import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createAdapter, defineStage, type StageDefinition, type StageRun } from '@orgo/adapter-sdk';
import { type CommandSigners, type CommandWish, sealedCommand } from '@orgo/adapter-sdk/command.fixture';
import {
  type ArtifactRef,
  type CommandItem,
  payloadTypes,
  type ReplyItem,
  replySchema,
  roleOfAdapter,
  type StageReply,
  subjectOf,
} from '@orgo/contracts';
import { canonicalBytes, digestHex, digestOfBytes, fromUtf8, utf8, verifyItem } from '@orgo/core';
import { type Servers, startServers } from '@orgo/infra/servers';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { fileArtifacts } from '@orgo/runtime/artifacts.files';
import { type Bus, connectBus } from '@orgo/runtime/bus';
import { systemClock } from '@orgo/runtime/clock';
import { ackOf, decodeEnvelope, encodeEnvelope } from '@orgo/runtime/envelope';
import { Fault } from '@orgo/runtime/errors';
import type { Service } from '@orgo/runtime/host';
import { createLog } from '@orgo/runtime/log';
import { Keyring, verifySignature } from '@orgo/runtime/signer';
import { createTenant, keysDir, type Root, TrustStore, trustDir } from '@orgo/runtime/trust';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

const told: string[] = [];
const log = createLog({ service: 'test', destination: { write: (line) => void told.push(line) } });
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-sdk-'));
const tenant = 'acme';
const adapters = ['plain', 'threaded', 'slow', 'greedy', 'faulty'];
let servers: Servers;
let root: Root;
let signers: CommandSigners;
let artifacts: ArtifactStore;
let bus: Bus;
let gate: Bus;
const running: Service[] = [];

beforeAll(async () => {
  servers = await startServers({ home, need: ['nats'], env: {} });
  await createTenant(home, tenant, { adapters });
  root = await TrustStore.open(trustDir(home)).root(tenant);
  const keyring = Keyring.open(keysDir(home));
  const [orchestrator, gatekeeper, logKey] = await Promise.all(
    ['orchestrator', 'gatekeeper', 'log'].map((role) => keyring.signer(tenant, role)),
  );
  signers = { orchestrator, gatekeeper, log: logKey } as CommandSigners;
  artifacts = fileArtifacts(path.join(home, 'artifacts'));
});
afterAll(async () => {
  await servers.stop();
  fs.rmSync(home, { recursive: true, force: true });
});
beforeEach(async () => {
  [bus, gate] = await Promise.all(
    [0, 1].map(() => connectBus({ url: servers.urls.NATS_URL, name: 'test', log })) as [Promise<Bus>, Promise<Bus>],
  );
});
afterEach(async () => {
  for (const service of running.splice(0)) {
    await service.drain(1000);
    await service.stop();
  }
  await Promise.all([bus.close(), gate.close()]);
});

const start = async (definition: StageDefinition, clock = systemClock): Promise<Service> => {
  const service = createAdapter(definition, {
    bus,
    artifacts,
    log,
    clock,
    keyring: Keyring.open(keysDir(home)),
    trust: TrustStore.open(trustDir(home)),
  });
  await service.start();
  running.push(service);
  return service;
};

/** Stands where the gatekeeper does: verifies each reply's signature, keeps it, and answers as told. */
async function receive(adapter: string, answer: (count: number) => 'accepted' | 'later' | 'fault' = () => 'accepted') {
  const replies: { reply: StageReply; item: ReplyItem }[] = [];
  const waiting: { count: number; resolve(): void }[] = [];
  const serving = await gate.serve(subjectOf('reply', { tenant: '*' }), 'test', async (bytes, { subject }) => {
    const envelope = decodeEnvelope<ReplyItem>('reply', bytes, subject);
    if (!envelope.ok) throw new Fault('MESSAGE_MALFORMED', envelope.detail);
    for (const item of envelope.value.items) {
      const role = roleOfAdapter(adapter);
      const verified = verifyItem(item.reply, {
        type: payloadTypes.reply,
        role,
        tenant_id: tenant,
        keys: root.keysOf(role),
        verify: verifySignature,
      });
      if (!verified.ok) throw new Fault('REPLY_SIGNATURE_INVALID', verified.detail);
      replies.push({ reply: replySchema.parse(verified.value.payload) as StageReply, item });
    }
    for (const one of waiting) if (replies.length >= one.count) one.resolve();
    const outcome = answer(replies.length);
    if (outcome === 'fault') throw new Fault('DATABASE_UNAVAILABLE');
    return ackOf(envelope.value.items.map(() => ({ outcome, code: null })));
  });
  return {
    replies,
    async reaches(count: number): Promise<StageReply[]> {
      if (replies.length < count) await new Promise<void>((resolve) => waiting.push({ count, resolve }));
      return replies.map(({ reply }) => reply);
    },
    stop: () => serving.stop(0),
  };
}

let sent = 0;
const publish = (adapter: string, ...items: CommandItem[]) =>
  bus.publishCommand(subjectOf('command', { tenant, adapter }), encodeEnvelope('command', tenant, items), {
    msgId: `sdk-${sent++}`,
  });
const command = (adapter: string, wish: CommandWish = {}) =>
  sealedCommand(signers, root.log.origin, { adapter, ...wish });
const storedJson = (value: object): Promise<ArtifactRef> =>
  artifacts.put(tenant, 'echo-request', 'application/json', canonicalBytes(value));
const inLease = (ms: number) => new Date(Date.now() + ms).toISOString();

/** Answers with the bytes of its input behind its step. */
const runPlain: StageRun = async ({ inputs, read, config, put, asOf }) => {
  const text = fromUtf8(await read(inputs[0]?.ref ?? ''));
  if (text.ok && text.value.includes('refuse'))
    return { ok: false, code: 'INGEST_PARSE_ERROR', detail: 'cannot be read', path: '/a' };
  if (text.ok && text.value.includes('throw')) throw new TypeError('a bug');
  if (text.ok && text.value.includes('fault')) throw new Fault('RESOLVE_TIMEOUT', 'slow peer');
  await put({ kind: 'early', media_type: 'text/plain', bytes: utf8(asOf) });
  const bytes = utf8(`${JSON.stringify(config)} ${text.ok && text.value}`);
  return {
    ok: true,
    value: {
      outputs: [{ kind: 'late', media_type: 'text/plain', bytes }],
      metrics: { n: 1.5 },
      diagnostics: [{ code: 'SEEN', count: 2 }],
    },
  };
};
const plain = defineStage({ adapter: 'plain', version: '1.2.3', run: runPlain });

/** The plain stage, and how often it ran. */
const counted = () => {
  let runs = 0;
  const run: StageRun = (context) => {
    runs++;
    return runPlain(context);
  };
  return { stage: defineStage({ adapter: 'plain', version: '1.2.3', run }), runs: () => runs };
};

test('a command is run, its outputs are stored before they are named, and its reply is signed', async () => {
  await start(plain);
  const received = await receive('plain');
  const input = await storedJson({ text: 'hello' });
  await publish(
    'plain',
    command('plain', {
      inputs: [input],
      config: { step: 1 },
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    }),
  );
  const [reply] = await received.reaches(1);
  expect(reply).toMatchObject({
    status: 'ok',
    reason_codes: [],
    stage: 'echo-1',
    attempt: 1,
    epoch: 1,
    adapter: { name: 'plain', version: '1.2.3' },
    metrics: { n: 1.5 },
    diagnostics: [{ code: 'SEEN', count: 2 }],
    outputs: [{ kind: 'early' }, { kind: 'late' }],
  });
  const [item] = received.replies;
  expect(reply?.command_digest).toBe(digestOfBytes(utf8(item?.item.command.payload ?? '')));
  expect(item?.item.traceparent).toBe('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
  const late = reply?.outputs[1];
  expect(late && fromUtf8(await artifacts.get(tenant, late.ref))).toEqual({
    ok: true,
    value: '{"step":1} {"text":"hello"}',
  });
});

test.each([
  ['refuse', 'failed', 'INGEST_PARSE_ERROR', 'cannot be read (/a)'],
  ['throw', 'error', 'STAGE_INTERNAL_ERROR', 'a bug'],
  ['fault', 'error', 'RESOLVE_TIMEOUT', 'slow peer'],
])('a stage that says %s ends %s', async (text, status, code, detail) => {
  await start(plain);
  const received = await receive('plain');
  await publish('plain', command('plain', { inputs: [await storedJson({ text })] }));
  expect((await received.reaches(1))[0]).toMatchObject({ status, reason_codes: [code], detail, outputs: [] });
});

test('one flipped byte in an input fails the stage for good; a missing input is tried again', async () => {
  await start(plain);
  const received = await receive('plain');
  const input = await storedJson({ text: 'to be damaged' });
  const file = path.join(home, 'artifacts', tenant, 'sha256', digestHex(input.ref).slice(0, 2), digestHex(input.ref));
  const bytes = fs.readFileSync(file);
  bytes[9] = (bytes[9] ?? 0) ^ 1;
  fs.chmodSync(file, 0o600);
  fs.writeFileSync(file, bytes);
  const short = await storedJson({ text: 'of another size' });
  const absent = { ...input, ref: digestOfBytes(utf8('absent')) };
  for (const inputs of [[input], [{ ...short, size: 1 }], [absent]])
    await publish('plain', command('plain', { inputs }));
  expect((await received.reaches(3)).map(({ status, reason_codes }) => [status, ...reason_codes]).toSorted()).toEqual([
    ['error', 'ARTIFACT_NOT_FOUND'],
    ['failed', 'HASH_MISMATCH'],
    ['failed', 'SIZE_MISMATCH'],
  ]);
});

test('each forged command is refused by its own code, signed, and never run; the genuine ones among them are', async () => {
  const { stage, runs } = counted();
  await start(stage);
  const received = await receive('plain');
  const inputs = [await storedJson({ text: 'genuine' })];
  const wish = (more: CommandWish) => command('plain', { inputs, ...more });
  const other = 'bld_0190a1b2-c3d4-7e5f-8a6b-000000000000';
  const forged: Record<string, CommandItem> = {
    COMMAND_AUTHORIZATION_MISSING: wish({ forge: { item: (item) => ({ ...item, authorization: null }) } }),
    COMMAND_AUTHORIZATION_UNSEALED: wish({ forge: { item: (item) => ({ ...item, seal: null }) } }),
    COMMAND_INPUTS_MISMATCH: wish({ forge: { command: (value) => ({ ...value, inputs: [] }) } }),
    COMMAND_BUILD_MISMATCH: wish({ forge: { command: (value) => ({ ...value, build_id: other }) } }),
    COMMAND_SIGNER_UNTRUSTED: sealedCommand(
      { ...signers, orchestrator: { ...signers.gatekeeper, role: 'orchestrator' } },
      root.log.origin,
      { adapter: 'plain', inputs },
    ),
    COMMAND_LEASE_EXPIRED: wish({ not_after: '2020-01-01T00:00:00.000Z' }),
    COMMAND_PAYLOAD_MISMATCH: wish({
      forge: { command: (value) => ({ ...value, as_of: '2026-01-02T00:00:00.000Z' }) },
    }),
    COMMAND_MALFORMED: wish({ forge: { command: (value) => ({ ...value, also: 1 }) } }),
  };
  const genuine = [wish({ attempt: 1 }), wish({ attempt: 2, epoch: 2 })];
  await publish('plain', ...Object.values(forged), ...genuine);
  const replies = await received.reaches(10);
  const refused = replies.filter(({ status }) => status === 'refused');
  expect(new Map(refused.map(({ reason_codes, command_digest }) => [reason_codes[0], command_digest]))).toEqual(
    new Map(Object.entries(forged).map(([code, item]) => [code, digestOfBytes(utf8(item.command.payload))])),
  );
  expect(
    replies
      .filter(({ status }) => status === 'ok')
      .map(({ attempt }) => attempt)
      .toSorted(),
  ).toEqual([1, 2]);
  expect(runs()).toBe(2);
});

test('a genuine command that somebody sent before without its seal is still run', async () => {
  await start(plain);
  const received = await receive('plain');
  const item = command('plain', { inputs: [await storedJson({ text: 'stripped' })] });
  await publish('plain', { ...item, seal: null });
  await received.reaches(1);
  await publish('plain', item);
  expect((await received.reaches(2)).map(({ status }) => status)).toEqual(['refused', 'ok']);
});

test('until the gatekeeper has said so a command comes again, and is answered with the same bytes without running again', async () => {
  const { stage, runs } = counted();
  await start(stage);
  const received = await receive('plain', (count) => (count === 1 ? 'later' : count === 2 ? 'fault' : 'accepted'));
  await publish('plain', command('plain', { inputs: [await storedJson({ text: 'again' })] }));
  await received.reaches(3);
  expect(new Set(received.replies.map(({ item }) => JSON.stringify(item.reply))).size).toBe(1);
  expect([runs(), told.join()]).toEqual([1, expect.stringMatching(/GATE_UNAVAILABLE[\s\S]*COMMAND_DUPLICATE/)]);
});

test('work that was done in its lease is still delivered after it', async () => {
  let hours = 0;
  const run: StageRun = async (context) => {
    const result = await runPlain(context);
    hours = 2;
    return result;
  };
  const clock = { ...systemClock, now: () => new Date(Date.now() + hours * 3_600_000) };
  await start(defineStage({ adapter: 'plain', version: '1.2.3', run }), clock);
  const received = await receive('plain', (count) => (count === 1 ? 'fault' : 'accepted'));
  const inputs = [await storedJson({ text: 'patience' })];
  await publish('plain', command('plain', { inputs, not_after: inLease(3_600_000) }));
  expect((await received.reaches(2)).map(({ status }) => status)).toEqual(['ok', 'ok']);
});

test('a stage that does not end in its lease is an error, and the process goes on', async () => {
  await start(defineStage({ adapter: 'slow', version: '1', run: () => new Promise(() => undefined) }));
  const received = await receive('slow');
  await publish('slow', command('slow', { not_after: inLease(200) }));
  expect((await received.reaches(1))[0]).toMatchObject({ status: 'error', reason_codes: ['STAGE_TIMEOUT'] });
});

test('what a stage may store is bounded, and a result that no reply can carry is its bug', async () => {
  const run: StageDefinition['run'] = async ({ config }) => {
    const outputs = [
      { kind: 'x', media_type: 'text/plain', bytes: new Uint8Array((config as { bytes: number }).bytes) },
    ];
    return {
      ok: true,
      value: { outputs, metrics: { n: (config as { bytes: number }).bytes === 0 ? Number.NaN : 0 }, diagnostics: [] },
    };
  };
  await start(defineStage({ adapter: 'greedy', version: '1', run: run as never, limits: { maxOutputBytes: 100 } }));
  const received = await receive('greedy');
  for (const bytes of [101, 0]) await publish('greedy', command('greedy', { config: { bytes } }));
  expect((await received.reaches(2)).map(({ status, reason_codes }) => [status, ...reason_codes]).toSorted()).toEqual([
    ['error', 'STAGE_INTERNAL_ERROR'],
    ['failed', 'STAGE_LIMIT_EXCEEDED'],
  ]);
});

test('a stage in a thread gives the same, keeps the process answering, and really ends with its lease', async () => {
  const module = new URL('../kit/threaded-stage.ts', import.meta.url);
  await start(
    defineStage({ adapter: 'threaded', version: '1', thread: { module, name: 'run' }, limits: { concurrency: 2 } }),
  );
  const received = await receive('threaded');
  const input = await storedJson({ text: 'in a thread' });
  await publish('threaded', command('threaded', { inputs: [input] }));
  const [reply] = await received.reaches(1);
  expect(reply).toMatchObject({ status: 'ok', outputs: [{ kind: 'echo', ref: input.ref }] });

  await publish(
    'threaded',
    command('threaded', { config: { spin: true }, not_after: inLease(500) }),
    command('threaded', { config: { crash: true } }),
    command('threaded', { inputs: [{ ...input, size: 1 }] }),
  );
  const rest = (await received.reaches(4)).slice(1).map(({ status, reason_codes }) => [status, ...reason_codes]);
  expect(rest.toSorted()).toEqual([
    ['error', 'STAGE_INTERNAL_ERROR'],
    ['error', 'STAGE_TIMEOUT'],
    ['failed', 'SIZE_MISMATCH'],
  ]);
  await publish('threaded', command('threaded', { inputs: [input], attempt: 2 }));
  expect((await received.reaches(5))[4]).toMatchObject({ status: 'ok' });
});

test('what cannot be answered leaves the queue: no message, no tenant, nothing it is about', async () => {
  await start(plain);
  const received = await receive('plain');
  const subject = (name: string) => subjectOf('command', { tenant: name, adapter: 'plain' });
  const item = command('plain', { inputs: [await storedJson({ text: 'after the noise' })] });
  await bus.publishCommand(subject(tenant), utf8('{'), { msgId: `sdk-${sent++}` });
  await bus.publishCommand(subject('nobody'), encodeEnvelope('command', 'nobody', [item]), { msgId: `sdk-${sent++}` });
  await bus.publishCommand(subject('nobody'), encodeEnvelope('command', tenant, [item]), { msgId: `sdk-${sent++}` });
  await publish('plain', { ...item, command: { ...item.command, payload: '{}' } });
  await publish('plain', item);
  expect((await received.reaches(1))[0]).toMatchObject({ status: 'ok' });
  expect(received.replies).toHaveLength(1);
});

test('replies that finish together share a signature and a message', async () => {
  await start(plain);
  const received = await receive('plain');
  const inputs = [await storedJson({ text: 'many' })];
  await publish('plain', ...Array.from({ length: 40 }, (_, i) => command('plain', { inputs, attempt: i + 1 })));
  await received.reaches(40);
  expect(Math.max(...received.replies.map(({ item }) => item.reply.proof.size))).toBeGreaterThan(1);
});

test('a stopped adapter gives its command back to another, and no attempt is lost', async () => {
  let entered = (): void => undefined;
  const inside = new Promise<void>((resolve) => {
    entered = resolve;
  });
  const stuck = await start(
    defineStage({
      adapter: 'faulty',
      version: '1',
      run: () => {
        entered();
        return new Promise(() => undefined);
      },
    }),
  );
  const received = await receive('faulty');
  const inputs = [await storedJson({ text: 'handed over' })];
  await publish('faulty', command('faulty', { inputs }));
  await inside;
  await stuck.drain(50);
  await start(defineStage({ adapter: 'faulty', version: '2', run: runPlain }));
  expect((await received.reaches(1))[0]).toMatchObject({ status: 'ok', attempt: 1 });
  expect(received.replies).toHaveLength(1);
});
