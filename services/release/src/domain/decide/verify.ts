import type { GateClaim } from '@orgo/contracts';
import { digestOf } from '@orgo/core';
import type { Barred, Receipt, Timed, VerifyRequested } from '../inputs.ts';
import type { Eligible, ReleaseState } from '../state.ts';
import { nothing, type Yes, yes } from './outcome.ts';

/** Asks the gatekeeper to verify every byte and to judge the channel (RR-05, IN-01). The evidence travels with the claim. */
function claimOf(state: ReleaseState, input: Timed<VerifyRequested>): GateClaim {
  const { eligible, inputs, now } = input;
  const { record_ref, kristal_id, pack_id, pipeline_ref, mandate_ref } = eligible;
  return {
    v: 1,
    claim: 'RELEASE',
    tenant_id: state.tenant_id,
    build_id: state.release_id,
    stage: null,
    attempt: 0,
    epoch: 0,
    idem_key: releaseKey(state, eligible),
    as_of: now,
    pipeline_ref,
    mandate_ref,
    inputs,
    reason_codes: [],
    actor: state.actor,
    detail: {
      build_id: state.build_id,
      channel: state.channel,
      kristal_id,
      pack_id,
      record_ref,
      reason: state.reason,
    },
  };
}

/** Key of the intent: this release, of this pack, to this channel (RR-26). Time and people are not part of it. */
export const releaseKey = (state: ReleaseState, { record_ref, pack_id }: Eligible) =>
  digestOf(['orgo.release.v1', state.tenant_id, state.release_id, state.channel, state.build_id, record_ref, pack_id]);

/** The evidence is there: the gatekeeper is asked. */
export function decideVerify(state: ReleaseState, input: Timed<VerifyRequested>): Yes {
  if (state.phase !== 'QUEUED') return nothing;
  return yes({
    events: [{ type: 'VerifyRequested', at: input.now, eligible: input.eligible }],
    sends: [{ send: 'claim', claim: claimOf(state, input), evidence: [input.evidence] }],
  });
}

/** No evidence, or no whole publication: the release has failed (RR-04, RR-18). */
export function decideBarred(state: ReleaseState, { code, now }: Timed<Barred>): Yes {
  if (state.phase !== 'QUEUED' && state.phase !== 'VERIFIED') return nothing;
  return yes({ events: [{ type: 'ReleaseFailed', at: now, reason_codes: [code], sealed: null }] });
}

/** Whether a decision gives the permission to publish exactly this pack under this release. */
function authorizesPublication({ release_id, eligible }: ReleaseState, { decision, authorizations }: Receipt): boolean {
  return authorizations.some(
    ({ authorization, digest }) =>
      decision.authorizations.includes(digest) &&
      authorization.build_id === release_id &&
      authorization.stage === 'publish' &&
      authorization.inputs.some((input) => input.ref === eligible?.pack_manifest.ref),
  );
}

/** The gatekeeper's sealed word: PASS with an authorization opens publication, everything else ends the release. */
export function decideVerdict(state: ReleaseState, input: Timed<Receipt>): Yes {
  if (state.phase !== 'VERIFYING') return nothing;
  const { decision, decision_digest, log_index, now } = input;
  const sealed = { decision_digest, log_index };
  if (decision.verdict === 'PASS' && authorizesPublication(state, input)) {
    return yes({
      events: [{ type: 'ReleaseVerified', at: now, ...sealed }],
      sends: [{ send: 'job', job: 'publish' }],
    });
  }
  const reason_codes = decision.reason_codes.length === 0 ? ['BUILD_NOT_ELIGIBLE'] : decision.reason_codes;
  return yes({ events: [{ type: 'ReleaseFailed', at: now, reason_codes, sealed }] });
}
