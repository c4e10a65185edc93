import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { toBase64 } from '@orgo/core';
import { Metadata, MetadataKind } from '@tufjs/models';
import { replaceFile, writeSynced } from './durable.ts';
import { createKey, type NodeConfig, nodeConfigSchema, placesIn, readConfig, readKey } from './folder.ts';

/** What a person gives a node to begin with. */
export type Provision = { api: string; tenant_id: string; instance_id: string; channel: string };

/**
 * Makes a node's folder: its own key, the channel root it will trust, and who it follows. The root is accepted only if it is signed by
 * `rootKeys`, the raw keys that the tenant's pinned trust root gives to `tuf-root`; from then on the node fetches no root of trust (RO-10).
 * A second call with the same facts changes nothing. The public key still has to be enrolled; see `enrollment`.
 * @throws Error where the root is not by these keys, or the folder belongs to another node
 */
export async function provisionNode(
  dir: string,
  provision: Provision,
  rootKeys: readonly Uint8Array[],
): Promise<NodeConfig> {
  const places = placesIn(dir);
  const known = await readConfig(dir).catch(() => null);
  if (known) {
    if (known.tenant_id !== provision.tenant_id || known.instance_id !== provision.instance_id)
      throw new Error(`${dir} belongs to node ${known.instance_id}`);
    return known;
  }
  const url = `${provision.api}/v1/tenants/${provision.tenant_id}/tuf/metadata/1.root.json`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error(`HTTP ${answer.status} from ${url}`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  checkRoot(bytes, rootKeys);
  const config = nodeConfigSchema.parse({
    v: 1,
    ...provision,
    root_sha256: createHash('sha256').update(bytes).digest('hex'),
  });
  await createKey(dir);
  await fs.mkdir(places.packs, { recursive: true });
  await writeSynced(path.join(places.tuf, 'metadata', 'root.json'), bytes);
  // crash: without node.json there is no node, and the next call begins again with a new key.
  await replaceFile(places.config, JSON.stringify(config));
  return config;
}

function checkRoot(bytes: Uint8Array, rootKeys: readonly Uint8Array[]): void {
  const root = Metadata.fromJSON(MetadataKind.Root, JSON.parse(Buffer.from(bytes).toString('utf8')));
  const trusted = new Set(rootKeys.map((key) => Buffer.from(key).toString('hex')));
  const role = root.signed.roles.root;
  const foreign = role?.keyIDs.some((id) => !trusted.has(root.signed.keys[id]?.keyVal.public ?? ''));
  if (!role || foreign) throw new Error('the channel root names root keys that the tenant’s trust root does not');
  // A root vouches for itself: its own root keys must have signed it.
  root.verifyDelegate('root', root);
}

/** The body of the request that enrolls a provisioned node. */
export async function enrollment(dir: string): Promise<{ instance_id: string; channel: string; public_key: string }> {
  const config = await readConfig(dir);
  const key = await readKey(dir);
  return { instance_id: config.instance_id, channel: config.channel, public_key: toBase64(key.publicKey) };
}
