import path from 'node:path';
import type { BuildRecord, ReleaseStatus } from '@orgo/contracts';
import { type NodeState, queryActive, readNode } from '@orgo/konnaxion-node';
import type { PackPage } from '@orgo/kristal';
import { auditOf, type BuildResult } from './build-result.ts';
import { CliError } from './cli-error.ts';
import type { Client } from './client.ts';
import { actor } from './commands/build-actions.ts';
import { failUnlessCompleted, startBuild, waitForBuild } from './commands/build-start.ts';
import { writeCorpus } from './corpus-write.ts';
import { homeDir } from './home.ts';
import { nodeFolder } from './node-folders.ts';
import { joinNode } from './node-join.ts';
import type { Output } from './output.ts';
import { followRelease } from './release-view.ts';

export type DemoResult = BuildResult & {
  release: { release_id: string; status: string; channel: string };
  nodes: { instance_id: string; active_pack_id: string | null }[];
  record: { record_ref: string | null; record_hash: string; decisions: number };
  timings_ms: Record<string, number>;
};

/** What the demo asks the node at the end, and what it says. */
export type DemoAnswer = { question: string; page: PackPage };

/**
 * The main job on real input, through the same API as everybody: build atlas and reader together, release the pack, let one node
 * activate it, ask the node. @throws CliError where any step does not end as it should
 */
export async function runDemo(client: Client, out: Output): Promise<{ result: DemoResult; answers: DemoAnswer[] }> {
  const timings: Record<string, number> = {};
  const timed = async <T>(name: string, run: () => Promise<T>): Promise<T> => {
    const from = performance.now();
    const value = await run();
    timings[name] = Math.round(performance.now() - from);
    return value;
  };
  const corpora = path.join(homeDir(), 'corpora');
  const folders = [
    writeCorpus('atlas', path.join(corpora, 'atlas')),
    writeCorpus('reader', path.join(corpora, 'reader')),
  ];

  out.say('a Konnaxion node joins channel stable');
  await timed('join', () => joinNode(client, 'edge-1', 'stable'));

  out.say('building atlas (countries of the world) and reader (short documents) together');
  const started = await timed('upload', () =>
    startBuild(client, folders, { pipeline: 'kristal', profile: 'grounded', reason: 'demo' }),
  );
  const ended = await timed('build', () => waitForBuild(client, started, out));
  failUnlessCompleted(ended);

  out.say('releasing the pack to channel stable');
  const release = await timed('release', async () => {
    const created = await client.call<ReleaseStatus>('createRelease', {
      body: { build_id: ended.build_id, channel: 'stable', actor: actor(), reason: 'demo' },
    });
    return followRelease(client, created.release_id, out.say, { timeoutMs: 60_000 });
  });
  if (release.status !== 'RELEASED')
    throw new CliError(
      release.reason_codes[0] ?? 'ACTIVATION_NOT_CONFIRMED',
      `${release.release_id} is ${release.status}`,
    );

  const folder = nodeFolder(client.tenant, 'edge-1');
  const { state } = await readNode(folder);
  const answers = await timed('query', () => ask(folder));
  const record = await client.call<BuildRecord>('getRecord', { params: { build: ended.build_id } });
  const audit = await timed('verify_log', () => auditOf(client, ended));
  return {
    answers,
    result: {
      ...ended,
      audit,
      release: { release_id: release.release_id, status: release.status, channel: release.channel },
      nodes: [{ instance_id: 'edge-1', active_pack_id: activeOf(state) }],
      record: { record_ref: ended.record_ref, record_hash: record.record_hash, decisions: record.decisions.length },
      timings_ms: timings,
    },
  };
}

const activeOf = (state: NodeState): string | null => state.active?.pack_id ?? null;

/** Asks the node's active pack, which it verifies first, as any consumer would. */
async function ask(folder: string): Promise<DemoAnswer[]> {
  const questions = [
    { question: 'What is the capital of France (Q142)?', query: { s: 'Q142', p: 'P36', limit: 3 } },
    { question: 'What borders Bhutan (Q917)?', query: { s: 'Q917', p: 'P47', limit: 5 } },
    { question: 'What do the documents say about Ada Lovelace (Q7259)?', query: { s: 'Q7259', limit: 8 } },
  ];
  const answers: DemoAnswer[] = [];
  for (const { question, query } of questions) {
    const page = await queryActive(folder, query);
    if (!page.ok) throw new CliError(page.code, page.detail);
    answers.push({ question, page: page.value });
  }
  return answers;
}
