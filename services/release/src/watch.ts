import { type ReleaseStatus, terminalReleasePhases } from '@orgo/contracts';
import { canonical } from '@orgo/core';
import { Refused } from '@orgo/runtime/errors';
import type { ServerEvent } from '@orgo/runtime/http';
import type { Key } from '@orgo/store/machine';
import type { Reads } from './reads.ts';
import type { Waits } from './waits.ts';

export type WatchDeps = { reads: Reads; waits: Waits };

/** How long a look waits for a change before it looks again for whether anybody still listens. */
const patienceMs = 10_000;

const isOver = ({ status }: ReleaseStatus): boolean => status === 'RELEASED' || terminalReleasePhases.includes(status);

/** What a watcher sees: everything but the clock. */
const shown = ({ next_look_at: _, ...status }: ReleaseStatus): string => canonical(status);

async function* changes(
  deps: WatchDeps,
  key: Key,
  first: ReleaseStatus,
  signal: AbortSignal,
): AsyncGenerator<ServerEvent> {
  let status: ReleaseStatus | null = first;
  let last = '';
  for (let id = 1; !signal.aborted; ) {
    if (status !== null) {
      last = shown(status);
      yield { id: `${id++}`, event: 'status', data: status } as ServerEvent;
      if (isOver(status)) return;
    }
    const look = async (): Promise<ReleaseStatus | null> => {
      const found = await deps.reads.status(key.tenant_id, key.id);
      return found === null || shown(found) === last ? null : found;
    };
    status = await deps.waits.until(key, look, patienceMs);
  }
}

/**
 * A release as it moves, and the counts of its steps, until it has ended: its own commits here are seen at once, the ledger and other processes a moment
 * later. States in between may be left out.
 * @throws Refused RELEASE_NOT_FOUND
 */
export async function watchRelease(
  deps: WatchDeps,
  key: Key,
  signal: AbortSignal,
): Promise<AsyncIterable<ServerEvent>> {
  const first = await deps.reads.status(key.tenant_id, key.id);
  if (first === null) throw new Refused('RELEASE_NOT_FOUND', 'no such release is visible');
  return changes(deps, key, first, signal);
}
