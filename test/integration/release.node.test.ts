import fs from 'node:fs';
import path from 'node:path';
import {
  enrollment,
  openContext,
  placesIn,
  provisionNode,
  realWorld,
  step,
  withEnrollment,
} from '@orgo/konnaxion-node';
import { givenTrust } from '@orgo/runtime/given-trust';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Release, startRelease, tenant } from './release-instance.ts';

let rel: Release;
let dir: string;
beforeEach(async () => {
  rel = await startRelease();
  dir = path.join(rel.instance.home, 'nodes', tenant, 'edge-1');
});
afterEach(() => rel.stop());

const provision = async () => {
  const provision = { api: rel.url(), tenant_id: tenant, instance_id: 'edge-1', channel: 'stable' };
  await provisionNode(dir, provision, await givenTrust(rel.instance.home, tenant));
  await withEnrollment(dir, 1);
};
const look = async () =>
  step(await openContext(dir, { world: realWorld, log: () => undefined, signal: undefined, keep: 2 }));

test('a real node finds its root, enrolls, waits, and what it refuses stops the release with its code', async () => {
  await provision();
  expect((await rel.call('POST', '/nodes', await enrollment(dir))).status).toBe(201);
  // Nothing is published yet: the node holds, and reports nothing.
  await expect(look()).rejects.toThrow('Failed to download');
  const { build_id, pack } = await rel.build();
  const { body } = await rel.create(build_id);
  await rel.opened(body.release_id);
  // The bytes are right and it is no pack that answers queries: fetched and verified whole, then refused.
  const state = await look();
  expect(state.attempts.at(-1)).toMatchObject({
    status: 'FAILED',
    reason_code: 'CONTRACT_UNSUPPORTED',
    reported: true,
  });
  for (const file of pack.files)
    expect(fs.existsSync(path.join(placesIn(dir).pack(pack.pack_id), file.path))).toBe(true);
  expect(await rel.until(body.release_id, 'FAILED')).toMatchObject({
    reason_codes: ['ANALYSIS_FAILED', 'CONTRACT_UNSUPPORTED'],
    counts: { total: 1, FAILED: 1 },
  });
  expect(await rel.targets(body.release_id)).toMatchObject([
    { instance_id: 'edge-1', state: 'FAILED', active_pack_id: null, reason_code: 'CONTRACT_UNSUPPORTED' },
  ]);
  const seen = rel.peers.claims.filter(({ claim }) => claim.claim === 'NODE_REPORT').length;
  await look();
  expect(rel.peers.claims.filter(({ claim }) => claim.claim === 'NODE_REPORT')).toHaveLength(seen);
});
