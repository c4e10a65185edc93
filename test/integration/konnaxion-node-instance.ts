import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Offer } from '@orgo/contracts';
import {
  type GivenTrust,
  type NodeConfig,
  type NodeState,
  type NodeWorld,
  openContext,
  type Provision,
  placesIn,
  provisionNode,
  queryActive,
  readKey,
  readState,
  realWorld,
  step,
  withEnrollment,
} from '@orgo/konnaxion-node';
import { createChannelRepo } from '../kit/channel-repo.ts';
import { kristalIdOf, packIdOf, type TestPack } from './konnaxion-node-packs.ts';
import { openRoad } from './konnaxion-node-road.ts';

export const tenant = 'acme';
export const channel = 'stable';
export type Line = { event: string; [field: string]: unknown };

/** A node that follows a tenant's channel over a road of the test's, not started: a test takes its steps. */
export async function startNodeInstance() {
  const home = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'orgo-node-'));
  const repo = createChannelRepo(tenant, channel);
  const dir = path.join(home, 'nodes', tenant, 'edge-1');
  let publicKey = new Uint8Array();
  const road = await openRoad(
    (file) => repo.read(file),
    () => publicKey,
  );
  const lines: Line[] = [];
  const node = {
    home,
    repo,
    dir,
    road,
    lines,
    /** The world that the node lives in; a test puts parts of its own into it. */
    world: { ...realWorld } as NodeWorld,
    /** How many packs that served before it keeps. */
    keep: 2,
    log: (event: string, fields: Record<string, unknown>): void => void lines.push({ event, ...fields }),
    /** Provisions under the tenant's trust, and enrolls with a number. */
    async join({
      folder = dir,
      trust = repo.trust(),
      enrollment = 1 as number | null,
      ...more
    }: Partial<Provision> & {
      folder?: string;
      trust?: GivenTrust;
      enrollment?: number | null;
    } = {}): Promise<NodeConfig> {
      const provision = { api: road.url, tenant_id: tenant, instance_id: 'edge-1', channel, ...more };
      await provisionNode(folder, provision, trust);
      publicKey = new Uint8Array((await readKey(folder)).publicKey);
      return withEnrollment(folder, enrollment);
    },
    context: (of = dir) => openContext(of, { world: node.world, log: node.log, signal: undefined, keep: node.keep }),
    /** One look at the channel, as a process that has just started takes it: nothing is in memory. */
    look: async (of = dir): Promise<NodeState> => step(await node.context(of)),
    state: (of = dir): Promise<NodeState> => readState(of, channel),
    stateBytes: (of = dir): string => fs.readFileSync(placesIn(of).state, 'utf8'),
    /** Publishes a pack as the channel's next release. What is published is what the test says, right or wrong. */
    async publish(
      pack: TestPack,
      more: { kristal_id?: string; pack_id?: string; manifest?: Uint8Array } = {},
    ): Promise<Offer> {
      const { manifest, kristal_id = kristalIdOf(pack), pack_id = packIdOf(pack) } = more;
      const facts = { kristal_id: kristal_id as Offer['kristal_id'], pack_id };
      return repo.release(pack, manifest ? { ...facts, bytes: manifest } : facts);
    },
    answer: (of = dir) => queryActive(of, { limit: 3 }),
    async stop() {
      await road.close();
      fs.rmSync(home, { recursive: true, force: true });
    },
  };
  return node;
}
export type NodeInstance = Awaited<ReturnType<typeof startNodeInstance>>;
