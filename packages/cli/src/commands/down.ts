import fs from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { findInstance, homeDir } from '../home.ts';
import { createOutput } from '../output.ts';

/** `orgo down`: asks the running instance of this home to drain and stop, and waits until it has. */
export function down(program: Command): void {
  program
    .command('down')
    .description('drain and stop the instance of this home')
    .addHelpText('after', '\nExample:\n  orgo down')
    .action(async () => {
      const { pid, api } = findInstance();
      if (pid === 0)
        throw new CliError('USAGE_INVALID', `${api} runs elsewhere`, 'Unset ORGO_API, or stop it where it runs.');
      const run = path.join(homeDir(), 'run');
      const gone = new Promise<void>((resolve) => {
        const check = (): void => {
          if (fs.existsSync(path.join(run, 'instance.json'))) return;
          watcher.close();
          resolve();
        };
        const watcher = fs.watch(run, check);
        process.kill(pid, 'SIGTERM');
        check();
      });
      await gone;
      createOutput().result({ stopped: pid }, () => [`stopped (pid ${pid})`]);
    });
}
