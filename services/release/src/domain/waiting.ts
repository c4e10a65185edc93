import { reconcile } from './reconcile.ts';
import type { Observed } from './rollout/counts.ts';
import type { ReleaseState } from './state.ts';

/** What a release waits for, in words for a person, and until when at most; the words are those of the function that moves it. */
export function waitingFor(
  state: ReleaseState,
  observed: Observed,
  now: string,
): { why: string | null; wake_at: string | null } {
  let found = reconcile(state, observed, now);
  // What the ledger will say behind a change of it is not known yet: the numbers at hand are near enough for words.
  for (let looks = 0; found.reread && looks < 4; looks++) found = reconcile(found.state, observed, now);
  const { why, wake_at } = found;
  return { why, wake_at: why === null ? null : wake_at };
}
