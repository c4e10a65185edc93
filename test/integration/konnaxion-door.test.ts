import { EventEmitter, once } from 'node:events';
import fs from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import type { Offer } from '@orgo/contracts';
import { type Door, type Fleet, openDoor, placesIn, startFleet } from '@orgo/konnaxion-node';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { publicSchema } from '../kit/shared.ts';
import { type NodeInstance, startNodeInstance, tenant } from './konnaxion-node-instance.ts';
import { packIdOf, readerPack, type TestPack, writePack } from './konnaxion-node-packs.ts';

// The nodes' own door, as a person at the machine uses it: what serves, how it is, and no way around the channel's rules.
let packs: [TestPack, TestPack, TestPack];
let node: NodeInstance;
let fleet: Fleet;
let door: Door & { close(): Promise<void> };
let first: Offer;
const said = new EventEmitter();
let lines: { event: string }[] = [];

beforeAll(async () => {
  packs = await Promise.all([readerPack(2), readerPack(1), readerPack(0)]);
});
beforeEach(async () => {
  lines = [];
  node = await startNodeInstance();
  await node.join({ labels: { environment: 'rehearsal' } });
  first = await node.publish(packs[0]);
  const root = path.join(node.home, 'nodes');
  const log = (event: string): void => {
    lines.push({ event });
    said.emit('line');
  };
  fleet = startFleet(root, { pollMs: 5, log, simulated: true });
  door = await openDoor(root, fleet, { log });
  await until('node.activated', 1);
});
afterEach(async () => {
  await door.close();
  await fleet.stop();
  await node.stop();
});

const until = async (event: string, count: number): Promise<void> => {
  while (lines.filter((line) => line.event === event).length < count) await once(said, 'line');
};
const ask = async (method: string, what: string, body?: unknown, token = door.token, name = 'edge-1') => {
  const init = {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body ? { body: JSON.stringify(body) } : {}),
  };
  const answer = await fetch(`${door.url}/v1/${tenant}/${name}/${what}`, init);
  // biome-ignore lint/suspicious/noExplicitAny: answers are matched member by member
  return { status: answer.status, body: (await answer.json()) as any };
};
/** The second release is active; the third is refused here, because its first byte is spoilt on the way. */
async function second(): Promise<Offer> {
  const offer = await node.publish(packs[1]);
  await until('node.activated', 2);
  return offer;
}

test('says what serves, answers queries from it, and how it is', async () => {
  expect(await ask('GET', 'active')).toMatchObject({
    status: 200,
    body: { instance_id: 'edge-1', state: { active: { pack_id: packIdOf(packs[0]), release_seq: 1 } } },
  });
  expect(await ask('POST', 'query', { limit: 2 })).toMatchObject({
    status: 200,
    body: { runtime_pack_id: packIdOf(packs[0]), page_info: { returned: 2 } },
  });
  expect(await ask('POST', 'query', { limit: 0 })).toMatchObject({ body: { code: 'PACK_QUERY_INVALID' } });
  expect(await ask('GET', 'health')).toMatchObject({
    body: { health: 'HEALTHY', metrics: [{ name: 'smoke_failures', value: 0 }, { name: 'smoke_ms' }] },
  });
});

test('finds an active pack that was damaged where it lies', async () => {
  fs.appendFileSync(`${placesIn(node.dir).pack(packIdOf(packs[0]))}/meta/statistics.json`, ' ');
  expect((await ask('GET', 'health')).body).toMatchObject({ health: 'UNHEALTHY' });
  // A pack that was never opened is not served from bytes that are not its own.
  expect(await ask('POST', 'query', { limit: 2 })).toMatchObject({ body: { code: 'FILE_SIZE_MISMATCH' } });
});

test('opens to nobody without its secret, and knows no other nodes', async () => {
  expect(await ask('GET', 'active', undefined, 'x'.repeat(48))).toMatchObject({ status: 401 });
  expect(await ask('GET', 'active', undefined, door.token, 'edge-2')).toMatchObject({
    body: { code: 'NODE_NOT_FOUND' },
  });
  expect(await ask('GET', 'active', undefined, door.token, '..%2fedge-1')).toMatchObject({
    body: { code: 'NODE_NOT_FOUND' },
  });
  expect(await ask('POST', 'everything')).toMatchObject({ body: { code: 'NODE_NOT_FOUND' } });
  expect(fs.statSync(path.join(node.home, 'nodes/door.json')).mode & 0o777).toBe(0o600);
});

describe('activate', () => {
  test('waits for nobody who does not say what is asked', async () => {
    const headers = { authorization: `Bearer ${door.token}`, 'content-length': 100, expect: '100-continue' };
    const held = request(`${door.url}/v1/${tenant}/edge-1/activate`, { method: 'POST', headers });
    held.on('error', () => undefined).flushHeaders();
    // The door has its head.
    await once(held, 'continue');
    await until('node.activated', 1);
    expect(await ask('POST', 'activate', { pack_id: packIdOf(packs[2]) })).toMatchObject({ status: 409 });
    await second();
    held.destroy();
  });

  test('tries an offer again that was refused, when its pack is whole at last', async () => {
    node.road.trick = (file) => (file.endsWith('statistics.json') ? Buffer.from('{}') : undefined);
    const offer = await node.publish(packs[1]);
    await until('node.activation_refused', 1);
    expect(await ask('POST', 'activate', { pack_id: offer.pack_id })).toMatchObject({ body: { code: 'FILE_MISSING' } });
    node.road.clear();
    const folder = placesIn(node.dir).pack(offer.pack_id);
    fs.mkdirSync(folder, { recursive: true });
    writePack(folder, packs[1]);
    expect(await ask('POST', 'activate', { pack_id: offer.pack_id })).toMatchObject({
      status: 200,
      body: { active: { pack_id: offer.pack_id } },
    });
    expect(node.road.reports.at(-1)).toMatchObject({ attempt: { type: 'ACTIVATE', status: 'SUCCEEDED' } });
  });

  test('takes no pack that the channel does not offer this node', async () => {
    await second();
    for (const pack_id of [packIdOf(packs[0]), packIdOf(packs[2])])
      expect(await ask('POST', 'activate', { pack_id })).toMatchObject({ body: { code: 'TARGET_NOT_FOR_CHANNEL' } });
    expect(await ask('POST', 'activate', { pack_id: '../x' })).toMatchObject({ status: 400 });
    expect((await node.state()).active?.pack_id).toBe(packIdOf(packs[1]));
  });
});

describe('rollback', () => {
  test('needs a pack that served before', async () => {
    expect(await ask('POST', 'rollback', {})).toMatchObject({ body: { code: 'LAST_KNOWN_GOOD_MISSING' } });
  });

  test('needs leave of the gatekeeper, and says that it began and was refused', async () => {
    await second();
    expect(await ask('POST', 'rollback', {})).toMatchObject({ body: { code: 'DOWNGRADE_BLOCKED' } });
    const last = node.road.reports.slice(-2).map(({ attempt }) => [attempt.type, attempt.status]);
    expect(last).toEqual([
      ['ROLLBACK', 'IN_PROGRESS'],
      ['ROLLBACK', 'FAILED'],
    ]);
    expect((await node.state()).active?.pack_id).toBe(packIdOf(packs[1]));
  });

  test('goes back under leave that a person brings, away from the network, and stays there', async () => {
    const offer = await second();
    node.road.down = true;
    const authorization = node.repo.authorization(offer, first);
    expect(await ask('POST', 'rollback', { authorization })).toMatchObject({
      status: 200,
      body: { active: { pack_id: packIdOf(packs[0]) }, floors: { highest_activated_seq: 2 } },
    });
    node.road.down = false;
    // The channel still offers what was left: it is not taken again.
    const before = node.road.asked.length;
    while (node.road.asked.length < before + 6) await new Promise(setImmediate);
    expect((await node.state()).active?.pack_id).toBe(packIdOf(packs[0]));
    const next = await node.publish(packs[2]);
    await until('node.activated', 4);
    expect((await node.state()).active?.pack_id).toBe(next.pack_id);
  });
});

describe('the state record', () => {
  test('is one of the public schema, unmodified, for every event that it has a word for', async (context) => {
    const faultsOf = publicSchema(context, 'konnaxion-state');
    const offer = await second();
    await ask('POST', 'rollback', { authorization: node.repo.authorization(offer, first) });
    const { body } = await ask('GET', 'state');
    expect(body.public).toMatchObject({
      ok: true,
      value: { environment: 'rehearsal', last_attempt: { type: 'ROLLBACK' } },
    });
    expect(faultsOf(body.public.value)).toBeNull();
    expect(body.record).toMatchObject({
      active: { pack_id: packIdOf(packs[0]) },
      last_attempt: { status: 'SUCCEEDED' },
    });
  });
});
