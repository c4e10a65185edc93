import { readFileSync } from 'node:fs';

/** When a process started, in the kernel's ticks: with it a pid names one process and not a later one. Empty where that cannot be read, and for a zombie. */
export function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in brackets and may itself hold spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? '' : (fields[19] ?? '');
  } catch {
    return '';
  }
}

/** Whether a process of this host runs; with `start`, as `startOf` said it, whether it is that one and none that has its pid since. */
export function runs(pid: number, start?: string): boolean {
  if (!(pid > 0)) return false;
  const now = startOf(pid);
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Another user's process, which may not be looked at either.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
    if (now === '') return true;
  }
  return start === undefined || start === now;
}
