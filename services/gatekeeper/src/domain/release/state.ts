import type { Digest, ReleaseStepFacts } from '@orgo/contracts';

/** Phases of a release's gate: `AUTHORIZED` may be published, `REFUSED` never. */
export const releaseGatePhases = ['NEW', 'AUTHORIZED', 'REFUSED', 'ENDED'] as const;
export type ReleaseGatePhase = (typeof releaseGatePhases)[number];

/** What a release is pinned to: those of the build it releases. */
export type ReleasePins = { pipeline_ref: Digest; mandate_ref: Digest; as_of: string };

/** What an opened step needs of its nodes. */
export type OpenedStep = Pick<ReleaseStepFacts, 'kind' | 'members' | 'confirm_threshold' | 'quorum_percent'>;

/** Everything the gatekeeper knows about one release. */
export type ReleaseGate = {
  tenant_id: string;
  release_id: string;
  phase: ReleaseGatePhase;
  build_id: string | null;
  channel: string | null;
  release_seq: number | null;
  kristal_id: Digest | null;
  pack_id: string | null;
  pins: ReleasePins | null;
  /** Hashes of its frozen steps, in order. */
  steps: Digest[];
  /** Steps that may be open. */
  opened: OpenedStep[];
  decisions: Digest[];
  noted: number;
};

export const initialRelease = (key: { tenant_id: string; id: string }): ReleaseGate => ({
  tenant_id: key.tenant_id,
  release_id: key.id,
  phase: 'NEW',
  build_id: null,
  channel: null,
  release_seq: null,
  kristal_id: null,
  pack_id: null,
  pins: null,
  steps: [],
  opened: [],
  decisions: [],
  noted: 0,
});
