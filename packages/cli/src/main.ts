import { call } from './call.ts';

await call(process.argv.slice(2));
