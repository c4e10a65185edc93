import type { Digest, Measurement } from '@orgo/contracts';
import type { Counts } from './rollout/counts.ts';
import type { Member, Step } from './rollout/freeze.ts';
import type { Tally } from './rollout/measure.ts';
import type { Act, Asked, Eligible, Outcome, Seen, StoredFile, Trigger } from './state.ts';

/** A sealed decision that an event follows from. */
export type Sealed = { decision_digest: Digest; log_index: number };

/** Events that move a release from phase to phase; `table.ts` says where each may happen. `at` is the database clock. */
export type PhaseEvent =
  | { type: 'ReleaseCreated'; at: string; asked: Asked }
  | { type: 'VerifyRequested'; at: string; eligible: Eligible; steps: Step[]; members: Member[] }
  | ({ type: 'ReleaseVerified'; at: string; authorization?: StoredFile | null } & Sealed)
  | { type: 'ReleasePublished'; at: string; release_seq: number; pack_seq: number }
  | { type: 'ReleasePaused'; at: string; codes: string[]; finding: Measurement | null; act: Act | null }
  | { type: 'ReleaseResumed'; at: string; act: Act }
  /** No further cohort is opened. Out of this a release comes by its end alone. */
  | {
      type: 'ReleaseStopped';
      at: string;
      to: Outcome;
      trigger: Trigger;
      codes: string[];
      finding: Measurement | null;
      act: Act;
    }
  | { type: 'ReleaseCompleted'; at: string; sealed: Sealed }
  | { type: 'ReleaseRolledBack'; at: string; sealed: Sealed | null; act: Act | null }
  | { type: 'ReleaseFailed'; at: string; codes: string[]; sealed: Sealed | null }
  | { type: 'ReleaseCanceled'; at: string; act: Act; sealed: Sealed | null };

/** What happens to a step. */
export type StepEvent = { at: string; step: number } & (
  | { type: 'StepWaits'; until: string | null; why: string }
  | { type: 'StepAsked'; ask: number }
  | ({ type: 'StepAuthorized' } & Sealed)
  | { type: 'StepOpened'; deadline_at: string; offline_at: string; index_seq: number }
  | { type: 'StepConfirmed'; counts: Counts; soak_until: string }
  | { type: 'StepFellBack'; counts: Counts; deadline_at: string }
  | { type: 'StepSoaked' }
  | { type: 'StepMeasured'; measurements: Measurement[]; tally: Tally; measure_at: string }
  | { type: 'StepPassed' }
  | { type: 'StepPromoted'; act: Act; full: boolean }
  | { type: 'StepDone' }
  | { type: 'StepFailed'; codes: string[]; finding: Measurement | null }
  | { type: 'StepInconclusive'; code: string; finding: Measurement }
  | { type: 'StepResumed'; deadline_at: string | null }
  | { type: 'TargetsLeftOut'; silent: number }
  | { type: 'TargetsTimedOut' }
);

/** What changes neither phase nor step. */
export type NoteEvent =
  | { type: 'ChannelAsked'; at: string; wanted: string }
  | { type: 'ChannelSeen'; at: string; seen: Seen }
  | { type: 'ChannelRefused'; at: string; code: string; detail: string }
  | { type: 'OfferWithdrawn'; at: string }
  | { type: 'RollbackAsked'; at: string; deadline_at: string }
  | { type: 'RollbackAnswered'; at: string; done: boolean; code: string | null; to_pack_id: string | null }
  | { type: 'EndingBegun'; at: string }
  | { type: 'CloseAsked'; at: string; status: Outcome }
  | { type: 'RequestAnswered'; at: string; key: string; digest: Digest };

export type ReleaseEvent = PhaseEvent | StepEvent | NoteEvent;
