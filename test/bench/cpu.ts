import fs from 'node:fs';

const ticksPerSecond = 100;

/** The fields of /proc/<pid>/stat behind the command name; [1] is the parent, [11] to [14] are the times. Null when the process is gone. */
function statOf(pid: number): string[] | null {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

/** The given processes and all below them. Linux only. */
export function familyOf(roots: readonly number[]): number[] {
  const children = new Map<number, number[]>();
  for (const name of fs.readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : null;
    if (stat === null) continue;
    const parent = Number(stat[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found = new Set(roots);
  for (const pid of found) for (const child of children.get(pid) ?? []) found.add(child);
  return [...found];
}

/**
 * User and system seconds so far of the processes below `roots`, themselves included, and of children that ended and were waited for. In steps of
 * 10 ms a process.
 */
export function cpuSecondsOf(roots: readonly number[]): number {
  let ticks = 0;
  for (const pid of familyOf(roots)) {
    const stat = statOf(pid);
    if (stat !== null) for (const field of stat.slice(11, 15)) ticks += Number(field);
  }
  return ticks / ticksPerSecond;
}

/** Bytes these processes have caused to be written to disk, as the kernel counts them; 0 where it does not say. */
export function writtenBytesOf(roots: readonly number[]): number {
  let bytes = 0;
  for (const pid of familyOf(roots)) {
    try {
      bytes += Number(/^write_bytes: (\d+)$/m.exec(fs.readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1] ?? 0);
    } catch {}
  }
  return bytes;
}

/** Seconds of the whole machine since its start: all processors together. */
export type MachineTime = { busy: number; steal: number; total: number };

export function machineTime(): MachineTime {
  const line = fs.readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? '';
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = line
    .trim()
    .split(/\s+/)
    .slice(1)
    .map((ticks) => Number(ticks) / ticksPerSecond);
  const busy = user + nice + system + irq + softirq;
  return { busy, steal, total: busy + idle + iowait + steal };
}
