export * from './active.ts';
export * from './domain/judge.ts';
export * from './domain/state.ts';
export * from './fleet.ts';
export * from './folder.ts';
export * from './join.ts';
export * from './node.ts';
export * from './pack-folder.ts';
