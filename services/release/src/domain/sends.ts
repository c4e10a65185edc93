import type { GateClaim, ReleasePhase, SealedDecision } from '@orgo/contracts';
import type { JsonValue } from '@orgo/core';

/** Work that the service does for itself after the commit, at least once: read the evidence, or publish to the channel. */
export type Job = 'verify' | 'publish';

/** A public event: what a release came to. `n` makes its id unique within the release. */
export type PublicChange = {
  n: number;
  phase: ReleasePhase;
  build_id: string;
  channel: string;
  release_seq: number | null;
  pack_id: string | null;
  kristal_id: string | null;
  reason_codes: string[];
};

/** What a release says. The shell signs claims and puts everything into the outbox of the same transaction. */
export type Send =
  | { send: 'job'; job: Job }
  | { send: 'claim'; claim: GateClaim; evidence: SealedDecision[] }
  | { send: 'event'; change: PublicChange };

export type Alarm =
  | { id: string; due_in_ms: number; kind: 'activation'; data: { [key: string]: JsonValue } }
  | { cancel: string };

/** The one alarm a release has: how long its nodes may take. */
export const activationAlarm = 'activation';
