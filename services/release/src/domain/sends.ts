import type {
  Digest,
  GateClaim,
  Measurement,
  OpenCohort,
  ReasonCode,
  ReleasePhase,
  SealedDecision,
} from '@orgo/contracts';
import type { JsonValue } from '@orgo/core';
import type { StoredFile, Trigger } from './state.ts';

/** Work that the service does for itself after the commit, at least once. */
export type Job = 'verify' | 'channel' | 'rollback';

/** What a release asks of its channel. `wanted` names it in the release's row. */
export type ChannelWish =
  | {
      op: 'offer';
      wanted: string;
      pack_id: string;
      kristal_id: Digest;
      manifest: Digest;
      manifest_size: number;
      authorization?: StoredFile | null;
      prefetch: boolean;
    }
  | { op: 'open'; wanted: string; cohorts: OpenCohort[] }
  | { op: 'switch'; wanted: string }
  | { op: 'withdraw'; wanted: string; reason_code: ReasonCode | null }
  | { op: 'confirmed'; wanted: string }
  | { op: 'pin'; wanted: string; pack_id: string; actor: string; reason: string };

/** What a release asks to be brought back for, and on whose word. */
export type RollbackWish = {
  trigger: Trigger;
  mode: 'pinned' | 'last_known_good';
  pack_id: string | null;
  actor: string;
  reason: string;
  codes: string[];
  finding: Measurement | null;
};

/** A public event: what a release came to. `n` makes its id unique within the release. */
export type PublicChange = {
  n: number;
  phase: ReleasePhase;
  build_id: string;
  channel: string;
  release_seq: number | null;
  pack_id: string | null;
  kristal_id: string | null;
  step: number | null;
  reason_codes: string[];
};

/** What a release says. The shell signs claims and puts everything into the outbox of the same transaction. */
export type Send =
  | { send: 'job'; job: 'verify' }
  | { send: 'job'; job: 'channel'; wish: ChannelWish; n: number }
  | { send: 'job'; job: 'rollback'; wish: RollbackWish; n: number }
  | { send: 'claim'; claim: GateClaim; evidence: SealedDecision[] }
  | { send: 'event'; change: PublicChange };

export type Alarm =
  | { id: string; due_in_ms: number; kind: 'look'; data: { [key: string]: JsonValue } }
  | { cancel: string };

/** Alarms of a release: `now` asks for a look, also from the ledger; `time` is when time alone may change something. */
export const nowAlarm = 'now';
export const timeAlarm = 'time';
