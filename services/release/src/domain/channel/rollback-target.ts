import type { ReasonCode } from '@orgo/contracts';
import { type ChannelState, isBarred, type PastOffer } from './state.ts';

/** The part of a channel's state that decides a rollback's target. */
export type RollbackHistory = Pick<
  ChannelState,
  'offers' | 'current' | 'candidate' | 'revoked' | 'quarantined' | 'floor' | 'pin'
>;

/** Which release is taken back (null: the one on its way, else the current one), and where to. */
export type RollbackWanted = { mode: 'pinned' | 'last_known_good'; pack_id: string | null; release_id: string | null };

/** What is taken back, and what it goes back to: one offer each, for one history and one wish; or why nothing moves. */
export type RollbackTarget =
  | { ok: true; from: PastOffer; to: PastOffer }
  | { ok: false; code: ReasonCode; detail: string };

const no = (code: ReasonCode, detail: string): Extract<RollbackTarget, { ok: false }> => ({ ok: false, code, detail });

/** Offers in the channel's own order, whatever order they are given in. */
const inOrder = (offers: readonly PastOffer[]): PastOffer[] =>
  [...offers].sort((a, b) => a.release_seq - b.release_seq);

/** The newest offer of a release: one that was rolled back to has several. */
const offerOf = (offers: readonly PastOffer[], release_id: string | undefined): PastOffer | undefined =>
  offers.findLast((offer) => offer.release_id === release_id);

/** Whether the channel went back from this pack after it was offered here, under whichever release: it is none to come back to. */
const wasLeft = (offers: readonly PastOffer[], { pack_id, release_seq }: PastOffer): boolean =>
  offers.some((other) => other.pack_id === pack_id && other.release_seq >= release_seq && other.rolled_back_at);

/** Why a pack is none to go back to; null for one that is. */
function unfit(history: RollbackHistory, { pack_id, pack_seq }: PastOffer): ReturnType<typeof no> | null {
  if (isBarred(history, pack_id)) return no('PACK_REVOKED', `${pack_id} is revoked or put aside`);
  if (pack_seq < history.floor.pack_seq)
    return no('BELOW_SECURITY_FLOOR', `pack_seq ${pack_seq} is below the floor ${history.floor.pack_seq}`);
  return null;
}

/**
 * Where a rollback goes: a function of the channel's stored history and of what is asked, so that the same asked twice gets the same (KS-05, RO-09).
 * `pinned` goes to the pack that is named, or that the channel is pinned to; `last_known_good` to the newest pack that nodes held before, and that
 * may still run. Refuses with `ROLLBACK_TARGET_MISSING`, `ROLLBACK_TARGET_UNAUTHORIZED`, `PACK_REVOKED`, `BELOW_SECURITY_FLOOR` or
 * `ROLLBACK_NEEDLESS`; nothing moves then.
 */
export function rollbackTarget(history: RollbackHistory, wanted: RollbackWanted): RollbackTarget {
  const { current, candidate } = history;
  const running = [candidate?.offer.release_id, current?.release_id];
  const release_id = wanted.release_id ?? running.find((id) => id !== undefined);
  const offers = inOrder(history.offers);
  const from = offerOf(offers, release_id);
  // Nodes may have taken an offer before it was withdrawn, and go back from it by leave alone.
  const wasTaken = from?.withdrawn_at != null && candidate === null && from.release_seq > (current?.release_seq ?? 0);
  if (from === undefined || !(running.includes(from.release_id) || wasTaken))
    return no('ROLLBACK_NEEDLESS', `${release_id ?? 'nothing'} is neither current nor on its way`);
  const target = targetFrom(history, wanted, from);
  return target.ok ? { ok: true, from, to: target.to } : target;
}

/** A place in the channel's order: that of an offer, or of one that is not made yet. */
type From = Pick<PastOffer, 'pack_id' | 'pack_seq' | 'release_seq'>;
type To = { ok: true; to: PastOffer } | Extract<RollbackTarget, { ok: false }>;

function targetFrom(history: RollbackHistory, wanted: Pick<RollbackWanted, 'mode' | 'pack_id'>, from: From): To {
  const offers = inOrder(history.offers);
  const before = offers.filter(
    (offer) =>
      offer.confirmed_at !== null &&
      offer.withdrawn_at === null &&
      !wasLeft(offers, offer) &&
      offer.pack_id !== from.pack_id &&
      offer.pack_seq < from.pack_seq &&
      offer.release_seq < from.release_seq,
  );
  return wanted.mode === 'pinned'
    ? toPinned(history, wanted.pack_id, { from, before })
    : toLastKnownGood(history, before);
}

/** A release of a pack, and the way back that its plan names. */
export type Rollbackable = { release_id: string; pack_id: string; rollback: Pick<RollbackWanted, 'mode' | 'pack_id'> };

/** Whether `rollbackTarget` would find where a release goes back to; of one that is not offered yet, once it is. */
export function hasWayBack(history: RollbackHistory, { release_id, pack_id, rollback }: Rollbackable): boolean {
  const offers = inOrder(history.offers);
  // An offer to come takes the next number, and its pack the one that it has.
  const pack_seq = offers.find((offer) => offer.pack_id === pack_id)?.pack_seq ?? Number.POSITIVE_INFINITY;
  const next = { pack_id, pack_seq, release_seq: Number.POSITIVE_INFINITY };
  return targetFrom(history, rollback, offerOf(offers, release_id) ?? next).ok;
}

/** The channel runs another pack than the release's, and there is no way back from the release: not even to that one (RR-14). */
export const isStranded = (history: RollbackHistory, of: Rollbackable): boolean =>
  history.current !== null && history.current.pack_id !== of.pack_id && !hasWayBack(history, of);

function toPinned(
  history: RollbackHistory,
  named: string | null,
  { from, before }: { from: From; before: PastOffer[] },
): To {
  const pack_id = named ?? history.pin?.pack_id ?? null;
  if (pack_id === null) return no('ROLLBACK_TARGET_MISSING', 'no pack is named, and the channel is pinned to none');
  if (pack_id === from.pack_id) return no('ROLLBACK_NEEDLESS', `${pack_id} is what would be rolled back`);
  const offers = inOrder(history.offers);
  const known = offers.find((offer) => offer.pack_id === pack_id);
  if (known === undefined) return no('ROLLBACK_TARGET_UNAUTHORIZED', `${pack_id} was never released here`);
  const bad = unfit(history, known);
  if (bad !== null) return bad;
  const to = before.findLast((offer) => offer.pack_id === pack_id);
  return to === undefined
    ? no(
        'ROLLBACK_TARGET_UNAUTHORIZED',
        wasLeft(offers, known)
          ? `the channel went back from ${pack_id} before`
          : `${pack_id} is no older pack that nodes confirmed`,
      )
    : { ok: true, to };
}

function toLastKnownGood(history: RollbackHistory, before: PastOffer[]): To {
  const to = before.findLast((offer) => unfit(history, offer) === null);
  if (to !== undefined) return { ok: true, to };
  const why = before.map((offer) => unfit(history, offer)).flatMap((bad) => bad?.code ?? []);
  return no('ROLLBACK_TARGET_MISSING', why.length === 0 ? 'no older pack was confirmed' : [...new Set(why)].join(', '));
}
