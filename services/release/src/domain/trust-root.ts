import type { Digest, GateClaim } from '@orgo/contracts';
import { blankClaim, digestOf, type Outcome, type TransitionTable } from '@orgo/core';

/** A published root of a tenant that is not known to be in its log. `subject_id` names its entry, `attempt` counts the times it was asked for. */
export type RootSeen = {
  type: 'root-seen';
  tenant_id: string;
  version: number;
  root_digest: Digest;
  subject_id: string;
  attempt: number;
};

export const trustRootPhases = ['WATCHING', 'ASKED'] as const;
export type TrustRootPhase = (typeof trustRootPhases)[number];
/** What was last asked for. */
export type TrustRootState = { tenant_id: string; phase: TrustRootPhase; version: number; attempt: number };
export type TrustRootEvent = { type: 'RootAsked'; at: string; version: number; attempt: number };
export type TrustRootSend = { send: 'claim'; claim: GateClaim };

export const trustRootTable: TransitionTable<TrustRootPhase, TrustRootEvent['type']> = {
  WATCHING: { RootAsked: 'ASKED' },
  ASKED: { RootAsked: 'ASKED' },
};

export const initialTrustRoot = ({ tenant_id }: { tenant_id: string }): TrustRootState => ({
  tenant_id,
  phase: 'WATCHING',
  version: 1,
  attempt: 0,
});

/** Asks the gatekeeper once per version, and again for one that got no entry. */
export function decideTrustRoot(
  state: TrustRootState,
  input: RootSeen & { now: string },
): Outcome<TrustRootEvent, TrustRootSend, never> {
  const { tenant_id, version, root_digest, subject_id, attempt, now } = input;
  const isNews = version > state.version || attempt > state.attempt;
  if (!isNews) return { ok: true, events: [], sends: [], alarms: [] };
  const claim = blankClaim({
    claim: 'TRUST_ROOT',
    tenant_id,
    build_id: subject_id,
    idem_key: digestOf(['orgo.trust-root.v1', tenant_id, version, root_digest, attempt]),
    as_of: now,
    actor: 'release',
    detail: { version, root_digest },
  });
  return {
    ok: true,
    events: [{ type: 'RootAsked', at: now, version, attempt }],
    sends: [{ send: 'claim', claim }],
    alarms: [],
  };
}

/** Folds a decided event; total. */
export const evolveTrustRoot = (state: TrustRootState, event: TrustRootEvent): TrustRootState => ({
  ...state,
  phase: 'ASKED',
  version: event.version,
  attempt: event.attempt,
});
