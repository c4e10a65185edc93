import { next } from '@orgo/core';
import type { ChannelEvent, NoteEvent } from './events.ts';
import type { ChannelState, PastOffer } from './state.ts';
import { channelTable } from './table.ts';

/** Answers kept for whoever asks the same again. */
const maxAsked = 64;

const notes: ReadonlySet<string> = new Set<NoteEvent['type']>([
  'OfferConfirmed',
  'ReleaseWaits',
  'RollbackAsked',
  'RollbackPreflighted',
  'RollbackEnded',
  'RollbackValidated',
  'ChangeAsked',
  'ChangeAnswered',
]);

const withOffer = (state: ChannelState, offer: PastOffer): PastOffer[] => [...state.offers, offer];

const marked = (state: ChannelState, release_id: string, mark: Partial<PastOffer>): PastOffer[] =>
  state.offers.map((offer) => (offer.release_id === release_id ? { ...offer, ...mark } : offer));

const past = (offer: ChannelState['current'] & object, at: string): PastOffer => ({
  ...offer,
  at,
  confirmed_at: null,
  withdrawn_at: null,
});

/** Keeps the place in the log of the newest word on this. */
const heard = (
  { order = { freeze: 0, pin: 0 } }: ChannelState,
  what: 'freeze' | 'pin',
  log_index: number,
): NonNullable<ChannelState['order']> => ({ ...order, [what]: Math.max(order[what], log_index) });

const without = (list: readonly string[], gone: string): string[] => list.filter((one) => one !== gone);

/** Folds a decided event; total. Every change of the index takes the next number and the event's time. */
export function evolveChannel(before: ChannelState, event: ChannelEvent): ChannelState {
  const phase = next(channelTable, before.phase, event.type) ?? before.phase;
  const opened_at = before.opened_at === '' ? event.at : before.opened_at;
  const noted = { ...before, phase, opened_at };
  const state = notes.has(event.type) ? noted : { ...noted, index_seq: before.index_seq + 1, changed_at: event.at };
  switch (event.type) {
    case 'ChannelImported': {
      const last = event.offers.at(-1);
      const { at: _, confirmed_at: __, withdrawn_at: ___, ...current } = last ?? ({} as PastOffer);
      return {
        ...state,
        opened_at: event.opened_at,
        index_seq: event.index_seq,
        offers: event.offers,
        release_seq: Math.max(0, ...event.offers.map((offer) => offer.release_seq)),
        pack_seq: Math.max(0, ...event.offers.map((offer) => offer.pack_seq)),
        current: last === undefined ? null : current,
      };
    }
    case 'PackOffered': {
      const { offer, authorization = null, cohorts, prefetch } = event;
      const { release_id } = offer;
      return {
        ...state,
        authorizations: { ...state.authorizations, ...(authorization && { [release_id]: authorization }) },
        release_seq: offer.release_seq,
        pack_seq: Math.max(state.pack_seq, offer.pack_seq),
        candidate: { offer, cohorts, prefetch },
        offers: withOffer(state, past(offer, event.at)),
        waiting: without(state.waiting, offer.release_id),
      };
    }
    case 'CohortsOpened':
      return state.candidate === null
        ? state
        : {
            ...state,
            candidate: { ...state.candidate, cohorts: event.cohorts },
            waiting: without(state.waiting, event.release_id),
          };
    case 'CandidateSwitched':
      return {
        ...state,
        current: state.candidate?.offer ?? state.current,
        candidate: null,
        rollback: null,
        waiting: without(state.waiting, event.release_id),
      };
    case 'CandidateWithdrawn':
      return { ...state, candidate: null, offers: marked(state, event.release_id, { withdrawn_at: event.at }) };
    case 'ChannelFrozen':
      return {
        ...state,
        frozen: { ...event.act, cause: event.cause },
        order: heard(state, 'freeze', event.log_index),
      };
    case 'ChannelUnfrozen':
      return { ...state, frozen: null, order: heard(state, 'freeze', event.log_index) };
    case 'PackPinned': {
      const { act, pack_id, until, log_index } = event;
      return { ...state, pin: { ...act, pack_id, until }, order: heard(state, 'pin', log_index) };
    }
    case 'PackUnpinned':
      return { ...state, pin: null, order: heard(state, 'pin', event.log_index) };
    case 'PackRevoked':
      return { ...state, revoked: [...state.revoked, { ...event.act, pack_id: event.pack_id }] };
    case 'PackQuarantined':
      return { ...state, quarantined: [...state.quarantined, { ...event.act, pack_id: event.pack_id }] };
    case 'FloorRaised':
      return { ...state, floor: { pack_seq: event.pack_seq, set: event.act } };
    case 'ChannelRolledBack': {
      const { offer, rollback, act, cause, release_id, at } = event;
      const open = state.frozen === null ? null : state.rollback;
      const left = open === null ? [] : [...(open.also_left ?? []), open.from_pack_id];
      const also_left = left.filter((pack) => pack !== rollback.to_pack_id);
      const taken = marked(state, release_id, { rolled_back_at: at });
      return {
        ...state,
        release_seq: offer.release_seq,
        current: offer,
        candidate: null,
        rollback: also_left.length === 0 ? rollback : { ...rollback, also_left },
        rolling: null,
        frozen: { ...act, cause },
        order: heard(state, 'freeze', event.log_index),
        offers: [...taken, { ...past(offer, at), confirmed_at: at }],
      };
    }
    case 'RollbackAsked':
      return { ...state, rolling: event.rolling };
    case 'RollbackPreflighted':
      return state.rolling === null ? state : { ...state, rolling: { ...state.rolling, stage: 'ASKED' } };
    case 'RollbackEnded':
      return { ...state, rolling: null };
    case 'RollbackValidated':
      return state.rollback === null ? state : { ...state, rollback: { ...state.rollback, validated_at: event.at } };
    case 'OfferConfirmed':
      return { ...state, offers: marked(state, event.release_id, { confirmed_at: event.at }) };
    case 'ReleaseWaits':
      return { ...state, waiting: [...without(state.waiting, event.release_id), event.release_id].slice(-64) };
    case 'ChangeAsked':
      return { ...state, asked: [...state.asked, event.asked].slice(-maxAsked) };
    case 'ChangeAnswered': {
      const { request_id, status, reason_codes, why = null, decision_digest, log_index } = event;
      return {
        ...state,
        asked: state.asked.map((one) =>
          one.request_id === request_id ? { ...one, status, reason_codes, why, decision_digest, log_index } : one,
        ),
      };
    }
    default:
      return event satisfies never;
  }
}
