import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { ConformanceReport } from '@orgo/adapter-sdk/conformance';
import { expect, test } from 'vitest';
import { repo, runCli } from '../kit/instance.ts';

/** Stage adapters of the repository: what has a definition of a stage, and the gatekeeper's worker. */
const adapters = [
  ...fs
    .readdirSync(path.join(repo, 'services/adapters'))
    .filter((name) => fs.existsSync(path.join(repo, 'services/adapters', name, 'src/stage.ts'))),
  'validate',
  'check-render',
].sort();

const python = (() => {
  try {
    return execFileSync('python3', ['--version']).length > 0;
  } catch {
    console.info('skipped: no python3 on PATH, so python-profile cannot run');
    return false;
  }
})();

test('every adapter of the repository does what an adapter must', { timeout: 300_000 }, async () => {
  const asked = adapters.filter((name) => python || name !== 'python-profile');
  const { code, json, stderr } = await runCli(['conformance', 'adapter', ...asked, '--json'], process.env, 300_000);
  expect(json, stderr).not.toBeNull();
  const { adapters: reports } = json as { adapters: ConformanceReport[] };
  expect(
    reports.flatMap(({ adapter, checks }) =>
      checks.flatMap(({ id, status, reason }) => (status === 'fail' ? [`${adapter} ${id}: ${reason}`] : [])),
    ),
  ).toEqual([]);
  expect(reports.map(({ adapter }) => adapter)).toEqual(asked);
  // Nothing is left out but work that never ends, which none of them has.
  for (const { adapter, checks } of reports)
    expect([adapter, checks.flatMap(({ id, status }) => (status === 'skip' ? [id] : []))]).toEqual([
      adapter,
      ['endless-work'],
    ]);
  expect(code).toBe(0);
});
