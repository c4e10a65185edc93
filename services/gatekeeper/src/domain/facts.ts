import type {
  ArtifactRef,
  BuildRecord,
  Digest,
  GateClaim,
  Pipeline,
  ReasonCode,
  StageCommand,
  StageReply,
} from '@orgo/contracts';
import type { DecisionCode } from './codes.ts';

/** Why a check said no; `path` points into a JSON artifact. */
export type Finding = { code: DecisionCode; detail: string };

/** An artifact that another one refers to: it must be among the inputs or outputs of the stage. */
export type Link = { kind: string; ref: Digest };

/** What reading an artifact told. All of it was recomputed from stored bytes. */
export type ArtifactFact = {
  artifact: ArtifactRef;
  /** `HASH_MISMATCH` or `SIZE_MISMATCH` where the stored bytes are not what is declared. */
  bytes: Finding | null;
  /** Where its kind has a contract and the bytes do not meet it. */
  contract: Finding | null;
  /** Where they meet it and not the official schema of the kind, that the gatekeeper holds. */
  official: Finding | null;
  links: Link[];
  /** Recomputed ids, by name, e.g. `kristal_id`, `pack_id`. */
  ids: Record<string, string>;
  /** Files a manifest lists; each must be an output with that digest and size. */
  files: { ref: Digest; size: number }[] | null;
};

/** Official schemas as an operator brought them: content id of their folder, and the kinds that it has a schema for, sorted. */
export type SchemaSet = { set_id: Digest; kinds: string[] };

/** A policy of a mandate, in the words the gates need. Times are UTC with milliseconds, so that text compares as time. */
export type MandatePolicyFact = {
  policy_id: string;
  version: string;
  enforcement: 'MUST' | 'SHOULD' | 'MAY';
  effective_from: string | null;
  effective_to: string | null;
  rules: { type: string; channels: string[] | null; set_id: string | null }[];
};

/** A mandate after its signature, its form and its id were checked. */
export type MandateFact = { ok: true; bundle_id: string; policies: MandatePolicyFact[] } | ({ ok: false } & Finding);
export type PipelineFact = { ok: true; pipeline: Pipeline } | ({ ok: false } & Finding);

/** What the gatekeeper found out before it decides an admission. */
export type AdmitFacts = {
  artifacts: ArtifactFact[];
  pipeline: PipelineFact;
  mandate: MandateFact | null;
  /** Why it may not follow the release that it names; empty where it names none. */
  after: Finding[];
  /** The official schemas that the gatekeeper holds; null for none. */
  schemas: SchemaSet | null;
  /** Version of the Orgo that admits; the record names it as a tool. */
  orgo: string;
};

/** An artifact that audit could not read when it folded the record, and why. */
export type Unreadable = { ref: Digest; code: ReasonCode };

/** The record that audit folded, read back and hashed, and the statement signed over it. */
export type CloseFacts = {
  record: BuildRecord;
  record_artifact: ArtifactRef;
  /** What the record does without, sorted by reference; sealed with it, so that every later fold does without it too. */
  unreadable: Unreadable[];
  /** Null where the record is not complete: nothing is signed over it. */
  statement_artifact: ArtifactRef | null;
};

/** The gate's judgement of a validation report under the pinned policy. */
export type ValidationFact = { verdict: 'PASS' | 'FAIL'; codes: string[] };

/** What happened to the command a reply carries: verified as the orchestrator's, or why not. */
export type CommandFact = { ok: true; command: StageCommand } | { ok: false; code: ReasonCode };

type Common = {
  tenant_id: string;
  build_id: string;
  digest: Digest;
  key_id: string;
  root_version: number;
};

/** A claim whose signature was verified for the role its kind needs. */
export type ClaimInput = Common & {
  type: 'claim';
  claim: GateClaim;
  admit: AdmitFacts | null;
  close: CloseFacts | null;
};

/** A reply whose signature was verified for the role `adapter.<adapter>`. */
export type ReplyInput = Common & {
  type: 'reply';
  reply: StageReply;
  adapter: string;
  command: CommandFact;
  command_digest: Digest;
  outputs: ArtifactFact[];
  validation: ValidationFact | null;
  /** What the outputs were judged by beside their contracts. */
  schemas: SchemaSet | null;
};

/** A verified CLOSE claim before its record is folded: fixes the outcome and stops all other decisions. */
export type FreezeInput = Common & { type: 'freeze'; claim: GateClaim };

export type GateInput = (ClaimInput | ReplyInput | FreezeInput) & { now: string };
