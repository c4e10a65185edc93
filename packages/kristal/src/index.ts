export * from './stage-core.ts';
