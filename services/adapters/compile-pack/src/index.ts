export { compilePack } from './core.ts';
export { packManifestOf } from './manifest.ts';
export { type PackData, packDataOf } from './tables.ts';
