import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '@orgo/runtime/log';
import { connectPlatform } from '@orgo/store/platform';
import { expect, it } from 'vitest';
import { startTestServers } from '../kit/database.ts';

const log = createLog({ service: 'test', level: 'silent' });
const config = (home: string, natsUrl: string) => ({
  name: 'test',
  home,
  databaseUrl: 'postgresql://unused',
  natsUrl,
  redisUrl: null,
  instance: 'i1',
  maxArtifactBytes: 8,
});

it('constructs clients that work, on one home', async () => {
  await using servers = await startTestServers('nats');
  const home = mkdtempSync(join(tmpdir(), 'orgo-test-'));
  const platform = await connectPlatform(config(home, servers.urls.NATS_URL), { log });
  try {
    expect(platform.bus.isConnected()).toBe(true);
    const { ref } = await platform.artifacts.put('t', 'raw', 'text/plain', new Uint8Array([1, 2, 3]));
    expect(await platform.artifacts.get('t', ref)).toEqual(Buffer.from([1, 2, 3]));
    const large = platform.artifacts.put('t', 'raw', 'text/plain', new Uint8Array(9));
    await expect(large).rejects.toMatchObject({ code: 'ARTIFACT_TOO_LARGE' });
    await expect(platform.keyring.signer('t', 'audit')).rejects.toMatchObject({ code: 'SIGNER_UNAVAILABLE' });
    await expect(platform.trust.root('t')).rejects.toMatchObject({ code: 'TRUST_ROOT_MISSING' });
  } finally {
    await platform.close();
    rmSync(home, { recursive: true });
  }
});

it('says when the bus is not there', async () => {
  await expect(connectPlatform(config('/nowhere', 'nats://127.0.0.1:1'), { log })).rejects.toMatchObject({
    code: 'BUS_UNAVAILABLE',
  });
});
