import { digestOfBytes } from '@orgo/core';
import { exchangeStage } from './batch.fixture.ts';
import { compileExchange } from './core.ts';
import { tinyBatch } from './tiny.fixture.ts';

// Run as a process of its own by the determinism test: prints the references of all outputs.
const result = await compileExchange(exchangeStage(tinyBatch));
if (!result.ok) throw new Error(result.code);
process.stdout.write(JSON.stringify(result.value.outputs.map((output) => digestOfBytes(output.bytes))));
