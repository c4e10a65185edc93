import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { digestSchema, hex64Schema, nameSchema, nodeLabelsSchema, tenantIdSchema } from '@orgo/contracts';
import { type CohortMember, keyIdOf } from '@orgo/core';
import { z } from 'zod';
import { type Disk, durableDisk } from './disk.ts';
import { initialState, type NodeState, nodeStateSchema } from './domain/state.ts';
import { messageOf, NodeError } from './node-error.ts';

/** Who a node is and whom it follows; written once by `join`. */
export const nodeConfigSchema = z.strictObject({
  v: z.literal(2),
  api: z.url(),
  tenant_id: tenantIdSchema,
  instance_id: nameSchema,
  channel: nameSchema,
  /** SHA-256 of the channel root the node was provisioned with. */
  root_sha256: hex64Schema,
  /** Digest of the tenant's first trust root, told by a person: everything that the gatekeeper signs is held against the chain from it. */
  trust_pin: digestSchema,
  labels: nodeLabelsSchema,
  /** The number the release service gave it; null until it is enrolled. */
  enrollment: z.int().min(1).nullable(),
});
export type NodeConfig = z.infer<typeof nodeConfigSchema>;

/** What cohorts are judged by; null before the node is enrolled. */
export const memberOf = ({ instance_id, enrollment, labels }: NodeConfig): CohortMember | null =>
  enrollment === null ? null : { instance_id, enrollment, labels };

/**
 * A node's folder: `node.json`, `key.json` (0600), `state.json`, `trust/` (the tenant's trust roots), `tuf/`
 * (trusted channel metadata) and `packs/<pack id>/`.
 * Everything that decides lies outside `packs/`.
 */
export const placesIn = (dir: string) => ({
  config: path.join(dir, 'node.json'),
  key: path.join(dir, 'key.json'),
  state: path.join(dir, 'state.json'),
  trust: path.join(dir, 'trust'),
  tuf: path.join(dir, 'tuf'),
  packs: path.join(dir, 'packs'),
  pack: (id: string) => path.join(dir, 'packs', id),
});

/** A JSON file of a node, of its schema; undefined where there is none. @throws NodeError HOME_UNREADABLE where there is something else */
async function readJson<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.parse(JSON.parse(await fs.readFile(file, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    const why = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw new NodeError('HOME_UNREADABLE', `${file}: ${why}`, { cause: error });
  }
}

/** Who lives in a folder; null where nobody does. @throws NodeError HOME_UNREADABLE */
export const findConfig = async (dir: string): Promise<NodeConfig | null> =>
  (await readJson(placesIn(dir).config, nodeConfigSchema)) ?? null;

/** Replaces who a node is; durable on return. */
export const writeConfig = (dir: string, config: NodeConfig, disk: Disk): Promise<void> =>
  disk.replace(placesIn(dir).config, JSON.stringify(config));

/** @throws NodeError NODE_NOT_FOUND, HOME_UNREADABLE */
export async function readConfig(dir: string): Promise<NodeConfig> {
  const config = await findConfig(dir);
  if (config === null) throw new NodeError('NODE_NOT_FOUND', `no node lives in ${dir}`);
  return config;
}

/**
 * The state as it was last made durable; the initial one for a node that never activated.
 * @throws NodeError HOME_UNREADABLE: floors that cannot be read are never taken for zero
 */
export const readState = async (dir: string, channel: string): Promise<NodeState> =>
  (await readJson(placesIn(dir).state, nodeStateSchema)) ?? initialState(channel);

/**
 * Replaces the state; durable on return.
 * @throws NodeError POINTER_SWITCH_FAILED
 */
export async function writeState(dir: string, state: NodeState, disk: Disk = durableDisk): Promise<void> {
  try {
    // crash: the old state or the new one is there after it, so the active pack is one or the other, never neither.
    await disk.replace(placesIn(dir).state, JSON.stringify(state));
  } catch (error) {
    throw new NodeError('POINTER_SWITCH_FAILED', messageOf(error), { cause: error });
  }
}

/** A node's own key: Ed25519, made on the node, never leaves it. */
export type NodeKey = { key_id: string; publicKey: Uint8Array; sign(message: Uint8Array): Uint8Array };

const keyOf = (privateKey: KeyObject, x: string): NodeKey => {
  const publicKey = new Uint8Array(Buffer.from(x, 'base64url'));
  return { key_id: keyIdOf(publicKey), publicKey, sign: (message) => new Uint8Array(sign(null, message, privateKey)) };
};

export async function createKey(dir: string, disk: Disk): Promise<NodeKey> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const jwk = privateKey.export({ format: 'jwk' }) as { x: string; d: string };
  await disk.replace(placesIn(dir).key, JSON.stringify({ kty: 'OKP', crv: 'Ed25519', x: jwk.x, d: jwk.d }), 0o600);
  return keyOf(privateKey, jwk.x);
}

const jwkSchema = z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string(), d: z.string() });

/** @throws NodeError HOME_UNREADABLE where it is absent, or no key */
export async function readKey(dir: string): Promise<NodeKey> {
  const file = placesIn(dir).key;
  const jwk = await readJson(file, jwkSchema);
  if (jwk === undefined) throw new NodeError('HOME_UNREADABLE', `${file} is absent`);
  try {
    return keyOf(createPrivateKey({ key: jwk, format: 'jwk' }), jwk.x);
  } catch (error) {
    throw new NodeError('HOME_UNREADABLE', `${file}: ${messageOf(error)}`, { cause: error });
  }
}
