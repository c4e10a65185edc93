export { runExecute } from './core.ts';
