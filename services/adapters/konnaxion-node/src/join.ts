import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import type { NodeLabels } from '@orgo/contracts';
import { toBase64 } from '@orgo/core';
import { Metadata, MetadataKind, type Root } from '@tufjs/models';
import { replaceFile } from './durable.ts';
import { createKey, findConfig, type NodeConfig, nodeConfigSchema, placesIn, readConfig, readKey } from './folder.ts';
import { messageOf, NodeError, noAnswer } from './node-error.ts';

/** What a person gives a node to begin with. */
export type Provision = { api: string; tenant_id: string; instance_id: string; channel: string };

/**
 * Makes a node's folder: its own key, the channel root it will trust, and who it follows. The root is accepted only if it is signed by
 * `rootKeys`, the raw keys that the tenant's pinned trust root gives to `tuf-root`; from then on the node fetches no root of trust (RO-10).
 * A second call with the same facts changes nothing; with another address it is the address that changes. The public key still has to be
 * enrolled; see `enrollment`.
 * @throws NodeError USAGE_INVALID where the names are none, or the folder belongs to another node or follows another channel;
 * METADATA_INVALID, SIGNATURE_INVALID or KEY_NOT_TRUSTED_FOR_ROLE where the root is not the tenant's; TENANT_NOT_FOUND,
 * SERVICE_UNAVAILABLE where there is none; HOME_UNREADABLE
 */
export async function provisionNode(
  dir: string,
  provision: Provision,
  rootKeys: readonly Uint8Array[],
): Promise<NodeConfig> {
  const places = placesIn(dir);
  const known = await findConfig(dir);
  if (known) return readdress(dir, known, provision);
  const named = nodeConfigSchema.omit({ root_sha256: true }).safeParse({ v: 1, ...provision });
  if (!named.success) {
    const [issue] = named.error.issues;
    throw new NodeError('USAGE_INVALID', `${issue?.path.join('.')}: ${issue?.message}`);
  }
  const bytes = await fetchRoot(provision);
  checkRoot(bytes, rootKeys);
  const config: NodeConfig = { ...named.data, root_sha256: createHash('sha256').update(bytes).digest('hex') };
  await fs.mkdir(places.packs, { recursive: true });
  await createKey(dir);
  await replaceFile(path.join(places.tuf, 'metadata', 'root.json'), bytes);
  // crash: without node.json there is no node, and the next call begins again with a new key.
  await replaceFile(places.config, JSON.stringify(config));
  return config;
}

async function readdress(dir: string, known: NodeConfig, provision: Provision): Promise<NodeConfig> {
  if (known.tenant_id !== provision.tenant_id || known.instance_id !== provision.instance_id)
    throw new NodeError('USAGE_INVALID', `${dir} belongs to node ${known.instance_id} of ${known.tenant_id}`);
  if (known.channel !== provision.channel)
    throw new NodeError(
      'USAGE_INVALID',
      `${known.instance_id} follows ${known.channel}; join ${provision.channel} as another node`,
    );
  if (known.api === provision.api) return known;
  const config: NodeConfig = { ...known, api: provision.api };
  await replaceFile(placesIn(dir).config, JSON.stringify(config));
  return config;
}

async function fetchRoot({ api, tenant_id }: Provision): Promise<Uint8Array> {
  const url = `${api}/v1/tenants/${tenant_id}/tuf/metadata/1.root.json`;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    if (answer.status === 404) throw new NodeError('TENANT_NOT_FOUND', `${api} has no channels of ${tenant_id}`);
    if (!answer.ok) throw new Error(`HTTP ${answer.status} from ${url}`);
    return new Uint8Array(await answer.arrayBuffer());
  } catch (error) {
    throw noAnswer('channel root', error);
  }
}

function checkRoot(bytes: Uint8Array, rootKeys: readonly Uint8Array[]): void {
  const root = readRoot(bytes);
  const trusted = new Set(rootKeys.map((key) => Buffer.from(key).toString('hex')));
  const role = root.signed.roles.root;
  const foreign = role?.keyIDs.some((id) => !trusted.has(root.signed.keys[id]?.keyVal.public ?? ''));
  if (!role || foreign)
    throw new NodeError(
      'KEY_NOT_TRUSTED_FOR_ROLE',
      'the channel root names root keys that the tenant’s trust root does not',
    );
  try {
    // A root vouches for itself: its own root keys must have signed it.
    root.verifyDelegate('root', root);
  } catch (error) {
    throw new NodeError('SIGNATURE_INVALID', `the channel root: ${messageOf(error)}`, { cause: error });
  }
}

function readRoot(bytes: Uint8Array): Metadata<Root> {
  try {
    return Metadata.fromJSON(MetadataKind.Root, JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch (error) {
    throw new NodeError('METADATA_INVALID', `the channel root: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * The body of the request that enrolls a provisioned node. `labels` are what cohorts may choose it by.
 * @throws NodeError NODE_NOT_FOUND, HOME_UNREADABLE
 */
export async function enrollment(dir: string, labels: NodeLabels = {}): Promise<Enrollment> {
  const config = await readConfig(dir);
  const key = await readKey(dir);
  const { instance_id, channel } = config;
  return { instance_id, channel, public_key: toBase64(key.publicKey), labels };
}

/** What the release service is asked to enroll. */
export type Enrollment = { instance_id: string; channel: string; public_key: string; labels: NodeLabels };
