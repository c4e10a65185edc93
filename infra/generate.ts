// `npm run generate`: prints what is printed from tables: schemas and reference pages of the contracts, then the pages whose
// tables are in the services.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { root } from './bootstrap/paths.mjs';

const steps = [
  ['packages/contracts/generate/main.ts'],
  ['node_modules/vitest/vitest.mjs', 'run', '.page.test.ts', '--project=unit', '--update'],
];
for (const [program = '', ...args] of steps) {
  const { status } = spawnSync(process.execPath, [path.join(root, program), ...args], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
