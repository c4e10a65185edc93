import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { Digest } from '@orgo/contracts';
import { canonicalBytes, digestHex, digestOf, digestOfBytes, utf8 } from '@orgo/core';
import { serviceUrls } from '@orgo/infra/migrate';
import { testDatabase } from '@orgo/infra/test-servers';
import { defaultPackPolicy, manifestPoliciesOf, type PackManifest, runtimePackId } from '@orgo/kristal';
import { channelMachine } from '@orgo/release/channel/machine';
import { createChannelReader } from '@orgo/release/tuf/reader';
import type { Lifetimes } from '@orgo/release/tuf/renewal';
import { openChannels } from '@orgo/release/tuf/repository';
import { channelRoute } from '@orgo/release/tuf/route';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { fileArtifacts } from '@orgo/runtime/artifacts.files';
import type { FaultPoints } from '@orgo/runtime/fault-points';
import { createHttp, type HttpServer } from '@orgo/runtime/http';
import { newId } from '@orgo/runtime/ids';
import { createLog } from '@orgo/runtime/log';
import { Keyring } from '@orgo/runtime/signer';
import type { TenantOptions } from '@orgo/runtime/tenants';
import { createTenant, keysDir, TrustStore, trustDir } from '@orgo/runtime/trust';
import { openDb } from '@orgo/store/db';
import { transact } from '@orgo/store/transact';

/** A small pack that is what its manifest says: stored files and manifest. */
export async function storePack(artifacts: ArtifactStore, tenant: string, seed: string) {
  const files = [];
  for (const [name, text] of [
    ['data/one.bin', `one ${seed}`],
    ['two.json', '{}'],
  ] as const) {
    const bytes = utf8(text);
    await artifacts.put(tenant, 'pack-file', 'application/octet-stream', bytes);
    files.push({
      path: name,
      role: 'other' as const,
      sha256: digestHex(digestOfBytes(bytes)),
      size_bytes: bytes.length,
    });
  }
  const exchange_id = digestHex(digestOf(seed));
  const identity = {
    manifest_version: '3.0.0',
    exchange_ref: { exchange_id },
    compiler: { name: 'test', version: '1' },
    build: {
      build_id: 'c-123456',
      deterministic: true as const,
      canonicalization_profile: 'jcs-rfc8785@1' as const,
      config_hash: 'c'.repeat(64),
    },
    policies: manifestPoliciesOf(defaultPackPolicy),
    files,
  };
  const manifest: PackManifest = {
    ...identity,
    runtime_pack_id: runtimePackId(identity),
    created_at: '2026-01-01T00:00:00Z',
  };
  const stored = await artifacts.put(tenant, 'pack-manifest', 'application/json', canonicalBytes(manifest));
  return {
    pack_id: manifest.runtime_pack_id,
    kristal_id: `sha256:${exchange_id}` as Digest,
    manifest: { ref: stored.ref as Digest, size: stored.size },
    files,
  };
}

/** What a release brings to its channel. */
export type Wanted = {
  tenant_id: string;
  release_id: string;
  channel: string;
  kristal_id: Digest;
  pack_id: string;
  manifest: { ref: Digest; size: number };
};

/** A tenant's channels on a real database, behind real HTTP, in a home that `stop` removes. */
export async function startChannels(tenant: string, more: Partial<TenantOptions> & { lifetimes?: Lifetimes } = {}) {
  const { lifetimes, ...keys } = more;
  const home = fs.mkdtempSync(path.join(fs.realpathSync('/tmp'), 'orgo-channels-'));
  const database = await testDatabase();
  await createTenant(home, tenant, { adapters: [], ...keys });
  const db = openDb({ url: serviceUrls(database.adminUrl).release, schema: 'release' });
  const artifacts = fileArtifacts(path.join(home, 'artifacts'));
  const log = createLog({ service: 'test', level: 'silent' });
  const dir = path.join(home, 'channels');
  /** In how many milliseconds renewals were due, each time that was said. */
  const armed: number[] = [];
  const open = (of: { lifetimes?: Lifetimes | undefined; faults?: FaultPoints } = {}) => {
    const trust = TrustStore.open(trustDir(home));
    const keyring = Keyring.open(keysDir(home));
    const channels = openChannels({
      ...{ dir, db, keyring, trust, artifacts, log },
      ...(of.lifetimes && { lifetimes: of.lifetimes }),
      ...(of.faults && { faults: of.faults }),
      armed: (due) => armed.push(...due),
    });
    return { channels, reader: createChannelReader({ channels, db, artifacts, trust }) };
  };
  let { channels, reader } = open({ lifetimes });
  /** Has the channel offer it and switch to it at once, and publishes; asked again it does the same again and changes nothing. */
  const put = async ({ manifest, ...wanted }: Wanted, files = channels) => {
    const of = { tenant_id: wanted.tenant_id, channel: wanted.channel, release_id: wanted.release_id };
    const { kristal_id, pack_id } = wanted;
    const offer = {
      type: 'offer' as const,
      ...of,
      kristal_id,
      pack_id,
      manifest: manifest.ref,
      manifest_size: manifest.size,
    };
    const inputs = [
      { ...offer, cohorts: [], prefetch: false },
      { type: 'switch' as const, ...of },
    ];
    const incoming = inputs.map((input) => ({ message_id: randomUUID(), input, traceparent: null }));
    const taken = await transact(db, channelMachine, incoming, { encode: async () => [], nudge: () => undefined });
    if (taken.some(({ outcome }) => outcome !== 'accepted')) throw new Error(JSON.stringify(taken));
    const head = (await files.publish(tenant)).find((one) => one.channel === wanted.channel);
    const current = head?.index.current;
    if (!head || !current) throw new Error(`${wanted.channel} was not published`);
    return { publication: head.index.index_seq, offer: current };
  };
  const http: HttpServer = createHttp({
    service: 'release',
    handlers: { getChannelFile: (request) => channelRoute(reader)(request) },
    token: 'a token nobody needs here',
    log,
  });
  const url = await http.listen(0);
  return {
    home,
    db,
    artifacts,
    /** The folder of the tenant's channel files. */
    dir: path.join(dir, tenant),
    url: `${url}/v1/tenants/${tenant}/tuf`,
    origin: url,
    /** Publishes a new pack to a channel. */
    async publish(channel: string, seed: string) {
      const pack = await storePack(artifacts, tenant, seed);
      const wanted = { tenant_id: tenant, release_id: newId('rel'), channel, ...pack };
      return { wanted, pack, publication: await put(wanted) };
    },
    put,
    armed,
    /** As another process would: nothing in memory, and the lifetimes as they are by default or as they are said. */
    reopen(lifetimes?: Lifetimes, faults?: FaultPoints) {
      ({ channels, reader } = open({ lifetimes, ...(faults && { faults }) }));
      return { channels, reader };
    },
    async stop() {
      await http.close();
      await db.close();
      await database.drop();
      fs.rmSync(home, { recursive: true, force: true });
    },
  };
}
export type TestChannels = Awaited<ReturnType<typeof startChannels>>;
