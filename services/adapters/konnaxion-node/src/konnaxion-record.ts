import type { JsonValue, Result } from '@orgo/core';
import { type KonnaxionState, konnaxionState, toPublicKonnaxionState } from './domain/konnaxion-state.ts';
import { type NodeConfig, readConfig, readState } from './folder.ts';

/** A node says of its environment what its label says. */
const environmentOf = ({ labels }: NodeConfig): string => labels.environment || 'undeclared';

/** The record of a node's state, and its public form or why it has none; null before its first attempt. @throws NodeError */
export async function stateRecord({
  dir,
}: {
  dir: string;
}): Promise<{ record: KonnaxionState; public: Result<JsonValue> } | null> {
  const config = await readConfig(dir);
  const { tenant_id, instance_id } = config;
  const subject = { tenant_id, instance_id, environment: environmentOf(config) };
  const record = konnaxionState(subject, await readState(dir, config.channel));
  return record === null ? null : { record, public: toPublicKonnaxionState(record) };
}
