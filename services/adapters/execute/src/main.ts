import { runAdapter } from '@orgo/adapter-sdk';
import { stage } from './stage.ts';

await runAdapter(stage, process.env);
