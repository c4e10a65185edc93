import os from 'node:os';
import { expect, test } from 'vitest';
import { cleanEnvironment } from './environment.mjs';

test('what npm hands to scripts is dropped, except how to reach a registry', () => {
  const env = cleanEnvironment({
    HOME: os.tmpdir(),
    npm_config_loglevel: 'silent',
    npm_config_ignore_scripts: 'true',
    npm_lifecycle_event: 'demo',
    npm_config_registry: 'https://registry.example',
    npm_config_https_proxy: 'http://proxy.example',
    npm_config_cafile: '/ca.pem',
  });
  expect(Object.keys(env).filter((name) => /npm/.test(name))).toEqual([
    'npm_config_registry',
    'npm_config_https_proxy',
    'npm_config_cafile',
  ]);
  expect(env).toMatchObject({ HOME: os.tmpdir(), NODE_USE_SYSTEM_CA: '1', DO_NOT_TRACK: '1' });
});

test('the stub stands in for an engine that the operator did not bring', () => {
  expect(cleanEnvironment({}).PRISMA_SCHEMA_ENGINE_BINARY).toMatch(/infra\/prisma-engine-stub\.sh$/);
  expect(cleanEnvironment({ PRISMA_SCHEMA_ENGINE_BINARY: '/mine' }).PRISMA_SCHEMA_ENGINE_BINARY).toBe('/mine');
});

test('a user without a home of their own gets one in the checkout', () => {
  expect(cleanEnvironment({ HOME: '/nonexistent' }).HOME).toMatch(/\.orgo\/user$/);
});
