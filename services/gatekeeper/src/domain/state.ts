import type { ArtifactRef, BuildOutcome, Digest, Pipeline } from '@orgo/contracts';
import type { SchemaSet } from './facts.ts';
import type { Trigger } from './trigger.ts';

/**
 * Phases of a build's gate. `CLOSING` means that the record is being folded: nothing more is decided until it is sealed.
 * None is terminal, because what a trusted key signed is put on record even after the build has ended.
 */
export const gatePhases = ['NEW', 'OPEN', 'BLOCKED', 'PASSED', 'STOPPED', 'CLOSING', 'CLOSED'] as const;
export type GatePhase = (typeof gatePhases)[number];

/** What was admitted; `pipeline` is null where no pipeline could be read and the build was rejected. */
export type Admission = {
  decision: Digest;
  pipeline: Pipeline | null;
  pipeline_ref: Digest;
  mandate_ref: Digest;
  as_of: string;
  admitted: ArtifactRef[];
  trigger: Trigger;
  rerun_of: string | null;
  /** The official schemas that the build is judged by beside our own contracts; null for none. */
  schemas: SchemaSet | null;
};

/** A stage under authorization. `opened_by` is the decision that lists the authorization. */
export type Opened = { stage: string; authorization: Digest; inputs: ArtifactRef[]; opened_by: Digest };

/** A reply with a result, kept so that a second one for the same stage key can be compared. */
export type Seen = { reply: Digest; command: Digest; epoch: number; result: Digest };

/** The one final decision of a stage, and the reply it accepted (null where a claim ended the stage). */
export type Accepted = { verdict: 'PASS' | 'FAIL'; decision: Digest; seen: Seen | null; outputs: ArtifactRef[] };

/** A stage of one gate. Replies below `fence` are refused. `exhausted` marks an ERROR that a person may undo. */
export type StageGate = {
  authorization: Digest;
  inputs: ArtifactRef[];
  opened_by: Digest;
  fence: number;
  exhausted: boolean;
  accepted: Accepted | null;
  seen: Seen[];
};

/** Facts that the accepted outputs established and later stages and the record are held against. */
export type Canon = { kristal_id: Digest | null; pack_id: string | null };

/** What the build is being closed with; fixed before the record is folded. */
export type Closing = {
  claim: Digest;
  outcome: BuildOutcome;
  reason_codes: string[];
  trigger: Trigger;
  rerun_of: string | null;
};

/** Everything the gatekeeper knows about one build. */
export type GateState = {
  tenant_id: string;
  build_id: string;
  phase: GatePhase;
  admission: Admission | null;
  stages: Record<string, StageGate>;
  /** Digests of the decisions given, in order: what the record must name. */
  decisions: Digest[];
  /** How many refusals are on record; bounded, so that noise cannot grow the log without end. */
  noted: number;
  cancelled: boolean;
  /** The stage whose adapter contradicted itself; such a build is not releasable. */
  quarantined: { stage: string; adapter: string; decision: Digest | null } | null;
  /** Why the gate stopped. `stage` is null for admission. */
  stopped: { stage: string | null; reason_codes: string[] } | null;
  canon: Canon;
  closing: Closing | null;
  record: { decision: Digest; outcome: BuildOutcome } | null;
};

/** State of a build that the gatekeeper has not heard of. */
export const initialGate = (key: { tenant_id: string; id: string }): GateState => ({
  tenant_id: key.tenant_id,
  build_id: key.id,
  phase: 'NEW',
  admission: null,
  stages: {},
  decisions: [],
  noted: 0,
  cancelled: false,
  quarantined: null,
  stopped: null,
  canon: { kristal_id: null, pack_id: null },
  closing: null,
  record: null,
});
