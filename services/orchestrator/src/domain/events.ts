import type { ArtifactRef, BuildOutcome, Digest, ReasonCode } from '@orgo/contracts';
import type { Admitted, Permission, StageResult } from './state.ts';

/** Events that move a build from phase to phase; `table.ts` says where each may happen. */
export type PhaseEvent =
  | { type: 'BuildCreated'; at: string; admitted: Admitted }
  | { type: 'BuildAdmitted'; decision_digest: Digest; log_index: number }
  | { type: 'BuildPaused'; actor: string; reason: string }
  | { type: 'BuildResumed'; actor: string; reason: string }
  | { type: 'BuildAdmissionAskedAgain'; actor: string; reason: string }
  | { type: 'BuildBlocked'; reason_codes: string[] }
  | {
      type: 'BuildClosing';
      outcome: BuildOutcome;
      reason_codes: string[];
      asked: 'CANCEL' | 'CLOSE';
      actor: string;
      reason: string;
    }
  | ({ type: 'BuildCompleted' } & Ending)
  | ({ type: 'BuildValidationFailed' } & Ending)
  | ({ type: 'BuildFailed' } & Ending)
  | ({ type: 'BuildCancelled' } & Ending);

/** What the sealed record says. */
export type Ending = {
  reason_codes: string[];
  record_ref: Digest;
  kristal_id: Digest | null;
  pack_id: string | null;
  decision_digest: Digest;
  log_index: number;
};

/** Events of the open stage; `stageTable` says which stage phase each may follow. */
export type StageEvent =
  | { type: 'StageAuthorized'; permission: Permission }
  | {
      /** Under the permission that is ready, or again under that of the open stage. */
      type: 'StageCommanded';
      stage: string;
      attempt: number;
      budget_from: number;
      epoch: number;
      command_digest: Digest;
      not_after: string;
    }
  | {
      type: 'StageFenceAsked';
      stage: string;
      fence: number;
      budget_from: number;
      actor: string;
      reason_codes: string[];
    }
  | { type: 'StageFenced'; stage: string; epoch: number; log_index: number }
  | { type: 'StageAttemptFailed'; stage: string; epoch: number; reason_codes: string[]; log_index: number }
  | { type: 'StageRetryDue'; stage: string }
  | { type: 'StageExhausted'; stage: string; reason_codes: string[] }
  | { type: 'StageErrored'; stage: string; reason_codes: string[]; log_index: number; report: ArtifactRef | null }
  | { type: 'StagePassed'; result: StageResult }
  | { type: 'StageFailed'; result: StageResult };

/** What changes no phase: claims on their way, unanswered and refused, acts of persons that were refused, and the comparison of a rerun with its original. */
export type NoteEvent =
  | { type: 'CloseAsked' }
  | { type: 'ClaimAsked'; digest: Digest }
  | { type: 'ClaimRefused'; reason_codes: string[] }
  | { type: 'ClaimAskedAgain' }
  | { type: 'ClaimRepeated'; claim: string; asked: number }
  | { type: 'RerunCompared'; differences: string[] }
  | {
      type: 'ActRefused';
      act: 'cancel' | 'pause' | 'resume';
      request: string;
      actor: string;
      reason: string;
      code: ReasonCode;
    };

export type BuildEvent = PhaseEvent | StageEvent | NoteEvent;
