import { defineStage } from '@orgo/adapter-sdk';

/** Compiles the Runtime Pack. In threads: it computes for long. */
export const stage = defineStage({
  adapter: 'compile-pack',
  version: '1.0.0',
  thread: { module: new URL('./core.ts', import.meta.url), name: 'compilePack' },
  limits: { concurrency: 2 },
});
