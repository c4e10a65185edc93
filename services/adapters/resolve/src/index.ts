export { runResolve } from './core.ts';
