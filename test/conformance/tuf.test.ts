import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { digestHex, toHex } from '@orgo/core';
import { Keyring } from '@orgo/runtime/signer';
import { keysDir } from '@orgo/runtime/trust';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startChannels, type TestChannels } from '../kit/channels.ts';
import { tufClient } from '../kit/tuf-client.ts';

const tenant = 'acme';
let channels: TestChannels;

beforeEach(async () => {
  channels = await startChannels(tenant);
});
afterEach(() => channels.stop());

const client = (channel?: string) => tufClient(channels, channel);
const file = (name: string): string => path.join(channels.dir, name);
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('an unmodified TUF client', () => {
  test('follows a channel from release to release', async () => {
    const first = await channels.publish('stable', 'a');
    const node = await client();
    const one = await node.update();
    expect(one?.offer).toEqual({
      release_id: first.wanted.release_id,
      release_seq: 1,
      pack_seq: 1,
      pack_id: first.pack.pack_id,
      kristal_id: first.pack.kristal_id,
      manifest: first.pack.manifest.ref,
      manifest_size: first.pack.manifest.size,
    });
    expect(sha256(one?.manifest as Buffer)).toBe(digestHex(first.pack.manifest.ref));
    const second = await channels.publish('stable', 'b');
    expect((await node.update())?.offer).toMatchObject({ release_seq: 2, pack_id: second.pack.pack_id });
  });

  test('sees each channel by itself, numbered by itself, under one count of changes', async () => {
    await channels.publish('stable', 'a');
    const second = await channels.publish('beta', 'b');
    const third = await channels.publish('stable', 'c');
    expect(third.publication).toMatchObject({ publication: 4, offer: { release_seq: 2 } });
    const [stable, beta, none] = [await client('stable'), await client('beta'), await client('nightly')];
    expect((await stable.update())?.offer).toMatchObject({ pack_id: third.pack.pack_id, release_seq: 2 });
    expect((await beta.update())?.offer).toMatchObject({ pack_id: second.pack.pack_id, release_seq: 1 });
    expect(await none.update()).toBeNull();
    const version = (name: string): number =>
      JSON.parse(fs.readFileSync(file(`metadata/${name}`), 'utf8')).signed.version;
    expect([
      version('timestamp.json'),
      version('3.snapshot.json'),
      version('3.channel.stable.json'),
      version('2.channel.beta.json'),
      version('2.targets.json'),
    ]).toEqual([3, 3, 3, 2, 2]);
  });

  test('finds a root signed by the tenant’s own key, and no second one', async () => {
    const root = (await (await fetch(`${channels.url}/metadata/1.root.json`)).json()) as {
      signed: {
        roles: Record<string, { keyids: string[] }>;
        keys: Record<string, { keyval: { public: string } }>;
        consistent_snapshot: boolean;
        expires: string;
      };
    };
    const keyring = Keyring.open(keysDir(channels.home));
    for (const [role, ours] of [
      ['root', 'tuf-root'],
      ['targets', 'targets'],
      ['snapshot', 'snapshot'],
      ['timestamp', 'timestamp'],
    ] as const) {
      const [id] = root.signed.roles[role]?.keyids ?? [];
      expect(root.signed.keys[id ?? '']?.keyval.public).toBe(toHex((await keyring.signer(tenant, ours)).publicKey));
    }
    expect(root.signed.consistent_snapshot).toBe(true);
    expect(root.signed.expires).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect((await fetch(`${channels.url}/metadata/2.root.json`)).status).toBe(404);
  });
});

describe('refuses', () => {
  /** Changes one signed value and keeps the file well formed; the length stays, so that only the signature or hash can tell. */
  const tamper = (name: string): void => {
    const text = fs.readFileSync(file(name), 'utf8');
    const changed = text.replace(/"expires":"20(\d\d)/, (_, year) => `"expires":"21${year}`);
    expect(changed).not.toBe(text);
    fs.rmSync(file(name));
    fs.writeFileSync(file(name), changed);
  };

  test.each([
    ['metadata/timestamp.json', /signed by 0\/1/],
    ['metadata/1.snapshot.json', /snapshot/i],
    ['metadata/1.targets.json', /targets/i],
    ['metadata/1.channel.stable.json', /targets/i],
  ])('a changed %s', async (name, says) => {
    await channels.publish('stable', 'a');
    const node = await client();
    expect(await node.update()).not.toBeNull();
    const fresh = await client();
    tamper(name);
    await expect(fresh.update()).rejects.toThrow(says);
  });

  test('changed bytes of the target', async () => {
    const { pack } = await channels.publish('stable', 'a');
    const node = await client();
    const target = file(`targets/stable/${digestHex(pack.manifest.ref)}.${pack.pack_id}.pack-manifest.json`);
    const bytes = fs.readFileSync(target);
    bytes[10] = (bytes[10] ?? 0) ^ 1;
    fs.rmSync(target);
    fs.writeFileSync(target, bytes);
    await expect(node.update()).rejects.toThrow(/hash/i);
  });

  test('an older timestamp', async () => {
    await channels.publish('stable', 'a');
    const old = fs.readFileSync(file('metadata/timestamp.json'));
    await channels.publish('stable', 'b');
    const node = await client();
    await node.update();
    fs.writeFileSync(file('metadata/timestamp.json'), old);
    await expect(node.update()).rejects.toThrow(/less than current version/);
  });

  test('a snapshot and a channel of different publications', async () => {
    await channels.publish('stable', 'a');
    await channels.publish('stable', 'b');
    const node = await client();
    fs.copyFileSync(file('metadata/1.channel.stable.json'), file('metadata/2.channel.stable.json.new'));
    fs.renameSync(file('metadata/2.channel.stable.json.new'), file('metadata/2.channel.stable.json'));
    await expect(node.update()).rejects.toThrow(/hash|length/i);
  });
});
