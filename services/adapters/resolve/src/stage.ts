import { defineStage } from '@orgo/adapter-sdk';

/** Resolves mentions against pinned gazetteers. In threads: it computes for long. */
export const stage = defineStage({
  adapter: 'resolve',
  version: '1.0.0',
  thread: { module: new URL('./core.ts', import.meta.url), name: 'runResolve' },
  limits: { concurrency: 2 },
});
