import { type ArtifactRef, type BuildStarted, type BuildStatus, isTerminalBuildPhase } from '@orgo/contracts';
import { codeOf } from '@orgo/runtime/errors';
import type { Command } from 'commander';
import { type BuildWithIssues, describeIssues, withIssues } from '../build-issues.ts';
import { auditOf, type BuildResult } from '../build-result.ts';
import { describeAudit, describeBuild, followBuild } from '../build-view.ts';
import { CliError } from '../cli-error.ts';
import { type Client, createClient } from '../client.ts';
import { readCorpus } from '../corpus-folder.ts';
import { findInstance, homeDir } from '../home.ts';
import { checkIntake, intakeRules, readLetters } from '../intake.ts';
import { createOutput, type Output } from '../output.ts';
import { shown } from '../read-input.ts';
import { mandateFor } from '../tenant.ts';
import { putBytes, uploadRequest } from '../upload.ts';
import { actor } from './build-actions.ts';

export type StartOptions = {
  pipeline: string;
  mandate?: string;
  profile: string;
  reason: string;
  rerunOf?: string;
  wait?: boolean;
};

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

/** Uploads everything, then starts. A finished identical build is answered as it ended, and nothing is written. */
export async function startBuild(
  client: Client,
  paths: readonly string[],
  options: StartOptions,
  say: (line: string) => void = () => undefined,
): Promise<BuildStarted> {
  if (options.profile !== 'grounded' && options.profile !== 'strict')
    throw new CliError('USAGE_INVALID', `no default mandate for profile ${options.profile}`);
  const hidden: string[] = [];
  const documents = readCorpus(paths, (file) => hidden.push(file));
  if (hidden.length > 0)
    say(`left out ${hidden.length} hidden: ${shown(hidden.slice(0, 5).join(' '))}${hidden.length > 5 ? ' …' : ''}`);
  const mandate = await mandateFor(homeDir(), client.tenant, options.mandate, options.profile).catch(async (error) => {
    // Without a key of the tenant here: is there such a tenant at all?
    if (codeOf(error) === 'SIGNER_UNAVAILABLE') await client.call('listBuilds');
    throw error;
  });
  const rules = intakeRules(mandate.bundle, new Date());
  checkIntake(documents, rules);
  const letters = rules.stops ? null : await readLetters(client);
  // The packages it is made of are large: only who starts a build loads them.
  const { gazetteerArtifacts } = await import('@orgo/corpora');
  const resources = gazetteerArtifacts().map(({ artifact, bytes }) => ({
    kind: artifact.kind,
    media_type: artifact.media_type,
    bytes,
  }));
  const inputs: ArtifactRef[] = [
    await uploadRequest(client, documents, resources, options.profile, letters),
    await putBytes(client, 'mandate', 'application/json', mandate.bundle),
    await putBytes(client, 'mandate-signature', 'application/json', mandate.signature),
  ];
  return client.call<BuildStarted>('startBuild', {
    body: {
      pipeline: options.pipeline,
      inputs,
      trigger: { type: 'manual', actor: actor(), reason: options.reason },
      rerun_of: options.rerunOf ?? null,
    },
  });
}

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
