import os from 'node:os';
import { defineConfig } from 'vitest/config';
import { compiled } from './infra/bootstrap/paths.mjs';

// Also where vitest was started by hand: tests start thousands of processes, and each reads what an earlier one has compiled.
process.env.NODE_COMPILE_CACHE ??= compiled;

/** Tests with servers wait more than they work: two at a time also where there are two processors. */
const WORKERS = Math.max(2, os.availableParallelism() - 1);

/**
 * A lane with servers: one process per file, since a file may kill what it started. Lanes run one after the other, and the
 * ones that start whole instances one file at a time, so that none waits for a processor that another one took.
 */
const lane = (name: string, order: number, seconds: number, workers = WORKERS) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    globalSetup: './infra/test-setup.ts',
    pool: 'forks' as const,
    testTimeout: seconds * 1000,
    hookTimeout: seconds * 1000,
    sequence: { groupOrder: order },
    maxWorkers: workers,
  },
});

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{packages,services,infra}/**/*.test.ts', 'test/{house,kit}/**/*.test.ts'],
          exclude: ['**/node_modules/**'],
          // Pure code keeps nothing between files, and loading it once for all is half the time.
          isolate: false,
          // Properties walk far; a busy machine must not turn that into a failure.
          testTimeout: 60_000,
        },
      },
      lane('integration', 1, 30),
      lane('conformance', 2, 60),
      lane('e2e', 3, 120, 1),
      lane('fault', 4, 120, 1),
    ],
  },
});
