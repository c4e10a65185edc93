export { compilePack } from './core.ts';
