import type { ArtifactRef, Digest, Measurement, ReleasePhase, ReleasePlan, StepPhase } from '@orgo/contracts';
import type { Step } from './rollout/freeze.ts';
import { noTally, type Tally } from './rollout/measure.ts';

/** `NEW` is a release that nobody has asked for yet; it is never stored. */
export type Phase = 'NEW' | ReleasePhase;

/** What a person asked for. None of it changes later. */
export type Asked = {
  tenant_id: string;
  release_id: string;
  build_id: string;
  channel: string;
  actor: string;
  reason: string;
  plan: ReleasePlan;
  /** How long a step may take where the plan does not say. */
  step_ms: number;
  /** 1, or one more than that of the ended release that this one tries again. */
  generation: number;
  retry_of: string | null;
  /** The caller's idempotency key and the digest of what it asked, so that asking again gets the same answer. */
  request: { key: string; digest: Digest } | null;
  /** Trace context of the release's root span; a release links to its build's trace and is not part of it. */
  traceparent: string | null;
};

/** A file in the artifact store. */
export type StoredFile = { ref: Digest; size: number };

/** What the sealed Build Record says is to be released. */
export type Eligible = {
  record_ref: Digest;
  record_decision: Digest;
  kristal_id: Digest;
  /** 64 hex digits. */
  pack_id: string;
  pack_manifest: ArtifactRef;
  pipeline_ref: Digest;
  mandate_ref: Digest;
};

/** What the channel last said of this release, published and read back. `open` counts the candidate’s open cohorts. */
export type Seen = {
  index_seq: number;
  role: 'candidate' | 'current' | 'none';
  open: number;
  frozen: boolean;
  at: string;
};

/** The release's place in its channel's one order. */
export type Place = { release_seq: number; pack_seq: number; at: string };

/** Who did something, why and when; never without a name. */
export type Act = { action: string; actor: string; reason: string; at: string };

/** How far a step is. */
export type Run = {
  state: StepPhase;
  /** When the gatekeeper was asked to open it, and how often. */
  asks: number;
  asked: boolean;
  opened_at: string | null;
  confirmed_at: string | null;
  soak_until: string | null;
  deadline_at: string | null;
  offline_at: string | null;
  /** When the next measurement is due. */
  measure_at: string | null;
  tally: Tally;
  measurements: Measurement[];
  /** A person's word that takes the place of soak and analysis. */
  promoted: Act | null;
};

export const newRun: Run = {
  state: 'PENDING',
  asks: 0,
  asked: false,
  opened_at: null,
  confirmed_at: null,
  soak_until: null,
  deadline_at: null,
  offline_at: null,
  measure_at: null,
  tally: noTally,
  measurements: [],
  promoted: null,
};

export type Outcome = 'RELEASED' | 'ROLLED_BACK' | 'FAILED' | 'CANCELED';
export type Trigger = 'analysis' | 'integrity' | 'deadline' | 'operator';

/** How a release goes to its end once no further cohort is opened. */
export type Ending = {
  /** What it comes to; an end that is not RELEASED is ROLLED_BACK where something was activated. */
  to: Outcome;
  trigger: Trigger | null;
  codes: string[];
  act: Act;
  finding: Measurement | null;
  /** The channel no longer offers it. */
  withdrawn: boolean;
  /** The rollback that was asked for; null where there is nothing to bring back, or not yet. */
  rollback: {
    status: 'ASKED' | 'DONE' | 'REFUSED';
    code: string | null;
    to_pack_id: string | null;
    deadline_at: string;
  } | null;
  /** The end was put before the gatekeeper as this. */
  closing: Outcome | null;
};

/** A line of the release's history: what happened, when by the database clock, who caused it, and what to know of it. */
export type HistoryLine = { at: string; type: string; actor: string; detail: string };

export type ReleaseState = Asked & {
  phase: Phase;
  created_at: string;
  deadline_at: string;
  eligible: Eligible | null;
  /** The sealed decision that authorizes it, as nodes get it; null before there is one. */
  authorization?: StoredFile | null;
  steps: Step[];
  runs: Run[];
  /** Index of the step whose turn it is. */
  current: number;
  place: Place | null;
  seen: Seen | null;
  /** What the channel was asked for and has not shown yet, or why it cannot now. */
  wanted: string | null;
  blocked: { code: string; detail: string } | null;
  paused: { codes: string[]; act: Act | null } | null;
  /** A person said that no further step needs soak, analysis or a word. */
  full: Act | null;
  ending: Ending | null;
  finding: Measurement | null;
  reason_codes: string[];
  /** What persons did since the last sealed decision: it goes into the next. */
  acts: Act[];
  /** Requests that were answered, newest last. */
  answered: { key: string; digest: Digest }[];
  history: HistoryLine[];
  /** Phase changes so far: numbers the public events. */
  changes: number;
  /** Events so far. */
  version: number;
};

/** A release before its first event. */
export const initial = (key: { tenant_id: string; id: string }): ReleaseState => ({
  phase: 'NEW',
  tenant_id: key.tenant_id,
  release_id: key.id,
  build_id: '',
  channel: '',
  actor: '-',
  reason: '',
  plan: {} as ReleasePlan,
  step_ms: 0,
  generation: 1,
  retry_of: null,
  request: null,
  traceparent: null,
  created_at: '',
  deadline_at: '',
  eligible: null,
  steps: [],
  runs: [],
  current: 0,
  place: null,
  seen: null,
  wanted: null,
  blocked: null,
  paused: null,
  full: null,
  ending: null,
  finding: null,
  reason_codes: [],
  acts: [],
  answered: [],
  history: [],
  changes: 0,
  version: 0,
});

/** A row of a release, which may have been written before a member was added. */
export type StoredRelease = Pick<ReleaseState, 'tenant_id' | 'release_id'> & Partial<ReleaseState>;

/** A release as it was stored; a member that its row has not has its standard value. */
export const restored = (stored: StoredRelease): ReleaseState => ({
  ...initial({ tenant_id: stored.tenant_id, id: stored.release_id }),
  ...stored,
});

export const phaseOf = (state: ReleaseState): Phase => state.phase;

/** The run of the step whose turn it is. */
export const runOf = (state: ReleaseState): Run => state.runs[state.current] ?? newRun;
export const isLast = (state: ReleaseState): boolean => state.current === state.steps.length - 1;
