import type { ReleaseEvent } from './events.ts';
import { evolve } from './evolve.ts';
import { converging } from './rollout/converging.ts';
import type { Observed } from './rollout/counts.ts';
import { ending } from './rollout/ending.ts';
import { failed } from './rollout/failing.ts';
import { ask, dispatching, pending } from './rollout/opening.ts';
import { analyzing, gate, soaking } from './rollout/soaking.ts';
import { earlier, go, isDue, type Scene, type Turn, wait } from './rollout/turn.ts';
import type { Send } from './sends.ts';
import { type Eligible, type ReleaseState, runOf } from './state.ts';

/** More than any walk from one look has. */
const maxSteps = 64;

const inFlight: readonly ReleaseState['phase'][] = ['VERIFIED', 'RELEASING', 'PAUSED'];

/** The release’s own deadline, which runs in every state that is not its end. */
function overdue(scene: Scene): Turn | null {
  const { state, now } = scene;
  if (!isDue(state.deadline_at, now)) return null;
  const codes = ['RELEASE_DEADLINE_OVER'];
  if (state.phase === 'QUEUED' || state.phase === 'VERIFYING')
    return go([{ type: 'ReleaseFailed', at: now, codes, sealed: null }]);
  const detail = `not at its end by ${state.deadline_at}`;
  const turn = failed(scene, { trigger: 'deadline', codes, finding: null, detail });
  const isPause = turn.go && turn.events.some(({ type }) => type === 'ReleasePaused');
  return isPause && state.phase === 'PAUSED' ? null : turn;
}

function offering(scene: Scene): Turn {
  const { eligible, plan, authorization = null } = scene.state;
  const { pack_id, kristal_id, pack_manifest } = eligible as Eligible;
  const prefetch = plan.prefetch || plan.strategy.mode === 'blue_green';
  const manifest = { manifest: pack_manifest.ref, manifest_size: pack_manifest.size };
  const of = { pack_id, kristal_id, ...manifest, authorization, prefetch };
  return ask(scene, (wanted) => ({ op: 'offer', wanted, ...of }), 'offer');
}

/** The step whose turn it is. */
function stepping(scene: Scene): Turn {
  const { state, now } = scene;
  const run = runOf(state);
  switch (run.state) {
    case 'PENDING':
    case 'WAITING_WINDOW':
      return pending(scene);
    case 'DISPATCHING':
      return dispatching(scene);
    case 'CONVERGING':
      return converging(scene);
    case 'SOAKING':
      return soaking(scene);
    case 'ANALYZING':
      return analyzing(scene);
    case 'GATE':
      return gate(scene);
    case 'DONE':
      return go([{ type: 'EndingBegun', at: now }]);
    case 'FAILED':
    case 'INCONCLUSIVE':
      return wait('a person');
    default:
      return run.state satisfies never;
  }
}

const waits: Partial<Record<ReleaseState['phase'], string>> = {
  QUEUED: "the build's sealed record",
  VERIFYING: "the gatekeeper's verification of every byte",
};

/** One step of the walk. */
function turn(scene: Scene): Turn {
  const { state, observed } = scene;
  const { phase } = state;
  const isStopped = state.ending !== null && state.ending.to !== 'RELEASED';
  if (inFlight.includes(phase) && !isStopped && observed.tampered !== null) {
    const { instance_id, code } = observed.tampered;
    return failed(scene, {
      trigger: 'integrity',
      codes: [code],
      finding: null,
      detail: `${instance_id} found ${code}`,
    });
  }
  const late = isStopped || (waits[phase] === undefined && !inFlight.includes(phase)) ? null : overdue(scene);
  if (late !== null) return late;
  if (waits[phase] !== undefined) return wait(waits[phase]);
  if (isStopped && inFlight.includes(phase)) return ending(scene, state.ending as NonNullable<ReleaseState['ending']>);
  switch (phase) {
    case 'VERIFIED':
      return offering(scene);
    case 'RELEASING':
      // Paused before it was offered and resumed, it has no place in its channel yet.
      if (state.ending === null) return state.place === null ? offering(scene) : stepping(scene);
      return ending(scene, state.ending);
    case 'PAUSED':
      return wait(
        `a person to resume or abort it (${state.paused?.codes.join(', ') || state.paused?.act?.reason || 'paused'})`,
      );
    default:
      return wait(null);
  }
}

export type Reconciled = {
  events: ReleaseEvent[];
  sends: Send[];
  state: ReleaseState;
  /** Why it waits, for a person; null when nothing more is to come. */
  why: string | null;
  /** When time alone may change something; null at the end. */
  wake_at: string | null;
  /** The ledger is changed by these events: look again at once. */
  reread: boolean;
};

/**
 * Where a release goes from here, by its row, the ledger’s numbers, the clock and the measurements, and by nothing else. Level-triggered: however often it is
 * run on the same it says the same, and what it says is also the answer to why it waits.
 */
export function reconcile(before: ReleaseState, observed: Observed, now: string): Reconciled {
  let state = before;
  const events: ReleaseEvent[] = [];
  const sends: Send[] = [];
  for (let walked = 0; walked < maxSteps; walked++) {
    const next = turn({ state, observed, now });
    if (!next.go) {
      const { why } = next;
      const deadline =
        why === null || (state.phase === 'PAUSED' && state.ending === null && state.deadline_at <= now)
          ? null
          : state.deadline_at;
      return { events, sends, state, why, wake_at: earlier(next.wake_at ?? null, deadline), reread: false };
    }
    events.push(...next.events);
    sends.push(...(next.sends ?? []));
    state = next.events.reduce(evolve, state);
    if (next.reread) return { events, sends, state, why: 'the ledger', wake_at: now, reread: true };
  }
  return { events, sends, state, why: 'its next look', wake_at: now, reread: true };
}
