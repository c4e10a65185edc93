import { defineStage } from '@orgo/adapter-sdk';

/** Renders cards of a released pack. In a thread: it reads the whole pack again. */
export const stage = defineStage({
  adapter: 'render',
  version: '1.0.0',
  thread: { module: new URL('./core.ts', import.meta.url), name: 'runRender' },
  limits: { concurrency: 2 },
});
