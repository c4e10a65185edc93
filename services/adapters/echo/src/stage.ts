import { defineStage } from '@orgo/adapter-sdk';
import { runEcho } from './core.ts';

/** Answers every stage of the pipeline `echo`. */
export const stage = defineStage({ adapter: 'echo', version: '1.1.0', run: runEcho, limits: { concurrency: 32 } });
