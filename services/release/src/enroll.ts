import { randomUUID } from 'node:crypto';
import type { joinNodeSchema, NodeView } from '@orgo/contracts';
import { fromBase64, keyIdOf } from '@orgo/core';
import { Fault, Refused } from '@orgo/runtime/errors';
import { newId } from '@orgo/runtime/ids';
import type { TrustStore } from '@orgo/runtime/trust';
import type { Turns } from '@orgo/store/turns';
import type { z } from 'zod';
import type { Join, NodeInput, NodeState } from './domain/index.ts';
import type { Reads } from './reads.ts';
import { checkTenant } from './tenant.ts';
import type { Waits } from './waits.ts';

export type EnrollDeps = {
  nodes: Turns<NodeInput>;
  reads: Reads;
  waits: Waits;
  trust: TrustStore;
  joinTimeoutMs: number;
};
type Request = z.infer<typeof joinNodeSchema>;

const keyIdOfText = (public_key: string): string => {
  const key = fromBase64(public_key);
  if (!key.ok || key.value.length !== 32)
    throw new Refused('REQUEST_INVALID', 'public_key is not the base64 of a raw Ed25519 key');
  return keyIdOf(key.value);
};

/**
 * Enrolls a node: asks the gatekeeper and waits for its sealed decision, so that what the node sends next is heard. A repeated call changes
 * nothing, and finds an enrollment that outlasted the first.
 * @throws Refused TENANT_NOT_FOUND, REQUEST_INVALID, KEY_NOT_TRUSTED_FOR_ROLE; Fault GATE_UNAVAILABLE when the decision is not there yet,
 * which comes all the same
 */
export async function joinNode(
  deps: EnrollDeps,
  tenant_id: string,
  request: Request,
  traceparent: string | null,
): Promise<NodeView> {
  const { nodes, reads, waits, trust, joinTimeoutMs } = deps;
  await checkTenant(trust, tenant_id);
  const { instance_id, channel, public_key, labels } = request;
  const identity = { channel, public_key, key_id: keyIdOfText(public_key), labels };
  const input: Join = { type: 'join', tenant_id, instance_id, identity, subject_id: newId('rel'), actor: 'operator' };
  const [result] = await nodes.take([{ message_id: `join:${randomUUID()}`, input, traceparent }]);
  if (result?.outcome === 'refused')
    throw new Refused(result.code ?? 'REQUEST_INVALID', `${instance_id} cannot be enrolled so`);
  if (result?.outcome !== 'accepted')
    throw new Fault(result?.code ?? 'STATE_CONFLICT', 'nothing has happened; try again');
  const settled = (node: NodeState | null): NodeState | null =>
    node === null || node.phase === 'JOINING' ? null : node;
  const key = { tenant_id, id: instance_id };
  const node = await waits.until(key, async () => settled(await reads.node(tenant_id, instance_id)), joinTimeoutMs);
  if (node === null) throw new Fault('GATE_UNAVAILABLE', `the enrollment of ${instance_id} is not decided yet`);
  if (node.phase === 'REFUSED')
    throw new Refused('KEY_NOT_TRUSTED_FOR_ROLE', `the gatekeeper refused: ${node.reason_codes.join(', ')}`);
  const view = await reads.nodeView(tenant_id, instance_id);
  if (view === null) throw new Fault('STATE_CONFLICT', `${instance_id} went while it was enrolled`);
  return view;
}
