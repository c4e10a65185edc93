import { defineStage } from '@orgo/adapter-sdk';

/** Runs governed tasks against a released pack. In a thread, so that the end of the lease ends the work. */
export const stage = defineStage({
  adapter: 'execute',
  version: '1.0.0',
  thread: { module: new URL('./core.ts', import.meta.url), name: 'runExecute' },
  limits: { concurrency: 2 },
});
