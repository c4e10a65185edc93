export { compileExchange } from './core.ts';
