// What each word after `node infra/bootstrap.mjs` runs, from the root of the checkout, under the pinned Node.

import path from 'node:path';
import { cli, root } from './paths.mjs';

/** @param {string} file */
const at = (file) => path.join(root, file);

/** @type {Record<string, string[]>} */
export const tasks = {
  demo: [cli, 'demo'],
  start: [cli, 'up'],
  test: [at('infra/run-tests.ts')],
  verify: [at('infra/verify.ts')],
  bench: [at('test/bench/main.ts')],
  generate: [at('packages/contracts/generate/main.ts')],
  exec: [cli],
};
