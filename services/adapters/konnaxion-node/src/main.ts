import fs from 'node:fs';
import path from 'node:path';
import { startFleet } from './fleet.ts';

// A node has no settings but its folder: ORGO_NODES (default <ORGO_HOME>/nodes) and how often it looks.
const root = path.resolve(process.env.ORGO_NODES ?? path.join(process.env.ORGO_HOME ?? '.orgo/home', 'nodes'));
const log = (event: string, fields: Record<string, unknown>): void => {
  process.stdout.write(
    `${JSON.stringify({ ts: new Date().toISOString(), service: 'konnaxion-node', event, ...fields })}\n`,
  );
};
const fleet = startFleet(root, { pollMs: Number(process.env.ORGO_NODE_POLL_MS ?? 1000), log });
// Whoever supervises this process is told that it runs: a line on the descriptor ORGO_READY_FD names.
const ready = Number(process.env.ORGO_READY_FD);
if (ready > 2) fs.writeSync(ready, 'ready\n');
const stop = (): void => void fleet.stop().then(() => process.exit(0));
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
