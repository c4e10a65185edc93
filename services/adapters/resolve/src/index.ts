export { runResolve } from './resolve.ts';
