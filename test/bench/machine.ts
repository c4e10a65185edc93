import os from 'node:os';
import path from 'node:path';

/** The machine and the moment, for every printed result. */
export const machineNow = () => ({
  date: new Date().toISOString(),
  cpus: os.cpus().length,
  model: os.cpus()[0]?.model ?? '',
  memory_gib: Math.round(os.totalmem() / 2 ** 30),
  kernel: os.release(),
  node: process.version,
  load: Number((os.loadavg()[0] ?? 0).toFixed(2)),
});

const root = path.join(import.meta.dirname, '../..');

/** How the running bench was called, from the root of the checkout: what makes a printed result once more. */
export const commandNow = (): string =>
  ['node', path.relative(root, process.argv[1] ?? ''), ...process.argv.slice(2)].join(' ');
