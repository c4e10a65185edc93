import type { Look, Timed } from '../inputs.ts';
import { reconcile } from '../reconcile.ts';
import type { ReleaseState } from '../state.ts';
import { lookNow, type Yes, yes } from './outcome.ts';
import { alarmsOf, isOver, noAlarms } from './reconcile-alarms.ts';

/** A look at the ledger and the clock. Numbers that were read for another step are read again. */
export function decideLook(state: ReleaseState, { observed, current, now }: Timed<Look>): Yes {
  if (isOver(state)) return yes({ alarms: noAlarms });
  if (current !== state.current || (state.steps.length > 0 && observed.counts.length !== state.steps.length))
    return yes({ alarms: [lookNow] });
  const { events, sends, state: after, wake_at, reread } = reconcile(state, observed, now);
  // Behind a step the numbers of the next are wanted; behind every other change those that were read still hold.
  const again = reread || after.current !== state.current;
  return yes({
    events,
    sends,
    alarms: [...alarmsOf(after, wake_at, now), ...(again && !isOver(after) ? [lookNow] : [])],
  });
}
