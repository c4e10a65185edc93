import type { ArtifactRef, BuildOutcome, BuildPhase, Digest, Pipeline, StartBuild } from '@orgo/contracts';

/** `NEW` is a build that nobody has asked for yet; it is never stored. */
export type Phase = 'NEW' | BuildPhase;

export type Trigger = StartBuild['trigger'];

/** What a finished build gave: what its reruns are compared with. */
export type Yield = { outcome: BuildOutcome; kristal_id: Digest | null; pack_id: string | null; payloads: Digest[] };

/** Everything a build is admitted with. None of it changes later. */
export type Admitted = {
  tenant_id: string;
  build_id: string;
  pipeline: Pipeline;
  pipeline_ref: Digest;
  mandate_ref: Digest;
  /** Request, mandate and pipeline, sorted by kind then ref. */
  inputs: ArtifactRef[];
  trigger: Trigger;
  rerun_of: string | null;
  /** What the original of a rerun gave. */
  original: Yield | null;
  run_key: Digest;
  subject_key: Digest;
  /** The caller's idempotency key and the digest of what it asked, so that asking again gets the same answer. */
  request: { key: string; digest: Digest } | null;
  /** Trace context of the build's root span. */
  traceparent: string | null;
};

/** A stage that has its final decision. */
export type StageResult = {
  stage: string;
  status: 'PASS' | 'FAIL';
  attempt: number;
  idem_key: Digest;
  reason_codes: string[];
  outputs: ArtifactRef[];
  report: ArtifactRef | null;
  decision_digest: Digest;
  log_index: number;
  duration_ms: number;
};

/**
 * The permission to run a stage, as sealed. The signed items themselves are kept beside the state, written once: a
 * command can be issued again without asking anybody.
 */
export type Permission = {
  stage: string;
  inputs: ArtifactRef[];
  authorization_digest: Digest;
  decision_digest: Digest;
  /** Made when the stage is authorized and read from then on, never derived again (ID-09). */
  idem_key: Digest;
};

/** The one stage a build is working on. There is never a second. */
export type OpenStage = Permission & {
  phase: 'COMMANDED' | 'FENCING' | 'WAITING_RETRY' | 'ERROR';
  attempt: number;
  /** The attempt from which the budget counts: a person's resume starts a new budget, never a new numbering. */
  budget_from: number;
  /** Epoch of the newest command, or the fence the next command starts from. */
  epoch: number;
  /** Newest command: its digest, and when its lease ends. */
  command_digest: Digest;
  not_after: string;
  /** The fence that is asked for while FENCING; null when EXHAUSTED was asked instead. */
  fence: number | null;
  /** What the gatekeeper was asked last about it, and in whose name: asked again it is the same claim. */
  claim_digest: Digest | null;
  asked_by: string;
  /** Its retry came due while the build was held. */
  due: boolean;
  reason_codes: string[];
  /** Of the decision that ended it in ERROR. */
  log_index: number | null;
  report: ArtifactRef | null;
};

/**
 * How a build ends, once that is known: first CANCEL where a person asked, then CLOSE. `refused` says why the gatekeeper did not grant
 * the claim; a person's resume asks again, as the next `attempt`.
 */
export type Closing = {
  outcome: BuildOutcome;
  asked: 'CANCEL' | 'CLOSE';
  actor: string;
  reason: string;
  attempt: number;
  claim_digest: Digest | null;
  refused: string[];
};

export type BuildState = Admitted & {
  phase: Phase;
  as_of: string;
  created_at: string;
  stages: StageResult[];
  /** Authorized and not commanded: only while the build is held. */
  ready: Permission | null;
  open: OpenStage | null;
  closing: Closing | null;
  reason_codes: string[];
  record_ref: Digest | null;
  kristal_id: Digest | null;
  pack_id: string | null;
  /** What a rerun gave differently from its original; null while it is not compared. */
  differences: string[] | null;
  /** Phase changes so far: numbers the public events. */
  changes: number;
};

const noDigest: Digest = `sha256:${'0'.repeat(64)}`;

/** A build before its first event. */
export const initial = (key: { tenant_id: string; id: string }): BuildState => ({
  phase: 'NEW',
  tenant_id: key.tenant_id,
  build_id: key.id,
  pipeline: {
    v: 1,
    pipeline_id: 'none',
    version: '0.0.0',
    title: '-',
    admission: [],
    stages: [],
    outcome_on_gate_fail: {},
  },
  pipeline_ref: noDigest,
  mandate_ref: noDigest,
  inputs: [],
  trigger: { type: 'other', actor: '-', reason: '' },
  rerun_of: null,
  original: null,
  run_key: noDigest,
  subject_key: noDigest,
  request: null,
  traceparent: null,
  as_of: '',
  created_at: '',
  stages: [],
  ready: null,
  open: null,
  closing: null,
  reason_codes: [],
  record_ref: null,
  kristal_id: null,
  pack_id: null,
  differences: null,
  changes: 0,
});

/** Held builds fold what was decided and issue nothing. */
export const isHeld = (state: BuildState): boolean => state.phase === 'PAUSED' || state.phase === 'BLOCKED';

/** Asked for and not admitted: also while a person has to see to it that the gatekeeper answers. */
export const awaitsAdmission = (state: BuildState): boolean =>
  state.phase === 'CREATED' ||
  (state.phase === 'BLOCKED' && state.open === null && state.ready === null && state.stages.length === 0);

export const phaseOf = (state: BuildState): Phase => state.phase;
