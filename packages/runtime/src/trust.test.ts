import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TrustRoot } from '@orgo/contracts';
import { emptyRoot, formatCheckpoint, leafHash, signNote, utf8 } from '@orgo/core';
import { verifySeal } from '@orgo/core/seal';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createKey, Keyring, trustedKeyOf, verifySignature } from './signer.ts';
import { createTenant, keysDir, publishRoot, TrustStore, trustDir } from './trust.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'orgo-trust-'));
});
afterEach(() => rm(home, { recursive: true }));

const create = (tenant = 'acme') => createTenant(home, tenant, { adapters: ['echo'], instance: 'i1' });
const refused = (code: string) => expect.objectContaining({ code });
const rootPath = (version: number) => join(trustDir(home), 'acme', `${version}.root.json`);

test('a tenant has a key per role, a pinned root and a log of its own name', async () => {
  const made = await create();
  const root = await TrustStore.open(trustDir(home)).root('acme');
  expect(root).toMatchObject({
    tenant_id: 'acme',
    version: 1,
    digest: made.fingerprint,
    log: { origin: 'orgo.local/i1/acme' },
  });
  const keyring = Keyring.open(keysDir(home));
  for (const role of ['orchestrator', 'gatekeeper', 'log', 'adapter.echo']) {
    expect(root.keysOf(role).map((key) => key.keyid)).toEqual([(await keyring.signer('acme', role)).key_id]);
  }
  expect(root.keysOf('adapter.other')).toEqual([]);
  expect(root.keysOf('constructor')).toEqual([]);
});

test('creating again changes nothing, and tenants made side by side are all pinned', async () => {
  const first = await create();
  expect(await create()).toEqual({ ...first, created: false });
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  await Promise.all(names.map(create));
  const store = TrustStore.open(trustDir(home));
  for (const name of names) expect((await store.root(name)).tenant_id).toBe(name);
});

test('root keys that were taken elsewhere are not made again', async () => {
  const first = await create();
  for (const role of ['root', 'tuf-root']) await rm(join(keysDir(home), role, 'acme.json'));
  expect(await create()).toEqual({ ...first, created: false });
  for (const role of ['root', 'tuf-root']) expect(await readdir(join(keysDir(home), role))).toEqual([]);
});

test('a crash between root and pin is finished by the next call', async () => {
  const first = await create();
  await rm(join(trustDir(home), 'pins.json'));
  await expect(TrustStore.open(trustDir(home)).root('acme')).rejects.toEqual(refused('TRUST_ROOT_MISSING'));
  expect(await create()).toEqual(first);
  await expect(TrustStore.open(trustDir(home)).root('acme')).resolves.toMatchObject({ version: 1 });
});

test('a lock left by a dead process does not stop the next tenant', async () => {
  await create();
  await writeFile(join(trustDir(home), '.pins.lock', '9'), '4194305:1');
  await expect(create('beta')).resolves.toMatchObject({ created: true });
});

test('marks that cannot be read are not taken for none', async () => {
  expect(await TrustStore.open(trustDir(home)).unsealed()).toEqual([]);
  await create();
  await rm(join(trustDir(home), '.unsealed'), { recursive: true, force: true });
  await writeFile(join(trustDir(home), '.unsealed'), 'no folder');
  await expect(TrustStore.open(trustDir(home)).unsealed()).rejects.toThrow('ENOTDIR');
});

test('an unknown tenant, an edited root and a foreign root are not believed', async () => {
  await create();
  await expect(TrustStore.open(trustDir(home)).root('beta')).rejects.toEqual(refused('TRUST_ROOT_MISSING'));
  const good = await readFile(rootPath(1), 'utf8');
  await writeFile(rootPath(1), good.replace(/"payload":"./, '"payload":"A')).catch(() => undefined);
  await expect(TrustStore.open(trustDir(home)).root('acme')).rejects.toEqual(refused('TRUST_ROOT_INVALID'));
  await create('beta');
  await writeFile(rootPath(1), await readFile(join(trustDir(home), 'beta', '1.root.json')));
  await expect(TrustStore.open(trustDir(home)).root('acme')).rejects.toEqual(refused('TRUST_ROOT_INVALID'));
});

test('a newer root is found, must chain from the one before, and can drop a key', async () => {
  await create();
  let now = 0;
  const store = TrustStore.open(trustDir(home), { now: () => new Date(), monotonicMs: () => now });
  expect((await store.root('acme')).keysOf('adapter.echo')).toHaveLength(1);
  const rootKey = await createKey(keysDir(home), 'acme', 'root');
  const version = await publishRoot(
    home,
    'acme',
    (body) => {
      const { 'adapter.echo': _dropped, ...roles } = body.roles;
      return { ...body, roles };
    },
    [rootKey],
  );
  expect((await store.root('acme')).version).toBe(1);
  expect((await store.root('acme', version)).version).toBe(2);
  now += 1001;
  expect((await store.root('acme')).keysOf('adapter.echo')).toEqual([]);
  expect((await store.root('acme', 1)).keysOf('adapter.echo')).toHaveLength(1);
  await expect(store.root('acme', 9)).rejects.toEqual(refused('ROOT_VERSION_UNKNOWN'));

  await publishRoot(home, 'acme', (body) => body, [await createKey(keysDir(home), 'acme', 'operator')]);
  now += 1001;
  await expect(store.root('acme')).rejects.toEqual(refused('ROOT_CONTINUITY_FAILED'));
});

test('a key that holds two roles makes a root invalid', async () => {
  await create();
  const rootKey = await createKey(keysDir(home), 'acme', 'root');
  await publishRoot(home, 'acme', (body) => ({ ...body, roles: { ...body.roles, release: body.roles.log as never } }), [
    rootKey,
  ]);
  await expect(TrustStore.open(trustDir(home)).root('acme')).rejects.toEqual(refused('TRUST_ROOT_INVALID'));
});

test('a threshold above one makes a root invalid where what the role signs is signed once, and no other root', async () => {
  await create();
  const keyOf = (role: string) => createKey(keysDir(home), 'acme', role);
  const [rootKey, spare] = [await keyOf('root'), await keyOf('spare')];
  const { keyid, ...listed } = trustedKeyOf(spare);
  const bothMustSign = (role: string) => (body: TrustRoot) => ({
    ...body,
    keys: { ...body.keys, [keyid]: listed },
    roles: { ...body.roles, [role]: { threshold: 2, key_ids: [...(body.roles[role]?.key_ids ?? []), keyid] } },
  });
  for (const role of ['operator', 'audit', 'tuf-root', 'targets', 'snapshot', 'timestamp']) {
    await publishRoot(home, 'acme', bothMustSign(role), [rootKey]);
    expect((await TrustStore.open(trustDir(home)).root('acme')).threshold(role)).toBe(2);
    await rm(rootPath(2));
  }
  for (const role of ['gatekeeper', 'log', 'orchestrator', 'release', 'adapter.echo']) {
    await publishRoot(home, 'acme', bothMustSign(role), [rootKey]);
    await expect(TrustStore.open(trustDir(home)).root('acme')).rejects.toMatchObject({
      code: 'TRUST_ROOT_INVALID',
      detail: expect.stringContaining(`role ${role} has a threshold above one`),
    });
    await rm(rootPath(2));
  }
});

test('a seal proves a leaf of this log and nothing else', async () => {
  await create();
  const { log } = await TrustStore.open(trustDir(home)).root('acme');
  const keyring = Keyring.open(keysDir(home));
  const logKey = await keyring.signer('acme', 'log');
  const payload = '{"v":1}';
  const noteOf = (origin: string, size: number, root: Uint8Array, signer = logKey) =>
    signNote(formatCheckpoint({ origin, size, root }), { name: origin, public: signer.publicKey }, signer.sign);
  const seal = { index: 0, size: 1, path: [], checkpoint: noteOf(log.origin, 1, leafHash(utf8(payload))) };
  const expected = { log, verify: verifySignature };
  expect(verifySeal(seal, payload, expected)).toEqual({ ok: true, value: { index: 0, size: 1 } });
  const other = await keyring.signer('acme', 'audit');
  const cases = [
    [seal, '{"v":2}', 'PROOF_INVALID'],
    [{ ...seal, checkpoint: noteOf(log.origin, 1, emptyRoot()) }, payload, 'PROOF_INVALID'],
    [{ ...seal, checkpoint: noteOf(log.origin, 2, leafHash(utf8(payload))) }, payload, 'CHECKPOINT_MALFORMED'],
    [{ ...seal, checkpoint: noteOf('orgo.local/i1/beta', 1, leafHash(utf8(payload))) }, payload, 'KEY_UNKNOWN'],
    [{ ...seal, checkpoint: noteOf(log.origin, 1, leafHash(utf8(payload)), other) }, payload, 'KEY_UNKNOWN'],
    [{ ...seal, checkpoint: 'x' }, payload, 'CHECKPOINT_MALFORMED'],
  ] as const;
  for (const [tried, leaf, code] of cases) expect(verifySeal(tried, leaf, expected)).toMatchObject({ ok: false, code });
});
