import { defineConfig } from 'vitest/config';

/** A lane with servers: one process per file, so that a file may kill what it started. */
const lane = (name: string, timeout: number) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    globalSetup: './infra/test-setup.ts',
    pool: 'forks' as const,
    testTimeout: timeout,
    hookTimeout: timeout,
  },
});

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{packages,services}/**/src/**/*.test.ts',
            'packages/*/generate/**/*.test.ts',
            'infra/**/*.test.ts',
            'test/{house,kit}/**/*.test.ts',
          ],
          exclude: ['**/node_modules/**'],
        },
      },
      lane('integration', 30_000),
      lane('e2e', 120_000),
      lane('fault', 120_000),
      lane('conformance', 60_000),
    ],
  },
});
