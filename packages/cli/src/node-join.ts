import path from 'node:path';
import type { NodeLabels, NodeView } from '@orgo/contracts';
import { enrollment, provisionNode, withEnrollment } from '@orgo/konnaxion-node';
import { givenTrust } from '@orgo/runtime/given-trust';
import type { Client } from './client.ts';
import { homeDir } from './home.ts';
import { nodeFolder } from './node-folders.ts';

/**
 * Provisions a node in this home against the tenant's pinned trust, and enrolls its key. Repeating it changes nothing but the address, the labels
 * where some are given, and newer trust roots.
 */
export async function joinNode(
  client: Client,
  instance: string,
  channel: string,
  labels?: NodeLabels,
): Promise<NodeView> {
  const folder = path.resolve(nodeFolder(client.tenant, instance));
  const named = labels === undefined ? {} : { labels };
  const provision = { api: client.api, tenant_id: client.tenant, instance_id: instance, channel, ...named };
  await provisionNode(folder, provision, await givenTrust(homeDir(), client.tenant));
  const joined = await client.call<NodeView>('joinNode', { body: await enrollment(folder) });
  await withEnrollment(folder, joined.enrollment);
  return joined;
}
