import type { NodeMetric, Offer, ReasonCode } from '@orgo/contracts';
import { withSeen } from './index-rules.ts';
import {
  type Attempt,
  type Health,
  lastAttempt,
  limits,
  type NodeState,
  placeOf,
  type Served,
  samePlace,
} from './state.ts';

/** What an attempt was about, by the node's clock, and what the node had measured by then. */
export type Occasion = { offer: Offer; at: string; health: Health; metrics: NodeMetric[] };

const offerOf = ({
  release_id,
  release_seq,
  pack_seq,
  pack_id,
  kristal_id,
  manifest,
  manifest_size,
}: Offer): Offer => ({
  release_id,
  release_seq,
  pack_seq,
  pack_id,
  kristal_id,
  manifest,
  manifest_size,
});

/** Forgets heartbeats first and attempts that are on record next; what was not said is never forgotten: see `isFull`. */
function kept(attempts: readonly Attempt[]): Attempt[] {
  const over = attempts.length - limits.attempts;
  if (over <= 0) return [...attempts];
  const gone = new Set<Attempt>();
  const take = (of: (attempt: Attempt) => boolean): void => {
    for (const attempt of attempts) if (gone.size < over && of(attempt)) gone.add(attempt);
  };
  take(({ type, reported }) => type === 'HEARTBEAT' && reported);
  take(({ reported }) => reported);
  take(({ type }) => type === 'HEARTBEAT');
  return attempts.filter((attempt) => !gone.has(attempt));
}

/** True where so much is still unsaid that nothing new may happen: an attempt would go by without a word (KS-01). */
export const isFull = (state: NodeState): boolean =>
  state.attempts.filter(({ reported, type }) => !reported && type !== 'HEARTBEAT').length > limits.attempts - 4;

/** The state with one attempt more to report, as things stand in it now. */
export function withAttempt(
  state: NodeState,
  { offer, at, health, metrics }: Occasion,
  what: Pick<Attempt, 'type' | 'status' | 'reason_code'>,
): NodeState {
  const attempt: Attempt = {
    number: (lastAttempt(state)?.number ?? 0) + 1,
    index_seq: state.index?.index_seq ?? 0,
    offer: offerOf(offer),
    ...what,
    active_pack_id: state.active?.pack_id ?? null,
    last_known_good: state.last_known_good?.pack_id ?? null,
    highest_activated_seq: state.floors.highest_activated_seq,
    highest_seen_seq: state.floors.highest_seen_seq,
    health,
    metrics,
    at,
    reported: false,
  };
  return { ...state, attempts: kept([...state.attempts, attempt]) };
}

/** Whether taking the offer is going back from what serves. */
export const isRollback = (state: NodeState, offer: Offer): boolean =>
  state.active !== null && offer.pack_seq < state.active.pack_seq;

/** The state that says a rollback begins; the same state where that was said, or it is none. */
export function withRollbackBegun(state: NodeState, occasion: Occasion): NodeState {
  const said = state.attempts.some(
    ({ type, status, offer }) => type === 'ROLLBACK' && status === 'IN_PROGRESS' && samePlace(offer, occasion.offer),
  );
  if (said || !isRollback(state, occasion.offer)) return state;
  return withAttempt(state, occasion, { type: 'ROLLBACK', status: 'IN_PROGRESS', reason_code: null });
}

/** The state after a refused offer: the active pack and its floor stay, the attempt is on record (RO-03, KS-04). */
export function withRefusal(
  state: NodeState,
  occasion: Occasion,
  type: 'ACTIVATE' | 'PREFETCH',
  reason_code: ReasonCode,
): NodeState {
  const { offer } = occasion;
  const refused = samePlace(state.active, offer)
    ? state.refused
    : [...state.refused.filter((other) => !samePlace(other, offer)), { ...placeOf(offer), reason_code }];
  const after = { ...state, metadata_refused: null, refused: refused.slice(-limits.refused) };
  const said = type === 'ACTIVATE' && isRollback(state, offer) ? 'ROLLBACK' : type;
  return withAttempt(after, occasion, { type: said, status: 'FAILED', reason_code });
}

/** The state after a pack was brought and verified ahead of its turn. */
export const withPrefetch = (state: NodeState, occasion: Occasion): NodeState =>
  withAttempt(
    { ...state, prefetched: [...state.prefetched, placeOf(occasion.offer)].slice(-limits.refused) },
    occasion,
    { type: 'PREFETCH', status: 'SUCCEEDED', reason_code: null },
  );

/**
 * The state after an activation, or after the active pack was confirmed: pointer, floors and last known good change in one value. A rollback
 * lowers no floor (RO-27), and what it leaves is no pack to go back to.
 */
export function withActivation(state: NodeState, occasion: Occasion): NodeState {
  const { offer, at } = occasion;
  const { active } = state;
  const back = isRollback(state, offer);
  const moved = active !== null && active.pack_id !== offer.pack_id;
  const others = state.prior.filter(({ pack_id }) => pack_id !== offer.pack_id && pack_id !== active?.pack_id);
  const prior = !moved ? state.prior : back || active === null ? others : [active, ...others];
  const served: Served = { ...offerOf(offer), activated_at: at };
  const after: NodeState = {
    ...state,
    seen: withSeen(state, offer),
    active: samePlace(active, offer) ? active : served,
    prior: prior.slice(0, limits.prior),
    last_known_good: prior[0] ?? null,
    refused: state.refused.filter((refused) => !samePlace(refused, offer)),
    metadata_refused: null,
    floors: {
      ...state.floors,
      highest_activated_seq: Math.max(state.floors.highest_activated_seq, offer.pack_seq),
      highest_seen_seq: Math.max(state.floors.highest_seen_seq, offer.pack_seq),
    },
  };
  return withAttempt(after, occasion, { type: back ? 'ROLLBACK' : 'ACTIVATE', status: 'SUCCEEDED', reason_code: null });
}

/**
 * The state after refused channel metadata. It names no offer that could be trusted, so it is on record against what is active, once; a node
 * that runs nothing has nothing to say it about.
 */
export function withMetadataRefusal(state: NodeState, reason_code: ReasonCode, of: Omit<Occasion, 'offer'>): NodeState {
  if (state.active === null || state.metadata_refused === reason_code) return state;
  const occasion = { ...of, offer: state.active };
  return withAttempt({ ...state, metadata_refused: reason_code }, occasion, {
    type: 'VERIFY',
    status: 'FAILED',
    reason_code,
  });
}

/** True where metadata was refused last: once it is good again the active pack has to be confirmed. */
export const awaitsConfirmation = (state: NodeState): boolean => state.metadata_refused !== null;

/** The state that says that the node lives, and how it is (KS-02); nothing to say before there is a release to speak of. */
export function withHeartbeat(state: NodeState, of: Omit<Occasion, 'offer'>): NodeState {
  const offer = state.active ?? null;
  if (offer === null) return state;
  return withAttempt(state, { ...of, offer }, { type: 'HEARTBEAT', status: 'SUCCEEDED', reason_code: null });
}

/** The state once an attempt is on record with the release service. */
export const withReported = (state: NodeState, number: number): NodeState => ({
  ...state,
  attempts: state.attempts.map((attempt) => (attempt.number === number ? { ...attempt, reported: true } : attempt)),
});
