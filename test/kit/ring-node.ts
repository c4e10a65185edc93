import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { NodeMetric, NodeView } from '@orgo/contracts';
import {
  enrollment,
  type GivenTrust,
  type NodeState,
  type NodeWorld,
  openContext,
  provisionNode,
  queryActive,
  readState,
  realWorld,
  step,
  withEnrollment,
} from '@orgo/konnaxion-node';
import { tenant } from '../integration/gatekeeper-instance.ts';
import { type KillPoint, killLine } from '../integration/konnaxion-node-process.ts';
import { runProcess } from './processes.ts';
import type { RollbackRing } from './rollback-ring.ts';

/** A node of this process that looks when it is told to, and whose every pointer is kept. */
export type RingNode = {
  id: string;
  dir: string;
  /** The active pack after every write of the pointer, each as often as it changed. */
  pointers: (string | null)[];
  /** Says these instead of what it measured. */
  says(metrics: NodeMetric[]): void;
  /** Looks, again where the world fails, until its state holds and everything is said. */
  until(holds: (state: NodeState) => boolean): Promise<NodeState>;
  /** Takes one look in a process of its own, which is killed there. What it left answers, and its pointer is kept. @throws Error where it was not killed there */
  dieAt(point: KillPoint): Promise<void>;
  remove(): void;
};

const script = new URL('../integration/konnaxion-node-process.ts', import.meta.url);

/** Does it again until the world lets it. */
async function again<T>(run: () => Promise<T>): Promise<T> {
  for (;;)
    try {
      return await run();
    } catch {
      await pause(50);
    }
}

/** Joins a node to a channel of the ring. */
export async function joinRingNode(
  ring: RollbackRing,
  trust: GivenTrust,
  id: string,
  channel: string,
): Promise<RingNode> {
  const dir = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'orgo-node-'));
  const pointers: (string | null)[] = [];
  let said: NodeMetric[] = [];
  const disk: NodeWorld['disk'] = {
    ...realWorld.disk,
    async replace(file, bytes, mode) {
      await realWorld.disk.replace(file, bytes, mode);
      if (!file.endsWith('state.json')) return;
      const active = (JSON.parse(`${bytes}`) as NodeState).active?.pack_id ?? null;
      if (pointers.length === 0 || pointers.at(-1) !== active) pointers.push(active);
    },
  };
  const world: NodeWorld = { ...realWorld, disk, metrics: () => said };
  const provision = { api: ring.origin, tenant_id: tenant, instance_id: id, channel };
  await again(() => provisionNode(dir, provision, trust, world));
  const { enrollment: number } = await ring.call<NodeView>('POST', '/nodes', await enrollment(dir));
  await withEnrollment(dir, number, disk);
  const look = async () => step(await openContext(dir, { world, log: () => undefined, signal: undefined, keep: 2 }));
  return {
    id,
    dir,
    pointers,
    says(metrics) {
      said = metrics;
    },
    async until(holds) {
      for (;;) {
        const state = await look().catch(() => readState(dir, channel));
        if (holds(state) && state.attempts.every(({ reported }) => reported)) return state;
        await pause(150);
      }
    },
    async dieAt(point) {
      const env = { TEST_NODE_DIR: dir, TEST_KEEP: '2' };
      // What is renewed for other channels is no news: the time that it was signed at is kept all the same.
      const known = async (): Promise<string> => {
        const { index, active, attempts } = await readState(dir, channel);
        return JSON.stringify([index?.index_seq, active, attempts]);
      };
      const before = await known();
      for (;;) {
        const child = runProcess(script, { ...env, TEST_KILL_AT: JSON.stringify(point) });
        const { code, signal } = await child.ended;
        if (signal === 'SIGKILL' && child.lines.includes(killLine(point))) break;
        // There was nothing to do yet: what the channel wants may be decided and not be out.
        if ((await known()) !== before)
          throw new Error(`${id} ended by ${signal ?? code} and not at ${killLine(point)}: ${child.lines.join(', ')}`);
      }
      const active = (await readState(dir, channel)).active?.pack_id ?? null;
      const answer = await queryActive(dir, { limit: 1 });
      if (!answer.ok || answer.value.runtime_pack_id !== active) throw new Error(`${id} does not answer for ${active}`);
      if (pointers.at(-1) !== active) pointers.push(active);
    },
    remove: () => fs.rmSync(dir, { recursive: true, force: true }),
  };
}
