import fs from 'node:fs';
import path from 'node:path';
import type { ArtifactRef, BuildRecord, BuildStarted, BuildStatus, ReleaseStatus } from '@orgo/contracts';
import { canonicalBytes, type JsonValue, parseStrict } from '@orgo/core';
import type { AfterRequest, ExecutionReport } from '@orgo/kristal';
import type { Command } from 'commander';
import { cardRequest, defaultTasks } from '../after-request.ts';
import { CliError } from '../cli-error.ts';
import { type Client, createClient } from '../client.ts';
import { findInstance } from '../home.ts';
import { createOutput, status, table } from '../output.ts';
import { putBytes } from '../upload.ts';
import { writeOut } from '../write-out.ts';
import { actor } from './build-actions.ts';
import { failUnlessCompleted, waitForBuild } from './build-start.ts';

type Options = { subject: string[]; lang: string; out?: string; reason: string };

/** `orgo release render RELEASE --subject Q142`: cards of the released pack, checked, and the tasks that follow a release. */
export function releaseRender(area: Command): void {
  area
    .command('render')
    .description('make checked cards of a released pack and run the tasks that follow a release')
    .argument('<release>')
    .requiredOption('--subject <id or label...>', 'subjects by id, or one by its label')
    .option('--lang <languages>', 'languages, with commas', 'en,fr')
    .option('--out <folder>', 'where to put the cards and their trace maps')
    .option('--reason <text>', 'why, for the record', '')
    .addHelpText(
      'after',
      '\nExamples:\n  orgo release render rel_… --subject Q142 --out cards\n  orgo release render rel_… --subject France',
    )
    .action(async (id: string, options: Options) => {
      const out = createOutput();
      const client = createClient(findInstance());
      const started = await startAfter(client, id, options);
      const ended = await waitForBuild(client, started, out);
      failUnlessCompleted(ended);
      const cards = await readCards(client, ended, options.out);
      const { ExecutionReportSchema } = await import('@orgo/kristal');
      const execution = await readOutput(client, ended, 'execution-report', ExecutionReportSchema);
      out.result({ build_id: ended.build_id, release_id: id, cards, tasks: execution.tasks }, () => [
        ...table(
          ['CARD', 'LANGUAGE', 'FORMAT', 'SHA-256', 'FILE'],
          cards.map((card) => [card.subject, card.language, card.format, card.sha256.slice(7, 19), card.file ?? '–']),
        ),
        ...describeTasks(execution),
        `checked and on record: orgo record show ${ended.build_id}`,
      ]);
    });
}

function subjectsOf(named: readonly string[]): AfterRequest['render']['subjects'] {
  if (named.every((one) => /^Q[1-9]\d*$/.test(one))) return { ids: [...named] };
  const [label, ...more] = named;
  if (label === undefined || more.length > 0)
    throw new CliError('USAGE_INVALID', 'name subjects by id, or one by its label');
  return { label };
}

/** Asks for the build that follows a release. The request names the release and its pack; whether they belong together is for the gatekeeper. */
async function startAfter(client: Client, id: string, options: Options): Promise<BuildStarted> {
  const release = await client.call<ReleaseStatus>('getRelease', { params: { release: id } });
  const record = await client.call<BuildRecord>('getRecord', { params: { build: release.build_id } });
  const { kristal } = record.outputs;
  if (kristal === null) throw new CliError('ARTIFACT_NOT_FOUND', `${release.build_id} has no pack`);
  const { AfterRequestSchema } = await import('@orgo/kristal');
  const request = AfterRequestSchema.safeParse({
    v: 1,
    kind: 'after-request',
    release_id: id,
    pack_id: kristal.pack_id,
    render: { ...cardRequest, languages: options.lang.split(','), subjects: subjectsOf(options.subject) },
    tasks: defaultTasks,
  });
  if (!request.success)
    throw new CliError('USAGE_INVALID', request.error.issues[0]?.message ?? 'the request is not valid');
  const asked = await putBytes(client, 'after-request', 'application/json', canonicalBytes(request.data as JsonValue));
  return client.call<BuildStarted>('startBuild', {
    body: {
      pipeline: 'kristal-after',
      inputs: [asked, kristal.pack_manifest],
      trigger: { type: 'release', actor: actor(), reason: options.reason },
      rerun_of: null,
    },
  });
}

type Schema<T> = { safeParse(value: unknown): { success: true; data: T } | { success: false } };

async function readOutput<T>(client: Client, build: BuildStatus, kind: string, schema: Schema<T>): Promise<T> {
  const found = build.stages
    .flatMap(({ outputs }) => outputs)
    .find((output): output is ArtifactRef => output.kind === kind);
  if (found === undefined) throw new CliError('ARTIFACT_NOT_FOUND', `${build.build_id} has no ${kind}`);
  const { artifactLimits } = await import('@orgo/kristal');
  const json = parseStrict(await client.bytes('getArtifact', { params: { digest: found.ref } }), artifactLimits);
  const parsed = schema.safeParse(json.ok ? json.value : undefined);
  if (!parsed.success) throw new CliError('ARTIFACT_NOT_FOUND', `${found.ref} is no ${kind}`);
  return parsed.data;
}

type Card = { subject: string; language: string; format: string; sha256: string; file: string | null };

/** The cards of a build whose check passed; each is written beside its trace map where a folder is named. */
async function readCards(client: Client, build: BuildStatus, folder: string | undefined): Promise<Card[]> {
  const { RenderBundleSchema } = await import('@orgo/kristal');
  const { cards } = await readOutput(client, build, 'render-bundle', RenderBundleSchema);
  if (folder !== undefined) writeOut(folder, () => fs.mkdirSync(folder, { recursive: true }));
  return cards.flatMap(({ subject, language, outputs }) =>
    outputs.map(({ format, sha256, text, trace_map }): Card => {
      const name = `${subject}.${language}.${format === 'html' ? 'html' : 'md'}`;
      if (folder === undefined) return { subject, language, format, sha256, file: null };
      const file = path.join(folder, name);
      writeOut(file, () => {
        fs.writeFileSync(file, text);
        fs.writeFileSync(`${file}.trace.json`, `${JSON.stringify(trace_map, null, 1)}\n`);
      });
      return { subject, language, format, sha256, file };
    }),
  );
}

const describeTasks = ({ tasks }: ExecutionReport): string[] =>
  table(
    ['TASK', 'STATUS', 'ROWS', 'FINDINGS', 'CODES'],
    tasks.map(({ type, status: end, used, findings, codes }) => [
      type,
      status(end),
      `${used.rows}`,
      findings.map((one) => one.subject ?? one.query ?? '').join(' ') || '–',
      codes.join(' ') || '–',
    ]),
  );
