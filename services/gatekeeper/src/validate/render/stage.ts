import { defineStage } from '@orgo/adapter-sdk';

/** The check of rendered cards: a stage with a process and key of its own on the gatekeeper's side, so that no renderer judges itself. */
export const stage = defineStage({
  adapter: 'check-render',
  version: '1.0.0',
  thread: { module: new URL('./core.ts', import.meta.url), name: 'checkRender' },
  limits: { concurrency: 2 },
});
