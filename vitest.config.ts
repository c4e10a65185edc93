import os from 'node:os';
import { defineConfig } from 'vitest/config';
import { compiled } from './infra/bootstrap/paths.mjs';
import { LongestFirst } from './infra/test-order.ts';

// Also where vitest was started by hand: tests start thousands of processes, and each reads what an earlier one has compiled.
process.env.NODE_COMPILE_CACHE ??= compiled;

/** Tests with servers wait between the things they do: two at a time also where there are two processors. */
const WORKERS = Math.max(2, os.availableParallelism() - 1);

/** A lane with servers: one process per file, since a file may kill what it started. All of them share the workers, so that none stands idle. */
const lane = (name: string, seconds: number) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    globalSetup: './infra/test-setup.ts',
    pool: 'forks' as const,
    testTimeout: seconds * 1000,
    hookTimeout: seconds * 1000,
    // What is awaited is an event and not a speed: a busy machine must not turn that into a failure.
    expect: { poll: { timeout: 30_000 } },
    sequence: { groupOrder: 1 },
    maxWorkers: WORKERS,
  },
});

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
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
      lane('integration', 120),
      lane('conformance', 120),
      lane('e2e', 300),
      lane('fault', 300),
    ],
  },
});
