import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { repo } from '../kit/instance.ts';
import { emptyHome } from './bootstrap-homes.ts';

const stub = path.join(repo, 'infra/prisma-engine-stub.sh');

test('the stub engine fails loudly', () => {
  const result = spawnSync(stub, ['--version'], { encoding: 'utf8' });
  expect(result).toMatchObject({ status: 1, stdout: '' });
  expect(result.stderr).toContain('infra/migrate.ts');
});

test('a migration with Prisma’s own command line fails instead of doing nothing', () => {
  const folder = emptyHome();
  fs.mkdirSync(path.join(folder, 'prisma/migrations/20261120000000_a'), { recursive: true });
  fs.writeFileSync(path.join(folder, 'prisma/schema.prisma'), 'datasource db {\n  provider = "postgresql"\n}\n');
  fs.writeFileSync(path.join(folder, 'prisma/migrations/migration_lock.toml'), 'provider = "postgresql"\n');
  fs.writeFileSync(path.join(folder, 'prisma/migrations/20261120000000_a/migration.sql'), 'SELECT 1;\n');
  const config = 'export default { datasource: { url: "postgresql://nobody@127.0.0.1:1/none" } };\n';
  fs.writeFileSync(path.join(folder, 'prisma.config.mjs'), config);
  const prisma = path.join(repo, 'services/audit/node_modules/.bin/prisma');
  const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: stub, CI: '1' };
  const result = spawnSync(prisma, ['migrate', 'deploy'], { cwd: folder, env, encoding: 'utf8' });
  expect(result.status).not.toBe(0);
  expect(result.stderr).toContain('Orgo brings no native Prisma schema engine');
});

test('an unknown task is a usage error', () => {
  const result = spawnSync(process.execPath, [path.join(repo, 'infra/bootstrap.mjs'), 'tset'], { encoding: 'utf8' });
  expect(result).toMatchObject({ status: 2, stdout: '' });
  expect(result.stderr).toContain('demo|start|test');
});

/** A checkout that nobody has set up. */
function freshCheckout(): string {
  const checkout = path.join(emptyHome(), 'checkout');
  fs.mkdirSync(checkout);
  for (const entry of ['bin', 'infra', 'package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml']) {
    const filter = (source: string): boolean => path.basename(source) !== 'node_modules';
    fs.cpSync(path.join(repo, entry), path.join(checkout, entry), { recursive: true, filter });
  }
  return checkout;
}

test('a set-up that fails says so with its code, and leaves nothing half installed', () => {
  const checkout = freshCheckout();
  const programs = path.join(checkout, 'programs');
  fs.mkdirSync(programs);
  fs.writeFileSync(path.join(programs, 'npm'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const result = spawnSync(process.execPath, [path.join(checkout, 'infra/bootstrap.mjs'), 'verify'], {
    env: { ...process.env, PATH: `${programs}:/usr/bin:/bin` },
    encoding: 'utf8',
  });
  expect(result.status, result.stderr).toBe(4);
  expect(result.stderr).toContain('SETUP_FAILED');
});

test.each(['verify', 'digest', 'explain'])(
  'orgo %s never installs: without set-up it says so and leaves no trace',
  (command) => {
    const checkout = freshCheckout();
    const before = fs.readdirSync(checkout);
    const result = spawnSync(process.execPath, [path.join(checkout, 'bin/orgo.mjs'), command, 'x'], {
      encoding: 'utf8',
    });
    expect(result).toMatchObject({ status: 4, stdout: '' });
    expect(result.stderr).toMatch(/SETUP_REQUIRED: .*npx orgo --help/);
    expect(fs.readdirSync(checkout)).toEqual(before);
  },
);
