import fs from 'node:fs';
import type { TestInstance } from '../kit/instance.ts';

const ticksPerSecond = 100;

/** Processes below a pid, itself included; from /proc. */
function family(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of fs.readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = fs.readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {}
  }
  const found = [root];
  for (let i = 0; i < found.length; i++) for (const [pid, parent] of parents) if (parent === found[i]) found.push(pid);
  return found;
}

/** User and system seconds so far of an instance: its own process, its children, and the servers. Linux only. */
export function cpuSecondsOf(orgo: TestInstance): number {
  const roots = new Set([orgo.up.pid as number, ...Object.values(orgo.servers().pids)]);
  const pids = new Set([...roots].flatMap(family));
  let ticks = 0;
  for (const pid of pids) {
    try {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      ticks += Number(fields[11]) + Number(fields[12]);
    } catch {}
  }
  return ticks / ticksPerSecond;
}
