export { runRender } from './core.ts';
