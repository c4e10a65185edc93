import { EventEmitter, once } from 'node:events';
import fs from 'node:fs';
import { digestOfBytes } from '@orgo/core';
import { type GivenTrust, type KonnaxionNode, placesIn, readKey, startNode } from '@orgo/konnaxion-node';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createChannelRepo, makeKey } from '../kit/channel-repo.ts';
import { type Line, type NodeInstance, startNodeInstance, tenant } from './konnaxion-node-instance.ts';
import { packIdOf, readerPack, type TestPack } from './konnaxion-node-packs.ts';
import { openRoad, type Trick } from './konnaxion-node-road.ts';

let packs: [TestPack, TestPack];
let node: NodeInstance;

beforeAll(async () => {
  packs = await Promise.all([readerPack(1), readerPack(0)]);
});
beforeEach(async () => {
  node = await startNodeInstance();
});
afterEach(() => node.stop());

let root: string;
const serveRoot = (trick: Trick): void => {
  node.road.trick = (path) => (path.endsWith('1.root.json') ? trick : undefined);
};

describe('joining', () => {
  beforeEach(async () => {
    root = Buffer.from(node.repo.read('metadata/1.root.json') as Uint8Array).toString();
  });

  test('makes a key of the node’s own, keeps the root it was shown, and says whom it follows', async () => {
    const config = await node.join();
    expect(config).toMatchObject({ tenant_id: tenant, instance_id: 'edge-1', channel: 'stable', api: node.road.url });
    const places = placesIn(node.dir);
    expect(fs.statSync(places.key).mode & 0o777).toBe(0o600);
    expect(fs.readFileSync(`${places.tuf}/metadata/root.json`, 'utf8')).toBe(root);
    // Again, with the same facts: nothing is asked and nothing changes.
    const key = fs.readFileSync(places.key, 'utf8');
    node.road.asked.length = 0;
    expect(await node.join()).toEqual(config);
    expect([fs.readFileSync(places.key, 'utf8'), node.road.asked]).toEqual([key, []]);
  });

  /** A root in which something was changed, and that is signed as before. */
  const changed = (change: (signed: Record<string, unknown>) => void): Buffer => {
    const metadata = JSON.parse(root);
    change(metadata.signed);
    return Buffer.from(JSON.stringify(metadata));
  };
  const cases: [string, string, () => void, string?][] = [
    ['a root that other keys of the tenant may sign', 'KEY_NOT_TRUSTED_FOR_ROLE', () => undefined, 'targets'],
    ['a root of another tenant', 'KEY_NOT_TRUSTED_FOR_ROLE', () => undefined, 'foreign'],
    ['a root by one key where the trust root wants two', 'THRESHOLD_NOT_MET', () => undefined, 'two'],
    [
      'a root that names a key besides the tenant’s',
      'KEY_NOT_TRUSTED_FOR_ROLE',
      () =>
        serveRoot(
          changed(({ keys, roles }) => {
            const all = roles as Record<string, { keyids: string[] }>;
            const other = Object.keys(keys as object).find((id) => !all.root?.keyids.includes(id)) as string;
            all.root?.keyids.push(other);
          }),
        ),
    ],
    [
      'a root that was changed after it was signed',
      'SIGNATURE_INVALID',
      () => serveRoot(changed((signed) => Object.assign(signed, { expires: '2199-01-01T00:00:00Z' }))),
    ],
    [
      'a root without a signature',
      'SIGNATURE_INVALID',
      () => serveRoot(Buffer.from(JSON.stringify({ ...JSON.parse(root), signatures: [] }))),
    ],
    [
      'other metadata',
      'METADATA_INVALID',
      () => serveRoot(changed((signed) => Object.assign(signed, { _type: 'targets' }))),
    ],
    ['no metadata', 'METADATA_INVALID', () => serveRoot(Buffer.from('<html>'))],
    ['no root', 'TENANT_NOT_FOUND', () => serveRoot(null)],
    ['nobody', 'SERVICE_UNAVAILABLE', () => serveRoot('drop')],
    ['half a root', 'SERVICE_UNAVAILABLE', () => serveRoot('cut')],
  ];
  /** Trust of the same tenant under which other keys than those of `tuf-root` sign channel roots. */
  const otherTrust = (holder: string) => {
    const other = createChannelRepo(tenant);
    if (holder === 'foreign') return other.trust();
    Object.assign(other.keys, node.repo.keys);
    if (holder === 'targets')
      Object.assign(other.keys, { 'tuf-root': node.repo.keys.targets, targets: node.repo.keys['tuf-root'] });
    const second = makeKey();
    const first = other.writeTrust((body) => {
      body.version = 1;
      if (holder !== 'two') return;
      body.keys[second.keyid] = second.listed;
      body.roles['tuf-root'].key_ids.push(second.keyid);
      body.roles['tuf-root'].threshold = 2;
    });
    const payload = Buffer.from(JSON.parse(Buffer.from(first).toString()).payload, 'base64');
    return { pin: digestOfBytes(new Uint8Array(payload)), roots: [first] };
  };
  test.each(cases)('is refused where there is %s: %s', async (_what, code, arrange, holder) => {
    arrange();
    await expect(node.join(holder ? { trust: otherTrust(holder) } : {})).rejects.toMatchObject({ code });
    expect(fs.existsSync(placesIn(node.dir).config)).toBe(false);
  });

  test('begins with the newest channel root, where the key of the first one was dropped since', async () => {
    const { repo } = node;
    const old = repo.keys['tuf-root'];
    repo.keys['tuf-root'] = makeKey();
    repo.writeRoot(undefined, old, repo.keys['tuf-root']);
    repo.writeTrust();
    await node.publish(packs[0]);
    await node.join();
    const kept = fs.readFileSync(`${placesIn(node.dir).tuf}/metadata/root.json`);
    expect(kept).toEqual(Buffer.from(repo.read('metadata/2.root.json') as Uint8Array));
    expect(await node.look()).toMatchObject({ active: { pack_id: packIdOf(packs[0]) } });
  });

  test.each([
    ['a name that is a path', { instance_id: '../edge' }],
    ['a channel that is none', { channel: 'Stable!' }],
    ['an address that is none', { api: 'not an address' }],
  ])('is refused under %s: USAGE_INVALID', async (_what, facts) => {
    await expect(node.join(facts)).rejects.toMatchObject({ code: 'USAGE_INVALID' });
    expect([fs.existsSync(node.dir), node.road.asked]).toEqual([false, []]);
  });

  test.each<[string, string, (trust: GivenTrust) => GivenTrust]>([
    ['another fingerprint', 'TRUST_ROOT_INVALID', (trust) => ({ ...trust, pin: `sha256:${'0'.repeat(64)}` })],
    ['no trust root', 'TRUST_ROOT_MISSING', ({ pin }) => ({ pin, roots: [] })],
    [
      'a trust root that does not follow',
      'ROOT_VERSION_GAP',
      ({ pin, roots }) => ({ pin, roots: [...roots, roots[0] as Uint8Array] }),
    ],
  ])('is refused under %s: %s', async (_what, code, change) => {
    await expect(node.join({ trust: change(node.repo.trust()) })).rejects.toMatchObject({ code });
    expect(fs.existsSync(placesIn(node.dir).config)).toBe(false);
  });

  test('again brings newer trust roots, and never another beginning', async () => {
    await node.join();
    node.repo.writeTrust();
    await node.join();
    expect(fs.readdirSync(placesIn(node.dir).trust).sort()).toEqual(['1.root.json', '2.root.json']);
    await expect(node.join({ trust: createChannelRepo(tenant).trust() })).rejects.toMatchObject({
      code: 'TRUST_ROOT_INVALID',
    });
    expect(fs.readdirSync(placesIn(node.dir).trust).sort()).toEqual(['1.root.json', '2.root.json']);
  });

  test('again gives a node another address, and never another name, channel or key', async () => {
    await node.join();
    const key = fs.readFileSync(placesIn(node.dir).key, 'utf8');
    await expect(node.join({ channel: 'beta' })).rejects.toMatchObject({ code: 'USAGE_INVALID' });
    await expect(node.join({ instance_id: 'edge-2' })).rejects.toMatchObject({ code: 'USAGE_INVALID' });
    expect(await node.join({ api: 'http://127.0.0.1:1' })).toMatchObject({ api: 'http://127.0.0.1:1' });
    expect(fs.readFileSync(placesIn(node.dir).key, 'utf8')).toBe(key);
  });

  test('takes no folder for an empty one that it cannot read', async () => {
    await node.join();
    const { config, key } = placesIn(node.dir);
    const before = fs.readFileSync(key, 'utf8');
    fs.writeFileSync(config, '{"v":1}');
    await expect(node.join()).rejects.toMatchObject({ code: 'HOME_UNREADABLE' });
    expect(fs.readFileSync(key, 'utf8')).toBe(before);
  });
});

describe('a running node', () => {
  let running: KonnaxionNode | undefined;
  const said = new EventEmitter();
  const lines: Line[] = [];

  beforeEach(async () => {
    lines.length = 0;
    await node.join();
  });
  afterEach(async () => {
    await running?.stop();
    running = undefined;
  });
  const start = async (): Promise<void> => {
    running = await startNode(node.dir, {
      pollMs: 5,
      log: (event, fields) => {
        lines.push({ event, ...fields });
        said.emit('line');
      },
    });
  };
  const until = async (event: string, count = 1): Promise<Line> => {
    while (lines.filter((line) => line.event === event).length < count) await once(said, 'line');
    return lines.filter((line) => line.event === event)[count - 1] as Line;
  };
  /** So many more requests: the node has looked again. */
  const looks = async (count: number): Promise<void> => {
    const from = node.road.asked.length;
    while (node.road.asked.length < from + count) await new Promise(setImmediate);
  };

  test('takes releases as they come, with every line of its log under its name', async () => {
    await node.publish(packs[0]);
    await start();
    expect(await until('node.activated')).toMatchObject({
      tenant_id: tenant,
      node: 'edge-1',
      pack_id: packIdOf(packs[0]),
    });
    await node.publish(packs[1]);
    expect(await until('node.activated', 2)).toMatchObject({ release_seq: 2, pack_id: packIdOf(packs[1]) });
  });

  test('says once that it holds, and why, and once that it is back', async () => {
    await node.publish(packs[0]);
    await start();
    await until('node.activated');
    node.road.down = true;
    expect(await until('node.hold')).toMatchObject({ error_code: 'SERVICE_UNAVAILABLE' });
    await looks(5);
    node.road.down = false;
    await until('node.online');
    expect(lines.map(({ event }) => event)).toEqual(['node.activated', 'node.hold', 'node.online']);
  });

  test('says once that metadata is refused, however long it is', async () => {
    await node.publish(packs[0]);
    node.road.trick = (path) => (path.endsWith('timestamp.json') ? Buffer.from('{}') : undefined);
    await start();
    await until('node.metadata_refused');
    await looks(10);
    expect(lines).toHaveLength(1);
  });

  test('that finds floors it cannot read holds, and takes them for nothing', async () => {
    await node.publish(packs[0]);
    await start();
    await until('node.activated');
    // The look after the one that said it: nothing of it is still to be written.
    while (!(await node.state()).attempts.every(({ reported }) => reported)) await looks(1);
    await looks(3);
    // A look that is under way has read its state, and finds nothing new.
    fs.writeFileSync(placesIn(node.dir).state, '{"v":2}');
    expect(await until('node.hold')).toMatchObject({ error_code: 'HOME_UNREADABLE' });
    await node.publish(packs[1]);
    running?.wake();
    await running?.stop();
    expect(fs.readFileSync(placesIn(node.dir).state, 'utf8')).toBe('{"v":2}');
  });

  test('that joins again at another address goes on there', async () => {
    const { publicKey } = await readKey(node.dir);
    const elsewhere = await openRoad(
      (file) => node.repo.read(file),
      () => publicKey,
    );
    await node.publish(packs[0]);
    await start();
    await until('node.activated');
    node.road.down = true;
    await until('node.hold');
    await node.join({ api: elsewhere.url });
    await until('node.online');
    expect(elsewhere.asked.length).toBeGreaterThan(0);
    await elsewhere.close();
  });

  test('stops while a download goes nowhere', async () => {
    await node.publish(packs[0]);
    let stalled: () => void = () => undefined;
    const stalls = new Promise<void>((resolve) => {
      stalled = resolve;
    });
    node.road.trick = (path) => {
      if (!path.includes('packs/')) return undefined;
      stalled();
      return 'stall';
    };
    await start();
    await stalls;
    await running?.stop();
    expect(await node.state()).toMatchObject({ active: null, attempts: [] });
    expect(fs.readdirSync(placesIn(node.dir).packs)).toEqual([]);
  });
});
