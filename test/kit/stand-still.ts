import { execFileSync } from 'node:child_process';
import fs from 'node:fs';

/** Whether the kernel has stopped it: `T` is said once its main thread, which does all the talking, runs no more. */
function stands(pid: number): boolean {
  const state = fs.existsSync('/proc/self/stat')
    ? fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)
    : execFileSync('ps', ['-o', 'stat=', '-p', `${pid}`], { encoding: 'utf8' });
  return state?.trimStart().startsWith('T') ?? false;
}

/**
 * Stops a process by signal and resolves when it has stopped: sending alone means only that it will.
 * @returns lets it go on
 */
export async function standStill(pid: number): Promise<() => void> {
  process.kill(pid, 'SIGSTOP');
  while (!stands(pid)) await new Promise((resume) => setTimeout(resume, 5));
  return () => {
    process.kill(pid, 'SIGCONT');
  };
}
