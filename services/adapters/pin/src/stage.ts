import { defineStage } from '@orgo/adapter-sdk';
import { runPin } from './core.ts';

/** Fixes everything a build depends on. */
export const stage = defineStage({ adapter: 'pin', version: '1.0.0', run: runPin });
