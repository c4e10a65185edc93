// `npm run bench`: Orgo and its peers in turn on this machine. Progress goes to stderr, the result to stdout.
import os from 'node:os';
import { idleCommits, idleFloorMs, idleHops, measurePrimitives } from './floor.ts';
import { installPeers } from './install-peers.ts';
import { messagesPerBuild } from './messages.ts';
import { benchOptions } from './options.ts';
import { type PairedLevel, runPairs } from './pairing.ts';
import {
  againstBest,
  type BenchResult,
  benchResultSchema,
  figuresOf,
  type Ratios,
  ratiosOf,
  rounded,
} from './result.ts';
import { runSlice, type Slice } from './slice.ts';
import type { Running } from './system.ts';
import { orgoSystem } from './system-orgo.ts';
import { peerSystems } from './system-peers.ts';
import { printTable } from './table.ts';

const options = benchOptions(process.argv.slice(2));
const say = (line: string): void => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
const load = (): number => rounded(os.loadavg()[0] ?? 0);
const loadBefore = load();
if (options.peers.length > 0) installPeers();

const plain = (slice: Slice): string =>
  `${slice.builds_per_s.toFixed(1)}/s, p50 ${slice.p50_ms.toFixed(1)} ms, ${slice.cpu_ms_per_build.toFixed(2)} ms CPU${slice.contention.contended ? ` (contended: ${(slice.contention.other * 100).toFixed(0)} % others, ${(slice.contention.steal * 100).toFixed(1)} % steal)` : ''}`;

/** Both sides warm up at the highest level: code is compiled, connections are open. */
async function warmUp(system: Running): Promise<number> {
  const inFlight = Math.max(...options.levels);
  return (await runSlice(system, { inFlight, seconds: Math.min(3, options.seconds), partner: null })).builds;
}

say('starting Orgo, one process per service and adapter');
const ours = orgoSystem();
const orgo = await ours.start();
let built = 0;
const ourSlices: Slice[] = [];
const peers: BenchResult['peers'] = {};
const ratios: Record<string, Ratios> = {};
let result: BenchResult;
try {
  built += await warmUp(orgo);
  const before = await measurePrimitives(orgo.instance.servers());

  for (const name of options.peers) {
    const system = (peerSystems[name] as (typeof peerSystems)[string])();
    say(`starting ${name}`);
    const peer = await system.start();
    try {
      let peerBuilt = await warmUp(peer);
      const levels: PairedLevel[] = [];
      for (const inFlight of options.levels) {
        const level = await runPairs(orgo, peer, { ...options, inFlight }, (side, builds) => {
          if (side === 'ours') built += builds;
          else peerBuilt += builds;
        });
        levels.push(level);
        const last = level.pairs.at(-1);
        if (last) say(`${name} at ${inFlight}: ours ${plain(last.ours)} · peer ${plain(last.peer)}`);
        if (level.discarded > 0) say(`${level.discarded} pairs discarded: others used the machine`);
      }
      say(`checking what ${name} records of ${peerBuilt} builds`);
      await peer.verify(peerBuilt);
      ourSlices.push(...levels.flatMap(({ pairs }) => pairs.map((pair) => pair.ours)));
      ratios[name] = ratiosOf(levels);
      peers[name] = {
        settings: system.settings,
        levels: levels.flatMap(({ pairs }) => figuresOf(pairs.map((pair) => pair.peer)) ?? []),
      };
    } finally {
      await peer.stop();
    }
  }
  if (options.peers.length === 0) {
    for (const inFlight of options.levels)
      for (let n = 0; n < options.slices; n++) {
        const slice = await runSlice(orgo, { inFlight, seconds: options.seconds, partner: null });
        built += slice.builds;
        ourSlices.push(slice);
        say(`ours at ${inFlight}: ${plain(slice)}`);
      }
  }

  const inFlight = Math.min(64, Math.max(...options.levels));
  const messages = await messagesPerBuild(orgo, { builds: inFlight * 4, inFlight });
  built += inFlight * 4;
  const after = await measurePrimitives(orgo.instance.servers());
  say(`checking the records and the log of ${built} builds`);
  await orgo.verify(built);

  const levels = options.levels.flatMap(
    (level) => figuresOf(ourSlices.filter(({ in_flight }) => in_flight === level)) ?? [],
  );
  const idle_ms = (idleFloorMs(before) + idleFloorMs(after)) / 2;
  const idle = levels.find(({ in_flight }) => in_flight === 1);
  const twice = (name: keyof typeof before): [number, number] => [rounded(before[name]), rounded(after[name])];
  result = {
    machine: {
      date: new Date().toISOString(),
      cpus: os.cpus().length,
      model: os.cpus()[0]?.model ?? '',
      memory_gib: Math.round(os.totalmem() / 2 ** 30),
      kernel: os.release(),
      node: process.version,
      load_before: loadBefore,
      load_after: load(),
      contended: [...levels, ...Object.values(peers).flatMap((peer) => peer.levels)].some(({ contended }) => contended),
    },
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    ours: {
      settings: ours.settings,
      levels,
      messages_per_build: rounded(messages),
      floor: {
        fdatasync_ms: twice('fdatasync_ms'),
        commit_ms: twice('commit_ms'),
        nats_rtt_ms: twice('nats_rtt_ms'),
        commits: idleCommits,
        hops: idleHops,
        idle_ms: rounded(idle_ms),
        idle_p50_in_floors: idle === undefined ? null : rounded(idle.p50_ms / idle_ms),
      },
    },
    peers,
    ratios: againstBest(ratios),
  };
} finally {
  await orgo.stop();
}
benchResultSchema.parse(result);
if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
else printTable(result);
