import fs from 'node:fs';
import { reasons } from '@orgo/contracts';
import { startFleet } from './fleet.ts';
import { nodeSettings, nodesFolder } from './settings.ts';

const given = Object.entries(process.env).filter(([, value]) => value !== '');
const settings = nodeSettings.safeParse(Object.fromEntries(given));
if (settings.success) run(settings.data.ORGO_NODE_POLL_MS, nodesFolder(settings.data));
else {
  for (const { path, message } of settings.error.issues) process.stderr.write(`CONFIG_INVALID: ${path}: ${message}\n`);
  process.exitCode = reasons.CONFIG_INVALID.exit;
}

function run(pollMs: number, folder: string): void {
  const log = (event: string, fields: Record<string, unknown>): void => {
    process.stdout.write(
      `${JSON.stringify({ ts: new Date().toISOString(), service: 'konnaxion-node', event, ...fields })}\n`,
    );
  };
  const fleet = startFleet(folder, { pollMs, log });
  // Whoever supervises this process is told that it runs: a line on the descriptor ORGO_READY_FD names.
  const ready = Number(process.env.ORGO_READY_FD);
  if (ready > 2) fs.writeSync(ready, 'ready\n');
  const stop = (): void => void fleet.stop().then(() => process.exit(0));
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}
