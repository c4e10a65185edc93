import path from 'node:path';
import type { BuildRecord, NodeView } from '@orgo/contracts';
import { queryActive } from '@orgo/konnaxion-node';
import type { PackPage } from '@orgo/kristal';
import { auditOf, type BuildResult } from './build-result.ts';
import { CliError } from './cli-error.ts';
import type { Client } from './client.ts';
import { failUnlessCompleted, waitForBuild } from './commands/build-start.ts';
import { joinSimulated } from './commands/konnaxion-simulate.ts';
import { writeCorpus } from './corpus-write.ts';
import { channel, fleetSize, releaseInStages, releaseWithTrouble, type Trouble } from './demo-fleet.ts';
import { homeDir } from './home.ts';
import { nodeFolder } from './node-folders.ts';
import type { Output } from './output.ts';
import { startBuild } from './start-build.ts';

export type DemoResult = BuildResult & {
  /** The release that every node took. */
  release: { release_id: string; status: string; channel: string };
  nodes: { instance_id: string; active_pack_id: string | null }[];
  record: { record_ref: string | null; record_hash: string; decisions: number };
  timings_ms: Record<string, number>;
} & Pick<Trouble, 'refusal' | 'rollback'>;

/** What the demo asks a node at the end, and what it says. */
export type DemoAnswer = { question: string; page: PackPage };

const options = { pipeline: 'kristal', profile: 'grounded', reason: 'demo' };

/**
 * The main job on real input, through the same API as everybody: build atlas and reader together, release the pack to 25 nodes in stages; then a second
 * pack that one node gets spoilt and that does badly on its first node, until it is brought back; ask a node.
 * @throws CliError where any step does not end as it should
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
  const atlas = writeCorpus('atlas', path.join(corpora, 'atlas'));
  const reader = writeCorpus('reader', path.join(corpora, 'reader'));

  out.say(`${fleetSize} Konnaxion nodes join channel stable, each with a key and a folder of its own`);
  const joining = timed('join', () => joinSimulated(client, fleetSize, channel));
  joining.catch(() => undefined);

  out.say('building atlas (countries of the world) and reader (short documents) together');
  const started = await timed('upload', () => startBuild(client, [atlas, reader], options));
  const ended = await timed('build', () => waitForBuild(client, started, out));
  failUnlessCompleted(ended);

  const names = await joining;

  // The next pack is built while this one goes into service, as it would be.
  const next = buildQuietly(client, reader, out);
  next.catch(() => undefined);
  out.say('releasing the pack to channel stable: one node, then two fifths of them, then all');
  const release = await timed('release', () => releaseInStages(client, ended.build_id, out.say));
  const trouble = await timed('rollback', async () => releaseWithTrouble(client, await next, names[0] ?? '', out.say));

  const asked = names.at(-1) ?? '';
  const answers = await timed('query', () => ask(nodeFolder(client.tenant, asked)));
  const record = await client.call<BuildRecord>('getRecord', { params: { build: ended.build_id } });
  const audit = await timed('verify_log', () => auditOf(client, ended));
  return {
    answers,
    result: {
      ...ended,
      audit,
      release: { release_id: release.release_id, status: release.status, channel: release.channel },
      nodes: await activePacks(client),
      refusal: trouble.refusal,
      rollback: trouble.rollback,
      record: { record_ref: ended.record_ref, record_hash: record.record_hash, decisions: record.decisions.length },
      timings_ms: timings,
    },
  };
}

/** A pack of the documents alone, without a word about it. */
async function buildQuietly(client: Client, folder: string, out: Output): Promise<string> {
  const quiet: Output = { ...out, say: () => undefined };
  const built = await waitForBuild(client, await startBuild(client, [folder], options), quiet);
  failUnlessCompleted(built);
  return built.build_id;
}

/** What each node says that it runs. */
async function activePacks(client: Client): Promise<DemoResult['nodes']> {
  const page = await client.call<{ items: NodeView[] }>('listNodes', { query: { limit: `${fleetSize}` } });
  return page.items.map(({ instance_id, active_pack_id }) => ({ instance_id, active_pack_id }));
}

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
