import type { NodeMetric } from '@orgo/contracts';
import { type Disk, durableDisk } from './disk.ts';

/** Where tests break a node; its points are rows of the table of fault points. */
export type NodePoint = 'node.beforeSwitch' | 'node.switched' | 'node.beforeReport' | 'node.reported';

export type NodeLog = (event: string, fields: Record<string, unknown>) => void;

/** Everything that a node takes from outside its folder and its packs. A simulated node is the same node in another world. */
export type NodeWorld = {
  fetch: typeof fetch;
  /** Milliseconds since 1970 by the node's clock, which proves nothing. */
  now(): number;
  disk: Disk;
  /**
   * How long a download may bring nothing, and how many bytes a second it has to bring on the whole: a slow road is a road, a drip is none. Metadata is small:
   * a file of it that is not whole after `metadataMs` is not coming.
   */
  transfer: { stallMs: number; graceMs: number; bytesPerSecond: number; metadataMs: number };
  at(point: NodePoint): Promise<void> | void;
  /** Told when the files of a pack were written to this folder, before they are read back and verified. */
  written(folder: string): Promise<void> | void;
  /** What the machine around the node measured while this pack served, besides what the node measures itself. */
  metrics(packId: string): NodeMetric[];
  /**
   * Waits while there is nothing to do: until the next look at the channel, `pollMs` from now or when something says that it has news, and no longer than
   * `longestMs`.
   */
  rest(dir: string, pollMs: number, longestMs: number, signal: AbortSignal): Promise<void>;
};

/** Waits, and no longer than until the signal. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });

/** The world of a node that is one. */
export const realWorld: NodeWorld = {
  fetch: (input, init) => fetch(input, init),
  now: () => Date.now(),
  disk: durableDisk,
  transfer: { stallMs: 30_000, graceMs: 30_000, bytesPerSecond: 1024, metadataMs: 10_000 },
  at: () => undefined,
  written: () => undefined,
  metrics: () => [],
  rest: (_dir, pollMs, longestMs, signal) => pause(Math.min(pollMs, longestMs), signal),
};
