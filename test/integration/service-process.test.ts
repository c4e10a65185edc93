import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { reasons } from '@orgo/contracts';
import { testFolder, testInstance } from '@orgo/infra/test-servers';
import pg from 'pg';
import { expect, test } from 'vitest';
import { runCli } from '../kit/instance.ts';
import { token } from '../kit/ring-client.ts';

const main = (service: string): string =>
  fileURLToPath(new URL(`../../services/${service}/src/main.ts`, import.meta.url));

const takenPort = async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as { port: number }).port, free: () => server.close() };
};

// One that stays would hold the relay's lease and serve nothing, and nobody would start another.
test.each(['gatekeeper', 'audit', 'orchestrator', 'release'] as const)(
  'a process of %s that cannot listen says so, ends, and leaves no session behind',
  async (service) => {
    const instance = await testInstance(['nats']);
    const taken = await takenPort();
    try {
      const env = {
        ...process.env,
        ORGO_HOME: instance.home,
        ORGO_INSTANCE: 'test',
        DATABASE_URL: instance.serviceUrls[service],
        NATS_URL: instance.urls.NATS_URL,
        ORGO_TOKEN: token,
        ORGO_LOG_LEVEL: 'fatal',
        ORGO_HTTP_PORT: `${taken.port}`,
      };
      const ended = await new Promise<{ code: number | null; said: string }>((resolve) => {
        const child = execFile(process.execPath, [main(service)], { env }, (_, __, said) =>
          resolve({ code: child.exitCode, said }),
        );
      });
      expect(ended.said).toContain('SERVICE_UNAVAILABLE');
      expect(ended.code).toBe(reasons.SERVICE_UNAVAILABLE.exit);
      const admin = new pg.Client({ connectionString: instance.adminDatabaseUrl });
      await admin.connect();
      const { rows } = await admin.query<{ application_name: string }>(
        'SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1',
        [`orgo-${service}`],
      );
      await admin.end();
      expect(rows).toEqual([]);
    } finally {
      taken.free();
      await instance.stop();
    }
  },
);

test('orgo up whose services cannot start says why, stops what it started, and ends', async () => {
  const instance = await testInstance(['nats', 'redis']);
  const home = testFolder('orgo-up-');
  try {
    // The servers are given: nothing that `up` leaves open ends with one of them.
    const env = {
      ...process.env,
      ...instance.urls,
      DATABASE_URL: instance.adminDatabaseUrl,
      ORGO_HOME: home,
      ORGO_WITNESS_POLICY: `${home}/none`,
    };
    const { code, stderr } = await runCli(['up'], env);
    expect(stderr).toContain('ORGO_WITNESS_POLICY');
    expect(code).toBe(reasons.CONFIG_INVALID.exit);
    expect(fs.existsSync(`${home}/run/processes.json`)).toBe(false);
  } finally {
    await instance.stop();
    fs.rmSync(home, { recursive: true, force: true });
  }
});
