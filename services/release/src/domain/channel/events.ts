import type { Digest, Offer, OpenCohort } from '@orgo/contracts';
import type { StoredFile } from '../state.ts';
import type { Act, AskedChange, PastOffer, RollbackInForce, Rolling } from './state.ts';

/** Events that change what the index says: each takes the next `index_seq`. `at` is the database's clock. */
export type IndexEvent =
  /** What was published before channels were kept as such. */
  | { type: 'ChannelImported'; at: string; opened_at: string; index_seq: number; offers: PastOffer[] }
  | {
      type: 'PackOffered';
      at: string;
      offer: Offer;
      authorization?: StoredFile | null;
      cohorts: OpenCohort[];
      prefetch: boolean;
    }
  | { type: 'CohortsOpened'; at: string; release_id: string; cohorts: OpenCohort[] }
  | { type: 'CandidateSwitched'; at: string; release_id: string }
  | { type: 'CandidateWithdrawn'; at: string; release_id: string; reason_code: string | null }
  | { type: 'ChannelFrozen'; at: string; act: Act; cause: 'operator' | 'rollback' | 'emergency'; log_index: number }
  | { type: 'ChannelUnfrozen'; at: string; act: Act; log_index: number }
  | { type: 'PackPinned'; at: string; act: Act; pack_id: string; until: string | null; log_index: number }
  | { type: 'PackUnpinned'; at: string; act: Act; log_index: number }
  | { type: 'PackRevoked'; at: string; act: Act; pack_id: string }
  | { type: 'PackQuarantined'; at: string; act: Act; pack_id: string }
  | { type: 'FloorRaised'; at: string; act: Act; pack_seq: number }
  | {
      type: 'ChannelRolledBack';
      at: string;
      act: Act;
      cause: 'rollback' | 'emergency';
      log_index: number;
      /** The release that was taken back. */
      release_id: string;
      offer: Offer;
      rollback: RollbackInForce;
    };

/** What the channel keeps and does not say. */
export type NoteEvent =
  | { type: 'OfferConfirmed'; at: string; release_id: string }
  | { type: 'ReleaseWaits'; at: string; release_id: string }
  | { type: 'RollbackAsked'; at: string; rolling: Rolling }
  | { type: 'RollbackPreflighted'; at: string; rollback_id: string }
  | { type: 'RollbackEnded'; at: string; rollback_id: string }
  | { type: 'RollbackValidated'; at: string; rollback_id: string }
  | { type: 'ChangeAsked'; at: string; asked: AskedChange }
  | {
      type: 'ChangeAnswered';
      at: string;
      request_id: string;
      status: 'DONE' | 'REFUSED';
      reason_codes: string[];
      why?: string | null;
      decision_digest: Digest | null;
      log_index: number | null;
    };

export type ChannelEvent = IndexEvent | NoteEvent;
