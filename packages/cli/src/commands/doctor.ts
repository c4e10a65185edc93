import fs from 'node:fs';
import type { ReasonCode } from '@orgo/contracts';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { colors as pc } from '../colors.ts';
import { findInstance, homeDir } from '../home.ts';
import { createOutput } from '../output.ts';

/** `code` is what it means where it is not ok. */
type Check = { name: string; ok: boolean; detail: string; code: ReasonCode };

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
          code: 'SETUP_REQUIRED',
        },
        { name: 'home', ok: writable(homeDir()), detail: homeDir(), code: 'HOME_UNREADABLE' },
        ...(await instanceChecks()),
      ];
      createOutput().result({ ok: checks.every((c) => c.ok), checks }, () =>
        checks.map((c) => `${c.ok ? pc.green('ok  ') : pc.red('bad ')} ${c.name.padEnd(10)} ${c.detail}`),
      );
      const bad = checks.find((c) => !c.ok);
      if (bad) throw new CliError(bad.code, `${bad.name}: ${bad.detail}`);
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
  const name = 'instance';
  try {
    const { api } = findInstance();
    const ready = await fetch(`${api}/readyz`, { signal: AbortSignal.timeout(5_000) });
    const detail = `${api} answers ${ready.status} to /readyz`;
    return [{ name, ok: ready.ok, detail, code: 'SERVICE_UNAVAILABLE' }];
  } catch (e) {
    return [{ name, ok: false, detail: e instanceof Error ? e.message : String(e), code: 'INSTANCE_NOT_RUNNING' }];
  }
}
