export { runIngest } from './core.ts';
export { collidingPath, pathProblem } from './paths.ts';
