import { defineStage } from '@orgo/adapter-sdk';

/**
 * The validate worker: a stage like any other, with its own process and key, so that a large corpus stalls no gate. It writes the report; the
 * gate derives the verdict.
 */
export const stage = defineStage({
  adapter: 'validate',
  version: '1.1.0',
  thread: { module: new URL('./core.ts', import.meta.url), name: 'validateBatch' },
  limits: { concurrency: 2 },
});
