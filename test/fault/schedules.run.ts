import { fork } from 'node:child_process';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Said, Share } from './schedules.process.ts';
import type { Ended } from './schedules.ts';

const script = fileURLToPath(new URL('./schedules.process.ts', import.meta.url));

export type Run = { all: Ended[]; crashes: number; problems: string[] };

/** Servers keep a processor busy too, and what waits for one of four is not waited for. */
export const processesHere = (): number => Math.max(1, Math.min(4, os.availableParallelism()));

/**
 * Runs the schedules of `count` seeds from `first` in several processes, each with rings of its own over the shared PostgreSQL. `problems` are those of
 * rings and processes; those of schedules are with the schedules.
 */
export async function runInProcesses(
  of: Omit<Share, 'step' | 'until'> & { processes: number; until?: number; said?(ended: Ended): void },
): Promise<Run> {
  const { processes, said, until = null, first, count, ...rest } = of;
  const run: Run = { all: [], crashes: 0, problems: [] };
  const share = async (n: number): Promise<void> => {
    const mine: Share = {
      ...rest,
      first: first + n,
      step: processes,
      count: Math.ceil((count - n) / processes),
      until,
    };
    const child = fork(script, [JSON.stringify(mine)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    let told = false;
    child.on('message', (message: Said) => {
      if ('ended' in message) {
        run.all.push(message.ended);
        said?.(message.ended);
        return;
      }
      told = true;
      run.crashes += message.crashes;
      run.problems.push(...message.problems);
    });
    const how = await new Promise<number | string>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve(signal ?? code ?? 0));
    });
    if (how !== 0 || !told) run.problems.push(`a process ended with ${how}`);
  };
  await Promise.all(Array.from({ length: Math.min(processes, count) }, (_, n) => share(n)));
  return run;
}
