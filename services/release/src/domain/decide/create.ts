import { epochMs } from '@orgo/core';
import { channelFault } from '../channel/channel-name.ts';
import { type Create, type No, no, type Timed } from '../inputs.ts';
import { freeze } from '../rollout/freeze.ts';
import { analysisFault } from '../rollout/measure.ts';
import { opensAt, windowFault } from '../rollout/window.ts';
import type { ReleaseState } from '../state.ts';
import { nothing, type Yes, yes } from './outcome.ts';
import { deadlineAlarm } from './reconcile-alarms.ts';

/** Plays the plan dry, so that what cannot work is refused now and not in the middle (integrity list, row 16). */
function planFault({ asked, nodes, now }: Timed<Create>): No | null {
  const { plan, release_id, generation } = asked;
  const badAnalysis = analysisFault(plan.analysis.metrics);
  if (badAnalysis !== null) return no('ANALYSIS_INVALID', badAnalysis);
  const frozen = freeze(plan, { release_id, generation }, nodes);
  if (!frozen.ok) return no('COHORT_EMPTY', `${frozen.name} takes no node of ${asked.channel}`);
  const badWindow = windowFault(plan);
  if (badWindow !== null) return no('WINDOW_IMPOSSIBLE', badWindow);
  const from = epochMs(now);
  const until = from + plan.deadlines.release_ms;
  if (opensAt(plan, from, until) === null)
    return no('WINDOW_IMPOSSIBLE', 'no step could be opened before the deadline of the release');
  if (plan.rollback.mode === 'pinned' && plan.rollback.pack_id === undefined)
    return no('REQUEST_INVALID', 'a pinned rollback names its pack_id');
  return null;
}

/** A release begins: the evidence is read next. */
export function decideCreate(state: ReleaseState, input: Timed<Create>): Yes | No {
  const { asked, now } = input;
  if (state.phase !== 'NEW') return nothing;
  const fault = channelFault(asked.channel) ?? planFault(input);
  if (fault !== null) return fault;
  return yes({
    events: [{ type: 'ReleaseCreated', at: now, asked }],
    sends: [{ send: 'job', job: 'verify' }],
    alarms: [deadlineAlarm(asked.plan.deadlines.release_ms)],
  });
}
