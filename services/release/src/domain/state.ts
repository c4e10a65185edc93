import type { ArtifactRef, Digest, ReleasePhase } from '@orgo/contracts';

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
  /** The caller's idempotency key and the digest of what it asked, so that asking again gets the same answer. */
  request: { key: string; digest: Digest } | null;
  /** Trace context of the release's root span; a release links to its build's trace and is not part of it. */
  traceparent: string | null;
};

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

/** The release's place in its channel: one increasing number per channel, one publication number per tenant. */
export type Place = { release_seq: number; publication: number; at: string };

/** A node of the channel as the sealed reports show it. `WAITING` has not said anything about this release. */
export type NodeProgress = {
  instance_id: string;
  state: 'WAITING' | 'ACTIVE' | 'FAILED';
  active_pack_id: string | null;
  reason_code: string | null;
};

/** A line of the release's history: what happened, when by the database clock, and who caused it. */
export type HistoryLine = { at: string; type: string; actor: string };

export type ReleaseState = Asked & {
  phase: Phase;
  created_at: string;
  eligible: Eligible | null;
  place: Place | null;
  /** Frozen at publication; a node that reports about the release without being on the list is added. */
  nodes: NodeProgress[];
  reason_codes: string[];
  history: HistoryLine[];
  /** Phase changes so far: numbers the public events. */
  changes: number;
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
  request: null,
  traceparent: null,
  created_at: '',
  eligible: null,
  place: null,
  nodes: [],
  reason_codes: [],
  history: [],
  changes: 0,
});

export const phaseOf = (state: ReleaseState): Phase => state.phase;
