import type { ReasonCode } from '@orgo/contracts';
import { after } from '@orgo/core';
import { closeClaim } from '../decide/claims.ts';
import type { Ending, Outcome } from '../state.ts';
import { added, noCounts } from './counts.ts';
import { ask } from './opening.ts';
import { go, isDue, type Scene, type Turn, wait } from './turn.ts';

/** Puts the end before the gatekeeper. */
function close({ state, observed, now }: Scene, status: Outcome): Turn {
  const own = observed.counts.filter((_, step) => state.steps[step]?.kind !== 'prefetch');
  const counts = own.reduce(added, noCounts);
  const excluded = observed.counts.map((one) => one.OFFLINE_EXCLUDED);
  return go(
    [{ type: 'CloseAsked', at: now, status }],
    [{ send: 'claim', claim: closeClaim(state, now, status, { counts, excluded }), evidence: [] }],
  );
}

/** Every step is done: the candidate becomes what everyone runs, and the end is sealed. */
export function completing(scene: Scene): Turn {
  if (scene.state.seen?.role !== 'current') return ask(scene, (wanted) => ({ op: 'switch', wanted }), 'switch');
  return close(scene, 'RELEASED');
}

/** Has the channel offer it no longer, and waits until nobody can read that it does; null once it is so. */
function withdrawn(scene: Scene, ending: Ending): Turn | null {
  const { state } = scene;
  const reason_code = (ending.codes[0] ?? null) as ReasonCode | null;
  if (!ending.withdrawn)
    return ask(
      { ...scene, state: { ...state, blocked: null } },
      (wanted) => ({ op: 'withdraw', wanted, reason_code }),
      'withdraw',
    );
  return state.seen?.role === 'candidate' ? wait(`publication to ${state.channel}`) : null;
}

/** Asks for what was activated to be brought back, with what it was stopped for. */
function askBack({ state, now }: Scene, ending: Ending): Turn {
  const { mode, pack_id = null } = state.plan.rollback;
  const { trigger, codes, finding, act } = ending;
  const wish = { trigger: trigger ?? 'operator', mode, pack_id, actor: act.actor, reason: act.reason, codes, finding };
  return go(
    [{ type: 'RollbackAsked', at: now, deadline_at: after(now, state.plan.deadlines.step_ms ?? state.step_ms) }],
    [{ send: 'job', job: 'rollback', wish, n: state.version + 1 }],
  );
}

/**
 * A stopped release: what nodes activated is brought back by a rollback that the gatekeeper allows, which also takes the offer away; where none did, the offer
 * is withdrawn. Then the end is sealed. Without a way back the pack stays where it is, and the release has failed.
 */
export function stopped(scene: Scene, ending: Ending): Turn {
  const { state, observed, now } = scene;
  const { rollback } = ending;
  if (rollback === null) {
    if (observed.activated > 0 || state.seen?.role === 'current') return askBack(scene, ending);
    return withdrawn(scene, ending) ?? close(scene, ending.to);
  }
  if (rollback.status === 'ASKED') return wait('the gatekeeper’s decision about the rollback');
  if (rollback.status === 'REFUSED') return withdrawn(scene, ending) ?? close(scene, 'FAILED');
  if (observed.activated === 0 || isDue(rollback.deadline_at, now)) return close(scene, 'ROLLED_BACK');
  return wait(`${observed.activated} nodes to be back at ${rollback.to_pack_id}`, rollback.deadline_at);
}

/** What comes behind the last cohort, or behind a stop. */
export function ending(scene: Scene, of: Ending): Turn {
  if (of.closing !== null) return wait('the seal of its end');
  return of.to === 'RELEASED' ? completing(scene) : stopped(scene, of);
}
