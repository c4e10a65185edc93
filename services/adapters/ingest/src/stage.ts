import { defineStage } from '@orgo/adapter-sdk';

/** Takes documents in as immutable snapshots. In threads: reading hostile text computes for long and may not cost the process its memory. */
export const stage = defineStage({
  adapter: 'ingest',
  version: '1.0.0',
  thread: { module: new URL('./core.ts', import.meta.url), name: 'runIngest' },
  limits: { concurrency: 2 },
});
