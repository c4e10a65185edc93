import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { hex64Schema, nameSchema, tenantIdSchema } from '@orgo/contracts';
import { keyIdOf } from '@orgo/core';
import { z } from 'zod';
import { initialState, type NodeState, nodeStateSchema } from './domain/state.ts';
import { replaceFile } from './durable.ts';

/** Who a node is and whom it follows; written once by `join`. */
export const nodeConfigSchema = z.strictObject({
  v: z.literal(1),
  api: z.url(),
  tenant_id: tenantIdSchema,
  instance_id: nameSchema,
  channel: nameSchema,
  /** SHA-256 of the channel root the node was provisioned with. */
  root_sha256: hex64Schema,
});
export type NodeConfig = z.infer<typeof nodeConfigSchema>;

/**
 * A node's folder: `node.json`, `key.json` (0600), `state.json`, `tuf/` (trusted metadata) and `packs/<pack id>/`.
 * Everything that decides lies outside `packs/`.
 */
export const placesIn = (dir: string) => ({
  config: path.join(dir, 'node.json'),
  key: path.join(dir, 'key.json'),
  state: path.join(dir, 'state.json'),
  tuf: path.join(dir, 'tuf'),
  packs: path.join(dir, 'packs'),
  pack: (id: string) => path.join(dir, 'packs', id),
});

export const readConfig = async (dir: string): Promise<NodeConfig> =>
  nodeConfigSchema.parse(JSON.parse(await fs.readFile(placesIn(dir).config, 'utf8')));

/** The state as it was last made durable; the initial one for a node that never activated. */
export async function readState(dir: string, channel: string): Promise<NodeState> {
  let text: string;
  try {
    text = await fs.readFile(placesIn(dir).state, 'utf8');
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return initialState(channel);
    throw e;
  }
  return nodeStateSchema.parse(JSON.parse(text));
}

/** crash: the old state or the new one is there after it, so the active pack is one or the other, never neither. */
export const writeState = (dir: string, state: NodeState): Promise<void> =>
  replaceFile(placesIn(dir).state, JSON.stringify(state));

/** A node's own key: Ed25519, made on the node, never leaves it. */
export type NodeKey = { key_id: string; publicKey: Uint8Array; sign(message: Uint8Array): Uint8Array };

const keyOf = (privateKey: KeyObject, x: string): NodeKey => {
  const publicKey = new Uint8Array(Buffer.from(x, 'base64url'));
  return { key_id: keyIdOf(publicKey), publicKey, sign: (message) => new Uint8Array(sign(null, message, privateKey)) };
};

export async function createKey(dir: string): Promise<NodeKey> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const jwk = privateKey.export({ format: 'jwk' }) as { x: string; d: string };
  await replaceFile(placesIn(dir).key, JSON.stringify({ kty: 'OKP', crv: 'Ed25519', x: jwk.x, d: jwk.d }), 0o600);
  return keyOf(privateKey, jwk.x);
}

export async function readKey(dir: string): Promise<NodeKey> {
  const jwk = JSON.parse(await fs.readFile(placesIn(dir).key, 'utf8')) as {
    kty: string;
    crv: string;
    x: string;
    d: string;
  };
  return keyOf(createPrivateKey({ key: jwk, format: 'jwk' }), jwk.x);
}
