import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { sealedCommand } from '@orgo/adapter-sdk/command.fixture';
import { payloadTypes, type ReplyItem, replySchema, roleOfAdapter, subjectOf } from '@orgo/contracts';
import { canonicalBytes, verifyItem } from '@orgo/core';
import { type Servers, startServers } from '@orgo/infra/servers';
import { fileArtifacts } from '@orgo/runtime/artifacts.files';
import { type Bus, connectBus } from '@orgo/runtime/bus';
import { ackOf, decodeEnvelope, encodeEnvelope } from '@orgo/runtime/envelope';
import { createLog } from '@orgo/runtime/log';
import { Keyring, verifySignature } from '@orgo/runtime/signer';
import { createTenant, keysDir, TrustStore, trustDir } from '@orgo/runtime/trust';
import { afterAll, beforeAll, expect, test } from 'vitest';

const log = createLog({ service: 'test', level: 'silent' });
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-adapters-'));
const adapters = ['echo', 'pin', 'ingest', 'extract', 'resolve', 'compile-exchange', 'compile-pack'];
let servers: Servers;
let bus: Bus;

beforeAll(async () => {
  servers = await startServers({ home, need: ['nats'], env: {} });
  await createTenant(home, 'acme', { adapters });
  bus = await connectBus({ url: servers.urls.NATS_URL, name: 'test', log });
});
afterAll(async () => {
  await bus.close();
  await servers.stop();
  fs.rmSync(home, { recursive: true, force: true });
});

const startProcess = async (
  adapter: string,
  env: Record<string, string> = {},
): Promise<{ child: ChildProcess; said(): string }> => {
  const main = fileURLToPath(new URL(`../../services/adapters/${adapter}/src/main.ts`, import.meta.url));
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, ORGO_HOME: home, NATS_URL: servers.urls.NATS_URL, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  await new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.stderr.on('data', (chunk) => {
      said += chunk;
      if (said.includes('"msg":"started"')) resolve();
    });
  });
  return { child, said: () => said };
};

/** Sends one command and answers the reply's status and first code. */
async function ask(
  adapter: string,
  stage: string,
  input: { kind: string; value: object },
  config: Record<string, never> | { step: number },
): Promise<[string, string | undefined]> {
  const root = await TrustStore.open(trustDir(home)).root('acme');
  const keyring = Keyring.open(keysDir(home));
  const [orchestrator, gatekeeper, logKey] = await Promise.all([
    keyring.signer('acme', 'orchestrator'),
    keyring.signer('acme', 'gatekeeper'),
    keyring.signer('acme', 'log'),
  ]);
  const ref = await fileArtifacts(path.join(home, 'artifacts')).put(
    'acme',
    input.kind,
    'application/json',
    canonicalBytes(input.value),
  );
  const item = sealedCommand({ orchestrator, gatekeeper, log: logKey }, root.log.origin, {
    adapter,
    stage,
    inputs: [ref],
    config,
  });
  const replied = new Promise<ReplyItem>((resolve) => {
    void bus.serve(subjectOf('reply', { tenant: 'acme' }), 'test', async (bytes, { subject }) => {
      const envelope = decodeEnvelope<ReplyItem>('reply', bytes, subject);
      if (!envelope.ok) throw new Error(envelope.detail);
      resolve(envelope.value.items[0] as ReplyItem);
      return ackOf(envelope.value.items.map(() => ({ outcome: 'accepted', code: null })));
    });
  });
  await bus.publishCommand(
    subjectOf('command', { tenant: 'acme', adapter }),
    encodeEnvelope('command', 'acme', [item]),
    { msgId: adapter },
  );
  const { reply } = await replied;
  await bus.drain();
  const role = roleOfAdapter(adapter);
  const verified = verifyItem(reply, {
    type: payloadTypes.reply,
    role,
    tenant_id: 'acme',
    keys: root.keysOf(role),
    verify: verifySignature,
  });
  if (!verified.ok) throw new Error(verified.detail);
  const { status, reason_codes } = replySchema.parse(verified.value.payload);
  return [status, reason_codes[0]];
}

test.each(adapters)(
  'the process of %s starts, answers a command in its own name, and stops on a signal',
  async (adapter) => {
    const { child, said } = await startProcess(adapter);
    expect(said()).toContain('"msg":"started"');
    const answer = await ask(
      adapter,
      adapter === 'echo' ? 'echo-1' : adapter,
      { kind: 'echo-request', value: { text: adapter } },
      adapter === 'echo' ? { step: 1 } : {},
    );
    // A Kristal stage looks at such an input and says no; that it says so by its own code shows that its core was loaded and run.
    expect(answer[0]).toBe(adapter === 'echo' ? 'ok' : 'failed');
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
  },
);

test('a process that cannot start says why in one line and exits by its code', async () => {
  const unset = await startProcess('echo', { NATS_URL: '' });
  expect([unset.child.exitCode, unset.said()]).toEqual([2, expect.stringContaining('CONFIG_INVALID: NATS_URL')]);
  const away = await startProcess('echo', { NATS_URL: 'nats://127.0.0.1:1' });
  expect([away.child.exitCode, away.said()]).toEqual([4, expect.stringContaining('BUS_UNAVAILABLE')]);
});

test('a process whose queue it cannot share, and whose stage has a thread, ends by itself', async () => {
  const serving = await bus.consume('ingest', async (message) => message.ack());
  const { child, said } = await startProcess('ingest', { ORGO_ACK_WAIT_MS: '5000' });
  expect([child.exitCode, said()]).toEqual([5, expect.stringContaining('SERVER_CONFIG_MISMATCH')]);
  expect(said()).not.toContain('something holds it');
  await serving.stop(0);
});
