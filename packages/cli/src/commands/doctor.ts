import type { ReasonCode } from '@orgo/contracts';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { colors as pc } from '../colors.ts';
import { findInstance, homeDir, usableHome } from '../home.ts';
import { createOutput } from '../output.ts';

/** `code` is null where it is ok. */
type Check = { name: string; ok: boolean; detail: string; code: ReasonCode | null };

const check = (name: string, ok: boolean, detail: string, code: ReasonCode): Check => ({
  name,
  ok,
  detail,
  code: ok ? null : code,
});

/** `orgo doctor`: looks at what an instance needs and says what is wrong. */
export function doctor(program: Command): void {
  program
    .command('doctor')
    .description('look at this machine, this home and the running instance')
    .addHelpText('after', '\nExample:\n  orgo doctor')
    .action(async () => {
      const checks: Check[] = [
        check(
          'node',
          Number(process.versions.node.split('.')[0]) >= 24,
          `${process.version} at ${process.execPath}`,
          'SETUP_REQUIRED',
        ),
        check('home', writable(), homeDir(), 'HOME_UNREADABLE'),
        ...(await instanceChecks()),
      ];
      createOutput().result({ ok: checks.every((c) => c.ok), checks }, () =>
        checks.map((c) => `${c.ok ? pc.green('ok  ') : pc.red('bad ')} ${c.name.padEnd(10)} ${c.detail}`),
      );
      const bad = checks.find((c) => !c.ok);
      if (bad?.code) throw new CliError(bad.code, `${bad.name}: ${bad.detail}`);
    });
}

const writable = (): boolean => {
  try {
    usableHome();
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
    return [check(name, ready.ok, detail, 'SERVICE_UNAVAILABLE')];
  } catch (e) {
    return [check(name, false, e instanceof Error ? e.message : String(e), 'INSTANCE_NOT_RUNNING')];
  }
}
