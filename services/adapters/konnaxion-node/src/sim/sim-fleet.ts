import path from 'node:path';
import type { NodeLabels } from '@orgo/contracts';
import { unflushedDisk } from '../disk.ts';
import { createHints } from '../hints.ts';
import { type Enrollment, enrollment, provisionNode, withEnrollment } from '../join.ts';
import { type KonnaxionNode, startNode } from '../node.ts';
import type { GivenTrust } from '../trust.ts';
import { type NodeLog, type NodeWorld, realWorld } from '../world.ts';
import { sharedFetch } from './shared-fetch.ts';
import { noTrouble, type Trouble, troubledWorld } from './trouble.ts';

/** A fleet that is simulated: its nodes are nodes, in worlds of their own. */
export type SimulatedFleet = {
  readonly nodes: ReadonlyMap<string, { dir: string }>;
  /** Changes what is wrong with a node from now on. */
  trouble(name: string, trouble: Partial<Trouble>): void;
  /** Starts the nodes. */
  start(): Promise<void>;
  stop(): Promise<void>;
};

export type SimulatedFleetOptions = {
  /** Folder of the nodes' folders. */
  root: string;
  api: string;
  tenant: string;
  channel: string;
  trust: GivenTrust;
  names: readonly string[];
  labels?: (name: string) => NodeLabels;
  /** Asks whoever enrolls nodes; answers the number of this one. */
  enroll: (asked: Enrollment) => Promise<number | null>;
  pollMs: number;
  heartbeatMs?: number;
  log?: NodeLog;
};

/** Runs so many at a time. */
async function each<T>(items: readonly T[], atOnce: number, run: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await run(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}

/**
 * Joins nodes of these names, each with a key and a folder of its own, and runs them in this process: the same code as one node on one machine. They share the
 * road (`sharedFetch`), one look at the channel's timestamp (`createHints`) and a disk that is not flushed; each keeps its own copy of every pack, and reads
 * and hashes every byte of it.
 * @throws NodeError as `provisionNode` does
 */
export async function joinSimulatedFleet(options: SimulatedFleetOptions): Promise<SimulatedFleet> {
  const { root, api, tenant, channel, trust, names, labels, enroll, pollMs, heartbeatMs = 0 } = options;
  const { log = () => undefined } = options;
  const shared = sharedFetch();
  const hints = createHints(pollMs, shared);
  const troubles = new Map<string, Trouble>();
  const nodes = new Map<string, { dir: string }>();
  let running: KonnaxionNode[] = [];
  const ground: NodeWorld = { ...realWorld, fetch: shared, disk: unflushedDisk };

  await each(names, 16, async (name) => {
    const dir = path.join(root, tenant, name);
    const provision = { api, tenant_id: tenant, instance_id: name, channel, labels: labels?.(name) ?? {} };
    await provisionNode(dir, provision, trust, ground);
    await withEnrollment(dir, await enroll(await enrollment(dir)), unflushedDisk);
    nodes.set(name, { dir });
  });

  const worldOf = (name: string): NodeWorld => ({
    ...troubledWorld(ground, () => troubles.get(name) ?? noTrouble),
    rest: hints.rest,
  });
  return {
    nodes,
    trouble(name, trouble) {
      troubles.set(name, { ...(troubles.get(name) ?? noTrouble), ...trouble });
    },
    async start() {
      await each([...nodes], 16, async ([name, { dir }]) => {
        running.push(await startNode(dir, { pollMs, heartbeatMs, log, world: worldOf(name) }));
      });
    },
    async stop() {
      const ending = running;
      running = [];
      await Promise.all(ending.map((node) => node.stop()));
    },
  };
}
