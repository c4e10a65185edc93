import fs from 'node:fs/promises';
import path from 'node:path';
import { nodeMetricSchema } from '@orgo/contracts';
import { z } from 'zod';
import { type NodeWorld, pause } from '../world.ts';

/** What is wrong with a simulated node. */
export const troubleSchema = z.strictObject({
  /** Nothing comes through. */
  offline: z.boolean().default(false),
  /** Every request takes so much longer, in milliseconds. */
  slow_ms: z.int().min(0).default(0),
  /** One byte of the first file of every pack is not what was sent, or not what was written. */
  corrupt: z.enum(['download', 'disk']).nullable().default(null),
  /** How far its clock is ahead of ours, in milliseconds. */
  clock_ms: z.int().default(0),
  /** What its machine measures while it runs a pack: of every pack, or of one. */
  metrics: z
    .array(z.strictObject({ pack_id: z.string().nullable(), metric: nodeMetricSchema }))
    .max(16)
    .default([]),
});
export type Trouble = z.infer<typeof troubleSchema>;

export const noTrouble: Trouble = troubleSchema.parse({});

/** Name of the file in a simulated node's folder that says what is wrong with it. */
export const troubleFile = 'trouble.json';

/** What a node's folder says is wrong with it; nothing where it says nothing. */
export async function readTrouble(dir: string): Promise<Trouble> {
  try {
    return troubleSchema.parse(JSON.parse(await fs.readFile(path.join(dir, troubleFile), 'utf8')));
  } catch {
    return noTrouble;
  }
}

const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte, at) => (at === bytes.length >> 1 ? byte ^ 1 : byte));

/** Flips one bit of the first file that a folder holds, in place. */
async function flipOnDisk(folder: string): Promise<void> {
  const entries = await fs.readdir(folder, { withFileTypes: true, recursive: true });
  const [first] = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.parquet'));
  if (first === undefined) return;
  const file = path.join(first.parentPath, first.name);
  await fs.writeFile(file, flip(new Uint8Array(await fs.readFile(file))));
}

/** The world of a node with which something may be wrong, as it is at each moment. Only the world differs: the node is the same. */
export function troubledWorld(base: NodeWorld, trouble: () => Trouble | Promise<Trouble>): NodeWorld {
  let now = noTrouble;
  const look = async (): Promise<Trouble> => {
    now = await trouble();
    return now;
  };
  return {
    ...base,
    now: () => base.now() + now.clock_ms,
    async fetch(input, init) {
      const { offline, slow_ms, corrupt } = await look();
      if (offline) throw new TypeError('this node is offline');
      if (slow_ms > 0) await pause(slow_ms, init?.signal ?? new AbortController().signal);
      const answer = await base.fetch(input, init);
      if (corrupt !== 'download' || !`${input}`.includes('/packs/') || !answer.ok) return answer;
      return new Response(new Uint8Array(flip(new Uint8Array(await answer.arrayBuffer()))));
    },
    async written(folder) {
      if ((await look()).corrupt === 'disk') await flipOnDisk(folder);
      return base.written(folder);
    },
    metrics: (packId) => [
      ...base.metrics(packId),
      ...now.metrics.filter(({ pack_id }) => pack_id === null || pack_id === packId).map(({ metric }) => metric),
    ],
  };
}
