import type {
  ArtifactRef,
  BuildPhase,
  CaseTask,
  CaseView,
  Digest,
  GateClaim,
  Seal,
  SignedItemWire,
  StageCommand,
} from '@orgo/contracts';
import type { JsonValue } from '@orgo/core';

/** What a command rests on, as signed and sealed: written once per stage, read when the command is issued again. */
export type Evidence = { authorization: SignedItemWire; decision: SignedItemWire; seal: Seal };

/** A public event: what a build came to, for upstream systems. `n` makes its id unique within the build. */
export type PublicChange = {
  n: number;
  phase: BuildPhase;
  reason_codes: string[];
  kristal_id: Digest | null;
  pack_id: string | null;
  record_ref: Digest | null;
};

/** Why a person has to look. `about` makes it one Case however often the message is delivered. */
export type CaseOpening = {
  about: string;
  /** The mandate the build runs under. */
  mandate_ref: Digest;
  type:
    | 'build-blocked'
    | 'build-failed'
    | 'validation-failed'
    | 'rerun-diverged'
    | 'dead-letter'
    | 'rollback'
    | 'rollback-refused'
    | 'release-refused'
    | 'node-integrity'
    | 'state-drift';
  severity: 'MINOR' | 'MODERATE' | 'MAJOR' | 'CRITICAL';
  title: string;
  reason_codes: string[];
  refs: ArtifactRef[];
  /** What it is about, where that is no build. */
  subject?: CaseView['subject'];
  /** Steps of its remedy, as they begin. */
  tasks?: { task: string; status: CaseTask['status'] }[];
};

/** What a build says. The shell signs claims and commands, and puts each into the outbox of the same transaction. */
export type Send =
  | { send: 'claim'; claim: GateClaim }
  | { send: 'keep'; stage: string; idem_key: Digest; evidence: Evidence }
  | { send: 'command'; command: StageCommand; again: boolean }
  | { send: 'event'; change: PublicChange }
  | { send: 'case'; opening: CaseOpening };

export type Alarm =
  | { id: string; due_in_ms: number; kind: 'lease' | 'retry' | 'claim'; data: { [key: string]: JsonValue } }
  | { cancel: string };
