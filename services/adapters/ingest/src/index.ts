export { runIngest } from './core.ts';
