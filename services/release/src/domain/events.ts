import type { Digest } from '@orgo/contracts';
import type { Asked, Eligible, NodeProgress } from './state.ts';

/** A sealed decision that an event follows from. */
export type Sealed = { decision_digest: Digest; log_index: number };

/** Events that move a release from phase to phase; `table.ts` says where each may happen. `at` is the database clock. */
export type PhaseEvent =
  | { type: 'ReleaseCreated'; at: string; asked: Asked }
  | { type: 'VerifyRequested'; at: string; eligible: Eligible }
  | ({ type: 'ReleaseVerified'; at: string } & Sealed)
  | { type: 'ReleaseFailed'; at: string; reason_codes: string[]; sealed: Sealed | null }
  | { type: 'ReleasePublished'; at: string; release_seq: number; publication: number; nodes: string[] }
  | { type: 'ReleasePaused'; at: string; reason_codes: string[] }
  | { type: 'ReleaseResumed'; at: string }
  | { type: 'ReleaseCompleted'; at: string };

/** What changes no phase: a node's sealed report about this release. */
export type NoteEvent = { type: 'NodeReported'; at: string; node: NodeProgress } & Sealed;

export type ReleaseEvent = PhaseEvent | NoteEvent;
