import os from 'node:os';
import { startInstance } from '../kit/instance.ts';
import { type RingResult, runRing } from './ring.ts';

// `npm run bench`: the ring alone, idle and loaded. Peers are not measured yet, so there are no ratios.
const json = process.argv.includes('--json');
const orgo = await startInstance();
const ours: Record<string, RingResult> = {};
try {
  await runRing(orgo, { builds: 10, inFlight: 1 });
  ours.idle = await runRing(orgo, { builds: 40, inFlight: 1 });
  ours.in_flight_64 = await runRing(orgo, { builds: 400, inFlight: 64 });
} finally {
  await orgo.stop();
}
const machine = {
  cpus: os.cpus().length,
  model: os.cpus()[0]?.model ?? '',
  memory_gib: Math.round(os.totalmem() / 2 ** 30),
  node: process.version,
  date: new Date().toISOString(),
};
const result = { machine, ours, peers: {}, ratios: {} };
if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
else {
  console.log(`${machine.cpus} × ${machine.model}, ${machine.memory_gib} GiB, Node ${machine.node}, ${machine.date}`);
  console.table(ours);
  console.log(
    'eight trivial stages a build, each commanded, answered, decided, signed and sealed; servers counted in CPU',
  );
}
