import fs from 'node:fs';

const MiB = 1024 * 1024;

/** A process and everything below it, as `/proc` has them now. */
function below(pid: number): number[] {
  const children = fs
    .readdirSync(`/proc/${pid}/task`)
    .flatMap((thread) => fs.readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' '))
    .filter((child) => child !== '');
  return [pid, ...children.flatMap((child) => below(Number(child)))];
}

/** Bytes of a line of `/proc/<pid>/status`; 0 for a process that has ended. */
function statusOf(pid: number, line: string): number {
  try {
    const text = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(new RegExp(`^${line}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

const nameOf = (pid: number): string => {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim().slice(-60);
  } catch {
    return 'ended';
  }
};

/** Whether this system tells what processes hold, and lets the highest mark be set back. */
export const memoryIsTold = (): boolean => {
  try {
    fs.writeFileSync('/proc/self/clear_refs', '5');
    return statusOf(process.pid, 'VmHWM') > 0;
  } catch {
    return false;
  }
};

/** Sessions of PostgreSQL come and go with the connections they serve. */
const mayEnd = (name: string): boolean => name.startsWith('postgres:');

/**
 * Watches the memory of a process and of all below it. `grown` says by how much each went above what it held at the start, at its highest, in MiB; the
 * kernel keeps that mark, so no peak is missed between two looks. One that was started meanwhile held nothing at the start; one that has ended, for want of memory
 * it may be, has grown beyond every bound.
 */
export function watchMemory(pid: number): { grown(): { pid: number; name: string; mib: number }[] } {
  const before = new Map(
    below(pid).map((each) => {
      fs.writeFileSync(`/proc/${each}/clear_refs`, '5');
      return [each, { name: nameOf(each), held: statusOf(each, 'VmRSS') }] as const;
    }),
  );
  return {
    grown() {
      const now = below(pid);
      const ended = [...before].filter(([each, { name }]) => !now.includes(each) && !mayEnd(name));
      return [
        ...ended.map(([each, { name }]) => ({ pid: each, name: `ended: ${name}`, mib: Number.POSITIVE_INFINITY })),
        ...now.map((each) => ({
          pid: each,
          name: nameOf(each),
          mib: Math.round((statusOf(each, 'VmHWM') - (before.get(each)?.held ?? 0)) / MiB),
        })),
      ];
    },
  };
}
