export { runIngest } from './ingest.ts';
export { collidingPath, pathProblem } from './paths.ts';
