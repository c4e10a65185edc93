// What a rollout costs for each node, and how that grows with the fleet: real releases by a real instance, one process per service, to simulated nodes of this
// process, a tenth of which is away. One JSON object on stdout. A node keeps its own copy of each pack, about 0.2 MB for both. A size that would not fit into
// the time that is left, judged by the sizes before it, is left out and named; so is one that fails.
// node test/bench/fleet.ts [nodes,nodes,…] [minutes, 22 unless said]
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ReleaseStatus } from '@orgo/contracts';
import { apiOf, joinFleet } from '../kit/fleet.ts';
import { startInstance } from '../kit/instance.ts';
import { type BuildResult, newTenant, writeCorpora } from '../kit/story.ts';
import { cpuSecondsOf } from './cpu.ts';
import { commandNow, machineNow } from './machine.ts';
import { rounded } from './result.ts';

const sizes = (process.argv[2] ?? '50,500,5000').split(',').map(Number);
const minutes = Number(process.argv[3] ?? 22);
/** How often a node looks: all of them together 500 times a second at most, since more than the machine can serve would measure its queue. */
const pollMsOf = (count: number): number => Math.max(500, count * 2);
const awayOf = (count: number): number => Math.floor(count / 10);
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-fleet-'));
const orgo = await startInstance({ args: ['--processes'] });

const endAt = performance.now() + minutes * 60_000;
const secondsLeft = (): number => (endAt - performance.now()) / 1000;

/** Seconds of wall clock and of processors since it was asked before: of Orgo with its servers, and of the nodes. */
function clock() {
  const roots = () => [orgo.up.pid as number, ...Object.values(orgo.pids()), ...Object.values(orgo.servers().pids)];
  const now = () => {
    const { user, system } = process.cpuUsage();
    return { wall: performance.now() / 1000, orgo: cpuSecondsOf(roots()), nodes: (user + system) / 1e6 };
  };
  let last = now();
  return () => {
    const before = last;
    last = now();
    return { wall: last.wall - before.wall, orgo: last.orgo - before.orgo, nodes: last.nodes - before.nodes };
  };
}

try {
  const { tenant, cli } = await newTenant(orgo, 'fleet');
  const call = apiOf(orgo, tenant);
  const build = async (...corpora: Parameters<typeof writeCorpora>[1][]): Promise<string> => {
    const folder = fs.mkdtempSync(path.join(work, 'in-'));
    const built = await cli('build', 'start', ...writeCorpora(folder, ...corpora), '--wait', '--json');
    if (built.code !== 0) throw new Error(built.stderr);
    return (built.json as BuildResult).build_id;
  };
  const builds = [await build('reader'), await build('reader', 'atlas')] as const;
  const release = async (build_id: string, channel: string, plan: object = {}): Promise<void> => {
    const deadlines = { step_ms: minutes * 60_000 };
    const body = { build_id, channel, actor: 'bench', reason: 'bench', deadlines, ...plan };
    const { release_id } = await call<ReleaseStatus>('POST', '/releases', body);
    while (secondsLeft() > 0) {
      // A question that fails on its way while thousands of nodes ask too is asked again.
      const heard = await call<ReleaseStatus>('GET', `/releases/${release_id}`).catch((error) => {
        if (error instanceof TypeError) return null;
        throw error;
      });
      if (heard?.status === 'RELEASED') return;
      if (heard !== null && ['FAILED', 'ROLLED_BACK', 'CANCELED', 'PAUSED'].includes(heard.status))
        throw new Error(`${release_id} is ${heard.status}: ${heard.reason_codes.join(', ')}`);
      await new Promise((again) => setTimeout(again, 500));
    }
    throw new Error(`${release_id} takes too long`);
  };

  /** A canary of ten, and a fifth, of nodes that are here; then all, without those that are away once the others were heard. */
  const staged = (names: readonly string[], count: number) => {
    const here = names.slice(awayOf(count));
    const [canary, fifth] = [10, count / 5];
    const stage = (name: string, from: number, to: number) => ({
      name,
      cohort: { by: 'ids', ids: here.slice(from, to) },
    });
    const stages = [stage('canary', 0, canary), stage('fifth', canary, canary + fifth)];
    const rest = count - canary - fifth;
    return {
      strategy: { mode: 'staged', stages: [...stages, { name: 'all', cohort: { by: 'all' } }] },
      offline: { deadline_ms: 1_000, quorum_percent: Math.floor((100 * (rest - awayOf(count))) / rest) },
    };
  };

  const measure = async (count: number) => {
    const channel = `fleet-${count}`;
    const lap = clock();
    const fleet = await joinFleet(orgo, { tenant, channel, count, pollMs: pollMsOf(count) });
    const [joined, first, rollout] = await (async () => {
      try {
        const joined = lap();
        await fleet.start();
        await release(builds[0], channel);
        const first = lap();
        for (const name of fleet.names.slice(0, awayOf(count))) fleet.trouble(name, { offline: true });
        lap();
        await release(builds[1], channel, staged(fleet.names, count));
        return [joined, first, lap()] as const;
      } finally {
        await fleet.stop();
      }
    })();
    const each = (seconds: number): number => rounded((seconds * 1000) / count);
    return {
      nodes: count,
      away: awayOf(count),
      join_s: rounded(joined.wall),
      first_release_s: rounded(first.wall),
      rollout_s: rounded(rollout.wall),
      rollout_ms_per_node: each(rollout.wall),
      orgo_cpu_ms_per_node: each(rollout.orgo),
      node_cpu_ms_per_node: each(rollout.nodes),
    };
  };

  const at: Awaited<ReturnType<typeof measure>>[] = [];
  /** Seconds that so many nodes will take, by what the sizes before took for each node more. */
  const secondsFor = (nodes: number): number => {
    const none = { nodes: 0, seconds: 0 };
    const [one = none, other = none] = at
      .slice(-2)
      .map((row) => ({ nodes: row.nodes, seconds: row.join_s + row.first_release_s + row.rollout_s }))
      .reverse();
    const each = (one.seconds - other.seconds) / Math.max(1, one.nodes - other.nodes);
    return one.seconds + Math.max(0, each) * (nodes - one.nodes);
  };
  const left_out: { nodes: number; why: string }[] = [];
  for (const nodes of sizes) {
    const needed = secondsFor(nodes);
    if (needed > secondsLeft()) {
      left_out.push({ nodes, why: `it would take some ${Math.ceil(needed / 60)} minutes` });
      continue;
    }
    try {
      at.push(await measure(nodes));
      process.stderr.write(`${JSON.stringify(at.at(-1))}\n`);
    } catch (error) {
      left_out.push({ nodes, why: `${error} ${error instanceof Error && error.cause ? error.cause : ''}`.trim() });
      process.stderr.write(`${JSON.stringify(left_out.at(-1))}\n`);
    }
  }
  console.log(
    JSON.stringify({ machine: machineNow(), command: commandNow(), at, ...(left_out.length > 0 && { left_out }) }),
  );
} finally {
  await orgo.stop();
  fs.rmSync(work, { recursive: true, force: true });
}
