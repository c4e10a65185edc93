import { defineStage } from '@orgo/adapter-sdk';

/** Draws claims from snapshots. In threads: it computes for long. */
export const stage = defineStage({
  adapter: 'extract',
  version: '1.1.0',
  thread: { module: new URL('./core.ts', import.meta.url), name: 'runExtract' },
  limits: { concurrency: 2 },
});
