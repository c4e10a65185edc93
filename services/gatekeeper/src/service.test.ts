import { createLog } from '@orgo/runtime/log';
import type { Platform } from '@orgo/store/platform';
import { expect, test } from 'vitest';
import { createGatekeeper } from './service.ts';

test('a drain gives its deadline to whatever it stops, and one that cannot be stopped does not keep the others', async () => {
  const stopped: [string, number][] = [];
  const serve = async (subject: string) => ({
    async stop(deadlineMs = Number.POSITIVE_INFINITY) {
      stopped.push([subject, deadlineMs]);
      throw new Error('stuck');
    },
  });
  const platform = {
    bus: { serve, isConnected: () => true, onReconnect: () => () => undefined },
    log: createLog({ service: 'test', level: 'silent' }),
    // Nobody is there: what is under way here ends by itself.
    databaseUrl: 'postgresql://nobody@127.0.0.1:1/none',
  } as unknown as Platform;
  const service = createGatekeeper(platform, {
    ORGO_GATE_BATCH: 1,
    ORGO_ROLLBACK_DAYS: 1,
    ORGO_ROLLBACKS_PER_HOUR: 1,
  } as Parameters<typeof createGatekeeper>[1]);
  await service.start();
  expect(service.ready()).toBe(true);
  await service.drain(50);
  expect(stopped.map(([subject]) => subject)).toHaveLength(2);
  for (const [, deadlineMs] of stopped) expect(deadlineMs).toBeLessThanOrEqual(50);
  await service.stop();
  expect(stopped).toHaveLength(2);
});
