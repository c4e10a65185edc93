import fs from 'node:fs';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type Servers, startServers } from '@orgo/infra/servers';
import { testFolder } from '@orgo/infra/test-servers';
import { type Bus, connectBus } from '@orgo/runtime/bus';
import { natsOptions } from '@orgo/runtime/bus-address';
import { createLog } from '@orgo/runtime/log';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// A process that was taken over says and hears on NATS what its own arcs are, whatever it wants to.
const home = testFolder('orgo-users-');
let servers: Servers;
const open: NatsConnection[] = [];
beforeAll(async () => {
  servers = await startServers({ home, need: ['nats'], env: {}, adapters: ['pin', 'resolve'] });
});
afterAll(async () => {
  await Promise.all(open.map((nats) => nats.close()));
  await servers.stop();
  fs.rmSync(home, { recursive: true, force: true });
});

const as = async (user: string): Promise<NatsConnection> => {
  const nats = await connect(natsOptions(servers.natsUrl(user), 'test'));
  open.push(nats);
  return nats;
};
/** What the server forbids of what is done; empty when nothing. */
async function forbidden(user: string, act: (nats: NatsConnection) => void): Promise<string[]> {
  const nats = await as(user);
  const said: string[] = [];
  const listening = (async () => {
    for await (const status of nats.status()) if (status.type === 'error') said.push(status.error.message);
  })();
  act(nats);
  // The server answers a ping after it has refused what came before.
  await nats.flush();
  await nats.close();
  await listening;
  return said;
}
const says = (user: string, subject: string) => forbidden(user, (nats) => nats.publish(subject, '{}'));
const hears = (user: string, subject: string) =>
  forbidden(user, (nats) => void nats.subscribe(subject, { callback: () => undefined }));

const arcs = {
  command: 'orgo.v1.acme.cmd.pin',
  reply: 'orgo.v1.acme.gate.reply',
  claim: 'orgo.v1.acme.gate.claim',
  decision: 'orgo.v1.acme.audit.decision',
  fold: 'orgo.v1.acme.audit.fold',
  sealed: 'orgo.v1.acme.audit.sealed',
  'receipt for orchestrator': 'orgo.v1.acme.receipt.orchestrator',
  'receipt for release': 'orgo.v1.acme.receipt.release',
  'build cancelled': 'orgo.v1.acme.evt.build.cancelled',
  'build completed': 'orgo.v1.acme.evt.build.completed',
  'release released': 'orgo.v1.acme.evt.release.released',
};
const maySay: Record<string, (keyof typeof arcs)[]> = {
  orchestrator: ['command', 'claim', 'build cancelled', 'build completed'],
  gatekeeper: ['decision', 'fold'],
  audit: ['receipt for orchestrator', 'receipt for release'],
  release: ['claim', 'sealed', 'release released'],
  'adapter-pin': ['reply'],
  adapters: ['reply'],
};
const mayHear: Record<string, (keyof typeof arcs)[]> = {
  orchestrator: ['receipt for orchestrator'],
  gatekeeper: ['reply', 'claim'],
  audit: ['decision', 'fold', 'sealed'],
  release: ['receipt for release'],
  'adapter-pin': ['build cancelled'],
  adapters: ['build cancelled'],
};

describe.each(Object.keys(maySay))('the user of %s', (user) => {
  test('says what its arcs carry and nothing else', async () => {
    for (const [arc, subject] of Object.entries(arcs))
      expect([arc, (await says(user, subject)).length], `${user} says a ${arc}`).toEqual([
        arc,
        maySay[user]?.includes(arc as never) ? 0 : 1,
      ]);
  });

  test('hears what it serves, and neither all nor the answers to others', async () => {
    for (const [arc, subject] of Object.entries(arcs))
      expect([arc, (await hears(user, subject)).length], `${user} hears a ${arc}`).toEqual([
        arc,
        mayHear[user]?.includes(arc as never) ? 0 : 1,
      ]);
    for (const subject of ['>', 'orgo.>', 'orgo.v1.*.cmd.>', '_INBOX.>', '_INBOX_audit2.>', '$JS.>'])
      expect(await hears(user, subject), subject).toHaveLength(1);
  });

  test('neither deletes nor empties nor changes a stream', async () => {
    for (const act of ['DELETE', 'PURGE', 'UPDATE', 'MSG.GET', 'MSG.DELETE'])
      expect(await says(user, `$JS.API.STREAM.${act}.ORGO_CMD`), act).toHaveLength(1);
    expect(await says(user, '$JS.API.STREAM.CREATE.MINE')).toHaveLength(1);
  });
});

describe('the bus, each end as its own user', () => {
  const log = createLog({ service: 'test', level: 'silent' });
  const bus = (user: string, lines?: unknown[]): Promise<Bus> =>
    connectBus({
      url: servers.natsUrl(user),
      name: user,
      log: lines ? createLog({ service: 'test', destination: { write: (l) => void lines.push(JSON.parse(l)) } }) : log,
    });

  test('a command, a reply and its answer go through', async () => {
    const [orchestrator, gatekeeper, pin] = await Promise.all(
      ['orchestrator', 'gatekeeper', 'adapter-pin'].map((user) => bus(user)) as [
        Promise<Bus>,
        Promise<Bus>,
        Promise<Bus>,
      ],
    );
    await orchestrator.ensureStreams();
    await gatekeeper.serve('orgo.v1.*.gate.reply', 'gatekeeper', async (bytes) => bytes);
    const answered = Promise.withResolvers<string>();
    await pin.consume('pin', async (message) => {
      answered.resolve(Buffer.from(await pin.request('orgo.v1.acme.gate.reply', message.bytes)).toString());
      message.ack();
    });
    await orchestrator.publishCommand('orgo.v1.acme.cmd.pin', Buffer.from('"work"'), { msgId: 'one' });
    expect(await answered.promise).toBe('"work"');
    await Promise.all([orchestrator, gatekeeper, pin].map((one) => one.close()));
  });

  test('what is not allowed is told as SUBJECT_FORBIDDEN', async () => {
    const lines: { code?: string }[] = [];
    const pin = await bus('adapter-pin', lines);
    await expect(
      pin.request('orgo.v1.acme.audit.decision', Buffer.from('{}'), { timeoutMs: 200 }),
    ).rejects.toMatchObject({
      code: 'BUS_UNAVAILABLE',
    });
    await expect.poll(() => lines.map(({ code }) => code)).toContain('SUBJECT_FORBIDDEN');
    await pin.close();
  });
});

test('a NATS that is given is used as it is, by everybody', async () => {
  const NATS_URL = servers.urls.NATS_URL;
  const folder = testFolder('orgo-given-');
  const given = await startServers({ home: folder, need: ['nats'], env: { NATS_URL } });
  expect([given.natsUrl('audit'), given.natsUrl('adapter-pin')]).toEqual([NATS_URL, NATS_URL]);
  await given.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});
