import fs from 'node:fs';
import type { Command } from 'commander';
import pc from 'picocolors';
import { findInstance, homeDir } from '../home.ts';
import { createOutput } from '../output.ts';

type Check = { name: string; ok: boolean; detail: string };

/** `orgo doctor`: looks at what an instance needs and says what is wrong. */
export function doctor(program: Command): void {
  program
    .command('doctor')
    .description('look at this machine, this home and the running instance')
    .addHelpText('after', '\nExample:\n  orgo doctor')
    .action(async () => {
      const checks: Check[] = [
        {
          name: 'node',
          ok: Number(process.versions.node.split('.')[0]) >= 24,
          detail: `${process.version} at ${process.execPath}`,
        },
        { name: 'home', ok: writable(homeDir()), detail: homeDir() },
        ...(await instanceChecks()),
      ];
      createOutput().result({ ok: checks.every((c) => c.ok), checks }, () =>
        checks.map((c) => `${c.ok ? pc.green('ok  ') : pc.red('bad ')} ${c.name.padEnd(10)} ${c.detail}`),
      );
      if (!checks.every((c) => c.ok)) process.exitCode = 4;
    });
}

const writable = (dir: string): boolean => {
  try {
    fs.mkdirSync(dir, { recursive: true });
    fs.accessSync(dir, fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
};

async function instanceChecks(): Promise<Check[]> {
  try {
    const { api } = findInstance();
    const ready = await fetch(`${api}/readyz`, { signal: AbortSignal.timeout(5_000) });
    return [{ name: 'instance', ok: ready.ok, detail: `${api} answers ${ready.status} to /readyz` }];
  } catch (e) {
    return [{ name: 'instance', ok: false, detail: e instanceof Error ? e.message : String(e) }];
  }
}
