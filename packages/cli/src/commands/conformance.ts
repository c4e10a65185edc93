import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type CheckResult, type ConformanceReport, conform } from '@orgo/adapter-sdk/conformance';
import { startServers } from '@orgo/infra/servers';
import { createLog } from '@orgo/runtime/log';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { colors as pc } from '../colors.ts';
import { type Asked, candidatesOf, repositoryAdapters } from '../conformance-candidates.ts';
import { createOutput } from '../output.ts';
import { stopSignal } from '../stop-signal.ts';

/** `orgo conformance adapter …`: whether an adapter, in whatever language, does what an adapter must. Exit 0 when all checks pass, 3 when one fails. */
export function conformance(program: Command): void {
  program
    .command('conformance')
    .description('checks of parts that others write')
    .command('adapter')
    .description('look whether stage adapters do what an adapter must, on a NATS server and with keys made for it')
    .argument('[name...]', `adapters of this checkout: ${repositoryAdapters.join(', ')}`)
    .option('--all', 'every adapter of this checkout')
    .option('--program <adapter.json>', 'a program behind the exec host, by its adapter.json')
    .option('--exec <command>', 'a program behind the exec host, by its command line')
    .option('--start <command>', 'an adapter that speaks NATS itself, by the command that starts it')
    .option('--attach', 'an adapter that you start yourself, once its settings are printed')
    .option('--name <adapter>', 'its name, with --start and --attach')
    .option('--case <file>', 'a valid piece of work for it, as JSON; see docs/adapters.md')
    .option('--timeout <seconds>', 'how long an answer may take', '30')
    .addHelpText(
      'after',
      [
        '\nExamples:',
        '  orgo conformance adapter echo pin',
        '  orgo conformance adapter --exec "python3 shout.py" --case case.json',
        '  orgo conformance adapter --program adapter.json --case case.json --json',
        '  orgo conformance adapter --start "./my-adapter" --name mine --case case.json',
      ].join('\n'),
    )
    .action((names: string[], asked: Omit<Asked, 'names'>) => run({ ...asked, names }));
}

async function run(asked: Asked): Promise<void> {
  const out = createOutput();
  const seconds = Number(asked.timeout);
  if (!(seconds > 0)) throw new CliError('USAGE_INVALID', `--timeout ${asked.timeout}`);
  const stopped = new AbortController();
  void stopSignal().then(() => stopped.abort());
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-conformance-'));
  try {
    const candidates = await candidatesOf(asked, home);
    const servers = await startServers({ home, need: ['nats'], env: {} });
    const reports: ConformanceReport[] = [];
    try {
      const natsUrl = servers.urls.NATS_URL;
      const log = createLog({ service: 'conformance', level: 'silent' });
      for (const { candidate, work } of candidates) {
        if (stopped.signal.aborted) break;
        if (candidate.start === null)
          out.say(`start it with NATS_URL=${natsUrl} ORGO_HOME=${home}, within ${seconds} s`);
        out.say(pc.bold(candidate.adapter));
        const options = { home, natsUrl, candidate, work, log, answerMs: seconds * 1000, signal: stopped.signal };
        reports.push(await conform(options, (result) => out.say(describe(result))));
      }
    } finally {
      await servers.stop();
    }
    if (stopped.signal.aborted) throw new CliError('CONFORMANCE_FAILED', 'stopped before the last check');
    finish(reports, out);
  } finally {
    fs.rmSync(home, { recursive: true, force: true });
  }
}

const words = { pass: pc.green('pass'), fail: pc.red('FAIL'), skip: pc.yellow('skip') };

function describe({ id, title, status, code, reason }: CheckResult): string {
  const why = [code, reason].filter(Boolean).join(' ');
  return `  ${words[status]}  ${id.padEnd(28)} ${title}${why ? `\n        ${why}` : ''}`;
}

function finish(reports: readonly ConformanceReport[], out: ReturnType<typeof createOutput>): void {
  const sum = (name: 'passed' | 'failed' | 'skipped') => reports.reduce((total, report) => total + report[name], 0);
  const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')];
  out.result({ passed, failed, skipped, adapters: reports }, () =>
    reports.map(
      (r) => `${r.adapter} ${r.version ?? '–'}: ${r.passed} passed, ${r.failed} failed, ${r.skipped} not applicable`,
    ),
  );
  if (failed === 0) return;
  const broken = reports.flatMap(({ adapter, checks }) =>
    checks.flatMap(({ id, status }) => (status === 'fail' ? [`${adapter}: ${id}`] : [])),
  );
  throw new CliError('CONFORMANCE_FAILED', `${failed} of ${failed + passed} checks: ${broken.slice(0, 8).join(', ')}`);
}
