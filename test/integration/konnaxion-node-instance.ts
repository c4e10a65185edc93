import fs from 'node:fs';
import path from 'node:path';
import { canonicalBytes, type Digest } from '@orgo/core';
import {
  type NodeConfig,
  type NodeState,
  type Provision,
  placesIn,
  provisionNode,
  queryActive,
  readConfig,
  readKey,
  readState,
  step,
} from '@orgo/konnaxion-node';
import { newId } from '@orgo/runtime/ids';
import { Keyring } from '@orgo/runtime/signer';
import { keysDir } from '@orgo/runtime/trust';
import { startChannels } from '../kit/channels.ts';
import { kristalIdOf, packIdOf, type TestPack } from './konnaxion-node-packs.ts';
import { openRoad } from './konnaxion-node-road.ts';

export const tenant = 'acme';
export const channel = 'stable';
export type Line = { event: string; [field: string]: unknown };

/** A node that joined a tenant's real channels over a road of the test's, not started: a test takes its steps. */
export async function startNodeInstance() {
  const channels = await startChannels(tenant);
  const dir = path.join(channels.home, 'nodes', tenant, 'edge-1');
  let publicKey = new Uint8Array();
  const road = await openRoad(channels.url, () => publicKey);
  const keyring = Keyring.open(keysDir(channels.home));
  const lines: Line[] = [];
  const node = {
    channels,
    dir,
    road,
    lines,
    log: (event: string, fields: Record<string, unknown>): void => void lines.push({ event, ...fields }),
    /** Provisions against the public keys that the tenant has for these roles. */
    async join(
      roles = ['tuf-root'],
      { folder = dir, ...more }: Partial<Provision> & { folder?: string } = {},
    ): Promise<NodeConfig> {
      const keys = await Promise.all(roles.map(async (role) => (await keyring.signer(tenant, role)).publicKey));
      const provision = { api: road.url, tenant_id: tenant, instance_id: 'edge-1', channel, ...more };
      const config = await provisionNode(folder, provision, keys);
      publicKey = new Uint8Array((await readKey(folder)).publicKey);
      return config;
    },
    /** One look at the channel, as a process that has just started takes it: nothing is in memory. */
    look: async (of = dir): Promise<NodeState> => step(of, await readConfig(of), await readKey(of), node.log),
    state: (of = dir): Promise<NodeState> => readState(of, channel),
    stateBytes: (of = dir): string => fs.readFileSync(placesIn(of).state, 'utf8'),
    /** Publishes a pack as the channel's next release. What is published is what the test says, right or wrong. */
    async publish(pack: TestPack, more: { kristal_id?: string; pack_id?: string; manifest?: Uint8Array } = {}) {
      for (const bytes of pack.files.values())
        await channels.artifacts.put(tenant, 'pack-file', 'application/octet-stream', bytes);
      const bytes = more.manifest ?? canonicalBytes(pack.manifest);
      const stored = await channels.artifacts.put(tenant, 'pack-manifest', 'application/json', bytes);
      const wanted = {
        tenant_id: tenant,
        release_id: newId('rel'),
        channel,
        kristal_id: (more.kristal_id ?? kristalIdOf(pack)) as Digest,
        pack_id: more.pack_id ?? packIdOf(pack),
        manifest: { ref: stored.ref as Digest, size: stored.size },
      };
      return (await channels.put(wanted, channels.reopen().channels)).target;
    },
    answer: (of = dir) => queryActive(of, { limit: 3 }),
    async stop() {
      await road.close();
      await channels.stop();
    },
  };
  return node;
}
export type NodeInstance = Awaited<ReturnType<typeof startNodeInstance>>;
