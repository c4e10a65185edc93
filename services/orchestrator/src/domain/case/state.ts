import type { ArtifactRef, CaseTask, CaseView, Digest } from '@orgo/contracts';
import type { CaseOpening } from '../sends.ts';

/** `NEW` is a Case that nobody opened yet; it is never stored. */
export type CasePhase = 'NEW' | CaseView['status'];

/** One entry of a Case's history (CT-09). Appended, never edited (CT-05). */
export type CaseEntry = {
  at: string;
  event_type: string;
  actor: { kind: 'user' | 'service'; id: string };
  reason: string;
};

/** What a person said about a document that was put aside: take it again, or never. */
export type LetterMark = { status: 'REQUEUED' | 'DROPPED'; at: string; actor: string; reason: string };

export type CaseState = {
  phase: CasePhase;
  tenant_id: string;
  case_id: string;
  build_id: string | null;
  mandate_ref: Digest | null;
  type: CaseOpening['type'];
  severity: CaseOpening['severity'];
  title: string;
  reason_codes: string[];
  refs: ArtifactRef[];
  created_at: string;
  updated_at: string;
  audit: CaseEntry[];
  /** What it is about, where that is no build. */
  subject?: CaseView['subject'];
  /** Steps of its remedy, in order. */
  tasks?: CaseTask[];
  /** Of a Case about dead letters: marks by document digest. Absent while there is none. */
  marks?: Readonly<Record<Digest, LetterMark>>;
};

export const initialCase = (key: { tenant_id: string; id: string }): CaseState => ({
  phase: 'NEW',
  tenant_id: key.tenant_id,
  case_id: key.id,
  build_id: null,
  mandate_ref: null,
  type: 'build-failed',
  severity: 'MINOR',
  title: '',
  reason_codes: [],
  refs: [],
  created_at: '',
  updated_at: '',
  audit: [],
});
