import { defineStage } from '@orgo/adapter-sdk';
import { runIngest } from './core.ts';

/** Takes documents in as immutable snapshots. */
export const stage = defineStage({ adapter: 'ingest', version: '1.0.0', run: runIngest });
