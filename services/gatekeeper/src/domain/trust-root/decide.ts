import type { Digest, RevokedKey } from '@orgo/contracts';
import type { Outcome } from '@orgo/core';
import { blankClaimDecision, type VerifiedClaim } from '../claim-decision.ts';
import { type DecisionSend, sendOf } from '../decision.ts';
import type { TrustRootEvent, TrustRootGate } from './machine.ts';

type RoleKey = { role: string; key_id: string };

/** What the gatekeeper itself found in the root that a claim names, and in the one before. */
export type TrustRootFacts = {
  version: number;
  root_digest: Digest;
  expires_at: string;
  added: readonly RoleKey[];
  dropped: readonly RoleKey[];
  /** Those that this version is the first to revoke. */
  revoked: readonly RevokedKey[];
};

export type TrustRootInput = VerifiedClaim & { root: TrustRootFacts };
export type TrustRootOutcome = Outcome<TrustRootEvent, DecisionSend, never>;

/**
 * Puts a trust root on record, each version once and in order. That it is signed by the keys of the version before and by its own was checked before, as for
 * every root; here it gets its place in the log, by which signatures of the keys that it dropped are judged.
 */
export function decideTrustRoot(state: TrustRootGate, input: TrustRootInput): TrustRootOutcome {
  const { claim, root } = input;
  const { version, root_digest } = root;
  if (claim.claim !== 'TRUST_ROOT' || claim.detail.version !== version || claim.detail.root_digest !== root_digest)
    return { ok: false, code: 'CLAIM_MALFORMED', detail: `not the root version ${version} that is published` };
  if (version <= state.version)
    return { ok: false, code: 'STATE_CONFLICT', detail: `root version ${version} is on record already` };
  if (version > state.version + 1)
    return { ok: false, code: 'ROOT_VERSION_GAP', detail: `version ${version}, on record are ${state.version}` };
  const send = sendOf({
    ...blankClaimDecision(input, claim),
    kind: 'TRUST_ROOT',
    verdict: 'PASS',
    final: true,
    rests_on: state.decision === null ? [] : [state.decision],
    detail: {
      version,
      root_digest,
      expires_at: root.expires_at,
      added: [...root.added],
      dropped: [...root.dropped],
      revoked: root.revoked.map(({ key_id, role, reason, distrust_from_index }) => ({
        key_id,
        role,
        reason,
        distrust_from_index,
      })),
    },
  });
  return { ok: true, events: [{ type: 'ROOT_RECORDED', version, decision: send.digest }], sends: [send], alarms: [] };
}
