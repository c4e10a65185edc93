import fs from 'node:fs';
import { reasons } from '@orgo/contracts';
import { openDoor } from './door.ts';
import { startFleet } from './fleet.ts';
import { codeOfError, messageOf } from './node-error.ts';
import { fleetOptions, nodeSettings, nodesFolder } from './settings.ts';

const given = Object.entries(process.env).filter(([, value]) => value !== '');
const settings = nodeSettings.safeParse(Object.fromEntries(given));
if (settings.success) run(fleetOptions(settings.data), nodesFolder(settings.data));
else {
  for (const { path, message } of settings.error.issues) process.stderr.write(`CONFIG_INVALID: ${path}: ${message}\n`);
  process.exitCode = reasons.CONFIG_INVALID.exit;
}

function run(options: ReturnType<typeof fleetOptions>, folder: string): void {
  const log = (event: string, fields: Record<string, unknown>): void => {
    process.stdout.write(
      `${JSON.stringify({ ts: new Date().toISOString(), service: 'konnaxion-node', event, ...fields })}\n`,
    );
  };
  const fleet = startFleet(folder, { ...options, log });
  const door = openDoor(folder, fleet, { log, keep: options.keep });
  door.catch((error) => log('door.closed', { error_code: codeOfError(error), error_message: messageOf(error) }));
  // Whoever supervises this process is told that it runs: a line on the descriptor ORGO_READY_FD names.
  const ready = Number(process.env.ORGO_READY_FD);
  if (ready > 2) fs.writeSync(ready, 'ready\n');
  const stop = (): void =>
    void Promise.all([fleet.stop(), door.then((open) => open.close()).catch(() => undefined)]).then(() =>
      process.exit(0),
    );
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}
