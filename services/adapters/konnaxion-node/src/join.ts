import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import type { NodeLabels } from '@orgo/contracts';
import { toBase64 } from '@orgo/core';
import { findChannelRoot } from './channel-root.ts';
import {
  createKey,
  findConfig,
  type NodeConfig,
  nodeConfigSchema,
  placesIn,
  readConfig,
  readKey,
  writeConfig,
} from './folder.ts';
import { NodeError } from './node-error.ts';
import { type GivenTrust, keepTrust, verifyTrust } from './trust.ts';
import { type NodeWorld, realWorld } from './world.ts';

/** What a person gives a node to begin with. */
export type Provision = {
  api: string;
  tenant_id: string;
  instance_id: string;
  channel: string;
  /** What cohorts may choose it by. */
  labels?: NodeLabels;
};

/**
 * Makes a node's folder: its own key, the tenant's trust roots, the channel root it will follow, and who it is. Trust begins with the fingerprint that a person gives;
 * the channel root is accepted only if keys that the trust root names for `tuf-root` signed it; from then on the node fetches no root of trust
 * (RO-10). A second call keeps what is there: the address and the labels may change, and newer trust roots are added where the chain holds. The
 * public key still has to be enrolled; see `enrollment`.
 * @throws NodeError USAGE_INVALID where the names are none, or the folder belongs to another node or follows another channel;
 * TRUST_ROOT_MISSING, TRUST_ROOT_INVALID where the trust does not hold; METADATA_INVALID, SIGNATURE_INVALID, THRESHOLD_NOT_MET or KEY_NOT_TRUSTED_FOR_ROLE where the
 * channel root is not the tenant's; TENANT_NOT_FOUND, SERVICE_UNAVAILABLE where there is none; HOME_UNREADABLE
 */
export async function provisionNode(
  dir: string,
  provision: Provision,
  trust: GivenTrust,
  world: Pick<NodeWorld, 'fetch' | 'disk'> = realWorld,
): Promise<NodeConfig> {
  const places = placesIn(dir);
  const known = await findConfig(dir);
  if (known) return renew(dir, known, { provision, trust, disk: world.disk });
  const named = nodeConfigSchema
    .omit({ root_sha256: true })
    .safeParse({ v: 2, labels: {}, enrollment: null, trust_pin: trust.pin, ...provision });
  if (!named.success) {
    const [issue] = named.error.issues;
    throw new NodeError('USAGE_INVALID', `${issue?.path.join('.')}: ${issue?.message}`);
  }
  const trusted = verifyTrust(provision.tenant_id, trust);
  if (!trusted.ok) throw new NodeError(trusted.code, trusted.detail);
  const bytes = await findChannelRoot(provision, trusted.value, world.fetch);
  const config: NodeConfig = { ...named.data, root_sha256: createHash('sha256').update(bytes).digest('hex') };
  await fs.mkdir(places.packs, { recursive: true });
  // What a crash left of an earlier call may be of another chain.
  await fs.rm(places.trust, { recursive: true, force: true });
  await createKey(dir, world.disk);
  await keepTrust(places.trust, provision.tenant_id, trust, world.disk);
  await world.disk.replace(path.join(places.tuf, 'metadata', 'root.json'), bytes);
  // crash: without node.json there is no node, and the next call begins again with a new key.
  await writeConfig(dir, config, world.disk);
  return config;
}

async function renew(
  dir: string,
  known: NodeConfig,
  { provision, trust, disk }: { provision: Provision; trust: GivenTrust; disk: NodeWorld['disk'] },
): Promise<NodeConfig> {
  if (known.tenant_id !== provision.tenant_id || known.instance_id !== provision.instance_id)
    throw new NodeError('USAGE_INVALID', `${dir} belongs to node ${known.instance_id} of ${known.tenant_id}`);
  if (known.channel !== provision.channel)
    throw new NodeError(
      'USAGE_INVALID',
      `${known.instance_id} follows ${known.channel}; join ${provision.channel} as another node`,
    );
  if (known.trust_pin !== trust.pin)
    throw new NodeError('TRUST_ROOT_INVALID', `${known.instance_id} was given another fingerprint when it joined`);
  const trusted = await keepTrust(placesIn(dir).trust, known.tenant_id, trust, disk);
  if (!trusted.ok) throw new NodeError(trusted.code, trusted.detail);
  const labels = provision.labels ?? known.labels;
  const config: NodeConfig = { ...known, api: provision.api, labels };
  if (JSON.stringify(config) !== JSON.stringify(known)) await writeConfig(dir, config, disk);
  return config;
}

/** What the release service is asked to enroll. */
export type Enrollment = { instance_id: string; channel: string; public_key: string; labels: NodeLabels };

/** The body of the request that enrolls a provisioned node. @throws NodeError NODE_NOT_FOUND, HOME_UNREADABLE */
export async function enrollment(dir: string): Promise<Enrollment> {
  const { instance_id, channel, labels } = await readConfig(dir);
  const key = await readKey(dir);
  return { instance_id, channel, public_key: toBase64(key.publicKey), labels };
}

/** Keeps the number under which the release service enrolled a node: from here on cohorts may take it. Durable on return. */
export async function withEnrollment(
  dir: string,
  number: number | null,
  disk: NodeWorld['disk'] = realWorld.disk,
): Promise<NodeConfig> {
  const config: NodeConfig = { ...(await readConfig(dir)), enrollment: number };
  await writeConfig(dir, config, disk);
  return config;
}
