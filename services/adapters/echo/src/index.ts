export { runEcho } from './core.ts';
