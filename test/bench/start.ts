// How long an instance takes until it answers, first and warm, and what it costs to do nothing. One JSON object on stdout.
// node test/bench/start.ts [idle seconds]
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startInstance } from '../kit/instance.ts';
import { cpuSecondsOf } from './cpu.ts';
import { commandNow, machineNow } from './machine.ts';
import { rounded } from './result.ts';

const idleSeconds = Number(process.argv[2] ?? 10);

/** What a start leaves to do afterwards, such as modules that threads load, is not idling: seconds until two in a row took less than a twentieth of a processor. */
async function settled(roots: number[]): Promise<number> {
  for (let seconds = 0, calm = 0; seconds < 60; seconds++) {
    const before = cpuSecondsOf(roots);
    await new Promise((over) => setTimeout(over, 1_000));
    calm = cpuSecondsOf(roots) - before < 0.05 ? calm + 1 : 0;
    if (calm === 2) return seconds - 1;
  }
  return 60;
}

/** Milliseconds until `/readyz` says yes, and the idle CPU after that as a share of one processor. */
async function measure(home: string, args: string[]) {
  const from = performance.now();
  const instance = await startInstance({ home, args });
  try {
    const { api } = instance.api();
    const ready = await fetch(`${api}/readyz`);
    const ready_ms = performance.now() - from;
    if (!ready.ok) throw new Error(`not ready: HTTP ${ready.status}`);
    const roots = [instance.up.pid as number, ...Object.values(instance.servers().pids)];
    const settled_s = await settled(roots);
    const [cpu, begin] = [cpuSecondsOf(roots), performance.now()];
    await new Promise((over) => setTimeout(over, idleSeconds * 1000));
    const idle_cpu = (cpuSecondsOf(roots) - cpu) / ((performance.now() - begin) / 1000);
    return { ready_ms: Math.round(ready_ms), settled_s, idle_cpu_percent: rounded(idle_cpu * 100) };
  } finally {
    await instance.stop();
  }
}

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-start-'));
try {
  const first = await measure(home, []);
  const warm = await measure(home, []);
  const processes = await measure(home, ['--processes']);
  console.log(
    JSON.stringify({ machine: machineNow(), command: commandNow(), idle_seconds: idleSeconds, first, warm, processes }),
  );
} finally {
  fs.rmSync(home, { recursive: true, force: true });
}
