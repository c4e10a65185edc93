import { createHash, randomInt } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { channelUrl } from './channel.ts';
import { placesIn, readConfig } from './folder.ts';
import { type NodeWorld, pause } from './world.ts';

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What the timestamp that a node trusts hashes to; null before it trusts one. */
const trustedTimestamp = (tuf: string): Promise<string | null> =>
  fs.readFile(path.join(tuf, 'metadata', 'timestamp.json')).then(digestOf, () => null);

type Waiter = { known: string | null; wake: () => void };

/**
 * Looks at the timestamps of channels for all nodes of a process, so that they need not ask each: who trusts another timestamp than the one there is
 * wakes. A hint decides nothing: the node looks for itself then, and looks without a hint after its longest wait.
 */
export type Hints = {
  /** Resolves when the timestamp that a node trusts is not the one there is, and after so many turns, or `longestMs`, in any case. */
  rest: NodeWorld['rest'];
};

/** How many turns a node waits at most before it looks without a hint. */
const quietTurns = 60;

export function createHints(pollMs: number, fetchFrom: typeof fetch): Hints {
  const roads = new Map<string, Set<Waiter>>();

  const watch = async (url: string, waiters: Set<Waiter>): Promise<void> => {
    while (waiters.size > 0) {
      await pause(pollMs, new AbortController().signal);
      const now = await fetchFrom(url, { signal: AbortSignal.timeout(10_000) })
        .then(async (answer) => (answer.ok ? digestOf(new Uint8Array(await answer.arrayBuffer())) : null))
        .catch(() => null);
      for (const waiter of [...waiters]) if (now !== null && waiter.known !== now) waiter.wake();
    }
    roads.delete(url);
  };

  return {
    async rest(dir, turnMs, longestMs, signal) {
      const config = await readConfig(dir);
      const url = `${channelUrl(config)}/metadata/timestamp.json`;
      const known = await trustedTimestamp(placesIn(dir).tuf);
      const woken = new AbortController();
      const waiter: Waiter = { known, wake: () => woken.abort() };
      const waiters = roads.get(url) ?? new Set<Waiter>();
      waiters.add(waiter);
      if (!roads.has(url)) {
        roads.set(url, waiters);
        void watch(url, waiters);
      }
      // Nodes that look without a hint do not look together.
      const quiet = turnMs * (quietTurns / 2 + randomInt(quietTurns / 2));
      await pause(Math.min(quiet, longestMs), AbortSignal.any([signal, woken.signal]));
      waiters.delete(waiter);
    },
  };
}
