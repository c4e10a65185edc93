import type { BuildRecord, Digest, GateClaim, GateDecision } from '@orgo/contracts';
import type { ChannelGate } from '../channel/machine.ts';
import type { ArtifactFact, Finding, MandateFact } from '../facts.ts';

/**
 * The sealed record that a claim brought as evidence: signature, seal and checkpoint were verified, and it is the one that the claim names.
 * `log_index` is where it stands in the log: signatures under it are judged by that place.
 */
export type EvidenceFact = { decision: GateDecision; digest: Digest; key_id: string; log_index?: number };

/** The record that the evidence names, read back and hashed. */
export type RecordFact = { ok: true; record: BuildRecord } | ({ ok: false } & Finding);

/** What the gatekeeper found out before it decides a release: every byte of Exchange and pack was read again. */
export type ReleaseFacts = {
  evidence: EvidenceFact;
  record: RecordFact | null;
  artifacts: ArtifactFact[];
  mandate: MandateFact | null;
  /** What the gatekeeper itself knows of the build; null where it has never heard of it. */
  build: { closed: boolean; quarantined: boolean } | null;
  /** When the tenant's newest trust root expires; past it nothing new is published. */
  root_expires_at: string;
  /** The channel that is asked for; null where it is none. */
  channel: KnownChannel | null;
};

/** A pack's number in its channel, as the decision named it that opened the first step of the pack there. */
export type PackNumber = { pack_id: string; pack_seq: number };

/** A channel as its own gate has it, read in the transaction of the decision, and how a pack stands in it. */
export type KnownChannel = {
  gate: ChannelGate;
  /** The number that the pack is held against the floor by; null where nobody named one yet. */
  pack_seq: number | null;
  /** What was decided about this pack's number, or about this number, in the channel. */
  numbers: PackNumber[];
};

/** Nodes whose last report about this release was confirmed, by the decisions that say so. */
export type ReleaseCloseFacts = { confirmed: { instance_id: string; decision: Digest }[] };

/** What the gatekeeper itself knows when a cohort is to be opened. */
export type StepFacts = {
  /** Nodes whose last report about the release was confirmed, and up to 63 of the decisions that say so. */
  confirmed: number;
  reports: Digest[];
  /** The channel as its own gate has it. */
  channel: KnownChannel | null;
  root_expires_at: string;
};

/** A release claim whose signature was verified for the role `release`. */
export type ReleaseInput = {
  tenant_id: string;
  build_id: string;
  digest: Digest;
  key_id: string;
  root_version: number;
  claim: GateClaim;
  release: ReleaseFacts | null;
  step: StepFacts | null;
  close: ReleaseCloseFacts | null;
  now: string;
};
