import { digestOfBytes } from '@orgo/core';
import { packStage } from './core.fixture.ts';
import { compilePack } from './core.ts';
import { tinyExchange } from './exchange.fixture.ts';

// Run as a process of its own by the determinism test: prints the references of all outputs.
const result = await compilePack(packStage(tinyExchange));
if (!result.ok) throw new Error(result.code);
process.stdout.write(JSON.stringify(result.value.outputs.map((output) => digestOfBytes(output.bytes))));
