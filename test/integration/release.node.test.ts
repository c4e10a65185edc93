import fs from 'node:fs';
import path from 'node:path';
import { enrollment, placesIn, provisionNode, readConfig, readKey, step } from '@orgo/konnaxion-node';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Release, startRelease, tenant } from './release-instance.ts';

let rel: Release;
let dir: string;
beforeEach(async () => {
  rel = await startRelease();
  dir = path.join(rel.instance.home, 'nodes', tenant, 'edge-1');
});
afterEach(() => rel.stop());

const provision = async (role = 'tuf-root') => {
  const { publicKey } = await rel.platform.keyring.signer(tenant, role);
  const provision = { api: rel.url(), tenant_id: tenant, instance_id: 'edge-1', channel: 'stable' };
  return provisionNode(dir, provision, [publicKey]);
};
const look = async () => step(dir, await readConfig(dir), await readKey(dir), () => undefined);

test('a real node finds its root, enrolls, waits, and what it refuses pauses the release with its code', async () => {
  await provision();
  expect((await rel.call('POST', '/nodes', await enrollment(dir))).status).toBe(201);
  // Nothing is published yet: the node holds, and reports nothing.
  await expect(look()).rejects.toThrow('Failed to download');
  const { build_id, pack } = await rel.build();
  const { body } = await rel.create(build_id);
  await rel.until(body.release_id, 'RELEASING');
  // The bytes are right and it is no pack that answers queries: fetched and verified whole, then refused.
  const state = await look();
  expect(state.last_attempt).toMatchObject({ status: 'FAILED', reason_code: 'CONTRACT_UNSUPPORTED', reported: true });
  for (const file of pack.files)
    expect(fs.existsSync(path.join(placesIn(dir).pack(pack.pack_id), file.path))).toBe(true);
  expect(await rel.until(body.release_id, 'PAUSED')).toMatchObject({
    reason_codes: ['CONTRACT_UNSUPPORTED'],
    nodes: [{ instance_id: 'edge-1', state: 'FAILED', active_pack_id: null, reason_code: 'CONTRACT_UNSUPPORTED' }],
  });
  const seen = rel.peers.claims.filter(({ claim }) => claim.claim === 'NODE_REPORT').length;
  await look();
  expect(rel.peers.claims.filter(({ claim }) => claim.claim === 'NODE_REPORT')).toHaveLength(seen);
});

test('a node does not take a root that is not the tenant’s', async () => {
  await expect(provision('targets')).rejects.toThrow(/root keys/);
  expect(fs.existsSync(placesIn(dir).config)).toBe(false);
});
