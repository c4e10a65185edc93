import { type BuildStarted, type BuildStatus, isTerminalBuildPhase } from '@orgo/contracts';
import type { Command } from 'commander';
import { type BuildWithIssues, describeIssues, withIssues } from '../build-issues.ts';
import { auditOf, type BuildResult } from '../build-result.ts';
import { describeAudit, describeBuild, followBuild } from '../build-view.ts';
import { CliError } from '../cli-error.ts';
import { type Client, createClient } from '../client.ts';
import { findInstance } from '../home.ts';
import { createOutput, type Output } from '../output.ts';
import type { StartOptions } from '../start-build.ts';

/** `orgo build start PATH… [--wait]`: COMPLETED ends 0, VALIDATION_FAILED 3. */
export function buildStart(area: Command): void {
  area
    .command('start')
    .description('upload documents and start a build')
    .argument('<path...>', 'files or folders; corpus.json in a folder says where its documents are from')
    .option('--pipeline <id>', 'pipeline', 'kristal')
    .option('--mandate <file>', 'mandate bundle; default: the default mandate of the profile')
    .option('--profile <name>', 'validation profile of the default mandate: grounded or strict', 'grounded')
    .option('--reason <text>', 'why, for the record', '')
    .option('--rerun-of <build>', 'compare the outcome with an earlier build of the same inputs')
    .option('--wait', 'follow the build to its end')
    .addHelpText(
      'after',
      '\nExamples:\n  orgo build start ./corpus --wait\n  orgo build start a.md b.csv --mandate mandate.json --json',
    )
    .action(async (paths: string[], options: StartOptions) => {
      const out = createOutput();
      const client = createClient(findInstance());
      // Reading corpora takes packages that no other command needs.
      const { startBuild } = await import('../start-build.ts');
      const started = await startBuild(client, paths, options, out.say);
      if (!options.wait) {
        const now = await client.call<BuildStatus>('getBuild', { params: { build: started.build_id } });
        return out.result(now, () => [...describeBuild(now), `follow it: orgo build watch ${now.build_id}`]);
      }
      const ended = await waitForBuild(client, started, out);
      const judged = await withIssues(client, ended);
      const result: BuildResult & BuildWithIssues = { ...judged, audit: await auditOf(client, ended) };
      out.result(result, () => [
        ...describeBuild(ended),
        ...describeIssues(judged),
        describeAudit(result.audit),
        ...describeAside(ended),
      ]);
      failUnlessCompleted(ended);
    });
}

const describeAside = ({ stages }: BuildStatus): string[] =>
  stages.some(({ outputs }) => outputs.some(({ kind }) => kind === 'dead-letters'))
    ? ['documents were put aside: orgo deadletter list']
    : [];

export async function waitForBuild(client: Client, started: BuildStarted, out: Output): Promise<BuildStatus> {
  if (started.replayed_from) out.say(`same inputs, same pins: answered by ${started.replayed_from}, nothing ran`);
  return followBuild(client, started.build_id, out.say);
}

/** Ends the command by the build's outcome, naming its first code. */
export function failUnlessCompleted(b: BuildStatus): void {
  if (b.status === 'COMPLETED') return;
  const code =
    b.status === 'VALIDATION_FAILED'
      ? 'VALIDATION_FAILED'
      : (b.reason_codes[0] ?? (isTerminalBuildPhase(b.status) ? 'BUILD_CANCELLED' : 'STAGE_ATTEMPTS_EXHAUSTED'));
  throw new CliError(
    code,
    `${b.build_id} is ${b.status}${b.reason_codes.length ? `: ${b.reason_codes.join(', ')}` : ''}`,
  );
}
