import type { GateClaim } from '@orgo/contracts';
import type { Barred, Receipt, Timed, VerifyRequested } from '../inputs.ts';
import { freeze } from '../rollout/freeze.ts';
import type { Act, ReleaseState } from '../state.ts';
import { claimOf, releaseKey } from './claims.ts';
import { lookNow, nothing, type Yes, yes } from './outcome.ts';
import { noAlarms } from './reconcile-alarms.ts';

/** Asks the gatekeeper to verify every byte and to judge the channel (RR-05, IN-01). The evidence travels with the claim. */
function verifyClaim(state: ReleaseState, input: Timed<VerifyRequested>, steps: string[]): GateClaim {
  const { eligible, inputs, now } = input;
  const { record_ref, kristal_id, pack_id, pipeline_ref, mandate_ref } = eligible;
  return claimOf(state, now, {
    claim: 'RELEASE',
    idem_key: releaseKey(state, eligible),
    pipeline_ref,
    mandate_ref,
    inputs,
    actor: state.actor,
    detail: {
      build_id: state.build_id,
      channel: state.channel,
      kristal_id,
      pack_id,
      record_ref,
      reason: state.reason,
      generation: state.generation,
      retry_of: state.retry_of,
      steps,
    },
  });
}

/** The evidence is there: the membership is frozen, and the gatekeeper is asked. */
export function decideVerify(state: ReleaseState, input: Timed<VerifyRequested>): Yes {
  if (state.phase !== 'QUEUED') return nothing;
  const { eligible, now, evidence, nodes } = input;
  const frozen = freeze(state.plan, state, nodes);
  if (!frozen.ok)
    return yes({
      events: [{ type: 'ReleaseFailed', at: now, codes: ['COHORT_EMPTY'], sealed: null }],
      alarms: noAlarms,
    });
  const { steps, members } = frozen;
  const claim = verifyClaim(
    state,
    input,
    steps.map(({ step_hash }) => step_hash),
  );
  return yes({
    events: [{ type: 'VerifyRequested', at: now, eligible, steps, members }],
    sends: [{ send: 'claim', claim, evidence: [evidence] }],
  });
}

/** The channel's files are not whole: nobody gets further by this release (RR-18). */
const notWhole = (_state: ReleaseState, code: string, at: string): Yes => {
  const act: Act = { action: 'abort', actor: 'release', reason: code, at };
  return yes({
    events: [{ type: 'ReleaseStopped', at, to: 'FAILED', trigger: 'integrity', codes: [code], finding: null, act }],
    alarms: [lookNow],
  });
};

/** No evidence, or no whole publication: the release has failed (RR-04, RR-18). */
export function decideBarred(state: ReleaseState, { code, now }: Timed<Barred>): Yes {
  if (state.phase === 'QUEUED')
    return yes({
      events: [{ type: 'ReleaseFailed', at: now, codes: [code], sealed: null }],
      alarms: noAlarms,
    });
  const isInFlight = ['VERIFIED', 'RELEASING', 'PAUSED'].includes(state.phase);
  return isInFlight && (state.ending === null || state.ending.to === 'RELEASED') ? notWhole(state, code, now) : nothing;
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
  const { decision, decision_digest, log_index, stored: authorization = null, now } = input;
  const sealed = { decision_digest, log_index };
  if (decision.verdict === 'PASS' && authorizesPublication(state, input))
    return yes({ events: [{ type: 'ReleaseVerified', at: now, authorization, ...sealed }], alarms: [lookNow] });
  const codes = decision.reason_codes.length === 0 ? ['BUILD_NOT_ELIGIBLE'] : decision.reason_codes;
  return yes({ events: [{ type: 'ReleaseFailed', at: now, codes, sealed }], alarms: noAlarms });
}
