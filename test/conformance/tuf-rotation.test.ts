import fs from 'node:fs';
import path from 'node:path';
import { canonicalBytes, toHex } from '@orgo/core';
import { defaultLifetimes } from '@orgo/release/tuf/renewal';
import { Keyring } from '@orgo/runtime/signer';
import { keysDir } from '@orgo/runtime/trust';
import { retireKeys, revokeKey, rotateRole } from '@orgo/runtime/trust-rotation';
import { afterEach, describe, expect, test } from 'vitest';
import { startChannels, type TestChannels } from '../kit/channels.ts';
import { type TufClient, tufClient } from '../kit/tuf-client.ts';

// Keys of channel metadata are exchanged, and metadata is made anew; an unmodified TUF client that is away meanwhile finds its way.
const tenant = 'acme';
let channels: TestChannels;
afterEach(() => channels.stop());

type Metadata = {
  signed: {
    version: number;
    keys: Record<string, { keyval: { public: string } }>;
    roles: Record<string, { keyids: string[] }>;
  };
  signatures: { keyid: string }[];
};
const file = (name: string): string => path.join(channels.dir, 'metadata', name);
const read = (name: string): Metadata => JSON.parse(fs.readFileSync(file(name), 'utf8'));
const newestRoot = (): Metadata => {
  const versions = fs
    .readdirSync(path.join(channels.dir, 'metadata'))
    .flatMap((name) => name.match(/^(\d+)\.root/)?.[1] ?? []);
  return read(`${Math.max(...versions.map(Number))}.root.json`);
};
/** What the release service does when it has seen another trust root: it signs what changed. */
const publishAgain = () => channels.reopen().channels.publish(tenant);
const seqOf = async (client: TufClient): Promise<number | undefined> => (await client.update())?.offer.release_seq;
const held = async (role: string): Promise<string[]> =>
  (await Keyring.open(keysDir(channels.home)).signers(tenant, role)).map(({ publicKey }) => toHex(publicKey));
/** The public keys that a root gives to a role. */
const listed = (root: Metadata, role: string): string[] =>
  (root.signed.roles[role]?.keyids ?? []).map((id) => root.signed.keys[id]?.keyval.public ?? '');

describe('clients follow when', () => {
  test.each([
    ['timestamp', 'timestamp'],
    ['snapshot', 'snapshot'],
    ['targets', 'targets'],
    ['root', 'tuf-root'],
  ])('the key of %s is exchanged, and the one before dropped', async (role, ours) => {
    channels = await startChannels(tenant);
    await channels.publish('stable', 'a');
    const [present, away] = [await tufClient(channels), await tufClient(channels)];
    expect([await seqOf(present), await seqOf(away)]).toEqual([1, 1]);
    const [before] = await held(ours);
    await rotateRole(channels.home, tenant, ours);
    await publishAgain();
    const overlap = newestRoot();
    expect([overlap.signed.version, listed(overlap, role).at(-1)]).toEqual([2, before]);
    expect(await seqOf(present)).toBe(1);
    await retireKeys(channels.home, tenant, { early: true });
    channels.reopen();
    await channels.publish('stable', 'b');
    const after = newestRoot();
    expect([after.signed.version, listed(after, role).length, listed(after, role).includes(before as string)]).toEqual([
      3,
      1,
      false,
    ]);
    expect([await seqOf(present), await seqOf(away), await seqOf(await tufClient(channels))]).toEqual([2, 2, 2]);
  });

  test('the key of a channel is exchanged', async () => {
    channels = await startChannels(tenant);
    await channels.publish('stable', 'a');
    const client = await tufClient(channels);
    await client.update();
    const { key_id, before } = await rotateRole(channels.home, tenant, 'channel.stable');
    expect(before).not.toContain(key_id);
    channels.reopen();
    await channels.publish('stable', 'b');
    const signer = (version: number) => read(`${version}.channel.stable.json`).signatures[0]?.keyid;
    expect(signer(2)).not.toBe(signer(1));
    expect(await seqOf(client)).toBe(2);
  });

  test('every key but the log’s is one of P-256, and two of three sign roots', async () => {
    channels = await startChannels(tenant, { alg: 'ecdsa-p256-sha256', rootKeys: 3, rootThreshold: 2 });
    await channels.publish('stable', 'a');
    const client = await tufClient(channels);
    expect(await seqOf(client)).toBe(1);
    await rotateRole(channels.home, tenant, 'tuf-root');
    await publishAgain();
    expect([await seqOf(client), newestRoot().signed.version]).toEqual([1, 2]);
  });
});

test('a revoked key of the timestamp signs nothing that a client would take', async () => {
  channels = await startChannels(tenant);
  await channels.publish('stable', 'a');
  const client = await tufClient(channels);
  await client.update();
  const [stolen] = await Keyring.open(keysDir(channels.home)).signers(tenant, 'timestamp');
  if (stolen === undefined) throw new Error('no key of the timestamp');
  await revokeKey(channels.home, tenant, stolen.key_id, { reason: 'stolen' });
  await publishAgain();
  const good = fs.readFileSync(file('timestamp.json'));
  const { signed } = JSON.parse(good.toString()) as Metadata;
  const later = { ...signed, version: signed.version + 1 };
  const keyid = read('1.root.json').signed.roles.timestamp?.keyids[0];
  const sig = Buffer.from(stolen.sign(canonicalBytes(later))).toString('hex');
  fs.writeFileSync(file('timestamp.json'), canonicalBytes({ signed: later, signatures: [{ keyid, sig }] }));
  await expect(client.update()).rejects.toThrow(/signed by 0\/1/);
  fs.writeFileSync(file('timestamp.json'), good);
  expect(await seqOf(client)).toBe(1);
});

test('without the root keys the channels go on under the root there is, and take the next one when the keys are back', async () => {
  channels = await startChannels(tenant);
  await channels.publish('stable', 'a');
  const client = await tufClient(channels);
  const [keys, safe] = [path.join(keysDir(channels.home), 'tuf-root'), path.join(channels.home, 'safe')];
  fs.renameSync(keys, safe);
  await rotateRole(channels.home, tenant, 'timestamp');
  channels.reopen();
  await channels.publish('stable', 'b');
  expect([newestRoot().signed.version, await seqOf(client)]).toEqual([1, 2]);
  fs.renameSync(safe, keys);
  await publishAgain();
  expect([newestRoot().signed.version, await seqOf(client)]).toEqual([2, 2]);
});

describe('metadata is made anew', () => {
  const versions = (): number[] => {
    const newest = read('timestamp.json').signed as Metadata['signed'] & {
      meta: { 'snapshot.json': { version: number } };
    };
    const { version } = newest.meta['snapshot.json'];
    const snapshot = read(`${version}.snapshot.json`).signed as unknown as {
      meta: Record<string, { version: number }>;
    };
    return [
      newest.version,
      version,
      snapshot.meta['targets.json']?.version ?? 0,
      snapshot.meta['channel.stable.json']?.version ?? 0,
    ];
  };

  test('the timestamp alone at its hour', async () => {
    channels = await startChannels(tenant, { lifetimes: { ...defaultLifetimes, renewal: 1 } });
    await channels.publish('stable', 'a');
    expect(channels.armed.at(-1)).toBe(1);
    const client = await tufClient(channels);
    expect(await seqOf(client)).toBe(1);
    await channels.reopen().channels.renew(tenant);
    expect([versions(), await seqOf(client)]).toEqual([[2, 1, 1, 1], 1]);
    expect(channels.armed.at(-1)).toBe(defaultLifetimes.renewal);
    // Nothing is due: nothing is signed.
    await channels.reopen().channels.renew(tenant);
    expect(versions()).toEqual([2, 1, 1, 1]);
  });

  test('all of it where half its life is over, without a publication', async () => {
    const instant = { ...defaultLifetimes, targets: 2, snapshot: 2, timestamp: 2, renewal: 1 };
    channels = await startChannels(tenant, { lifetimes: instant });
    await channels.publish('stable', 'a');
    const client = await tufClient(channels);
    await expect(client.update()).rejects.toThrow(/expired/);
    await channels.reopen().channels.renew(tenant);
    expect([versions(), await seqOf(client)]).toEqual([[2, 2, 2, 2], 1]);
  });

  test('and goes on being so after it was signed and could not be written', async () => {
    channels = await startChannels(tenant, { lifetimes: { ...defaultLifetimes, renewal: 1 } });
    await channels.publish('stable', 'a');
    let full = true;
    const at = (name: string): void => {
      if (full && name === 'release.beforeTimestamp') throw new Error('no space left');
    };
    const { channels: files } = channels.reopen(undefined, { at });
    await files.renew(tenant);
    expect(versions()[0]).toBe(1);
    expect(channels.armed.at(-1)).toBe(30_000);
    full = false;
    await files.renew(tenant);
    expect(versions()).toEqual([2, 1, 1, 1]);
    expect(channels.armed.at(-1), 'the renewal after the one that was late').toBeGreaterThan(30_000);
  });

  test('and tried again soon where the key cannot be used', async () => {
    channels = await startChannels(tenant, { lifetimes: { ...defaultLifetimes, renewal: 1 } });
    await channels.publish('stable', 'a');
    const [keys, safe] = [path.join(keysDir(channels.home), 'timestamp'), path.join(channels.home, 'safe')];
    fs.renameSync(keys, safe);
    const { channels: files } = channels.reopen();
    await files.renew(tenant);
    expect([versions(), channels.armed.at(-1)]).toEqual([[1, 1, 1, 1], 30_000]);
    fs.renameSync(safe, keys);
    await files.renew(tenant);
    expect(versions()).toEqual([2, 1, 1, 1]);
  });
});
