import { defineStage } from '@orgo/adapter-sdk';

/** Compiles the Kristal Exchange. In threads: it computes for long. */
export const stage = defineStage({
  adapter: 'compile-exchange',
  version: '1.0.0',
  thread: { module: new URL('./core.ts', import.meta.url), name: 'compileExchange' },
  limits: { concurrency: 2 },
});
