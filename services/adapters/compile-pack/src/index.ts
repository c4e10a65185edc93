export { compilePack } from './core.ts';
export { type PackSink, writePackFiles } from './files.ts';
export { packManifestOf } from './manifest.ts';
export { packDataOf } from './tables.ts';
