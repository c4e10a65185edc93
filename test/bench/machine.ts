import os from 'node:os';

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
