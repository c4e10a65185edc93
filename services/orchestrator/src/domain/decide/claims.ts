import type { GateClaim } from '@orgo/contracts';
import { blankClaim, digestOf } from '@orgo/core';
import { cancelKey, closeKey } from '../keys.ts';
import type { Send } from '../sends.ts';
import type { BuildState, OpenStage } from '../state.ts';
import { type Yes, yes } from './outcome.ts';

/** In whose name a claim is asked where no person asks. */
export const self = 'orchestrator';

/** A claim about this build, under its pins. */
const claimOf = (state: BuildState, part: Pick<GateClaim, 'claim' | 'idem_key'> & Partial<GateClaim>): Send => ({
  send: 'claim',
  claim: blankClaim({
    tenant_id: state.tenant_id,
    build_id: state.build_id,
    as_of: state.as_of,
    pipeline_ref: state.pipeline_ref,
    mandate_ref: state.mandate_ref,
    actor: self,
    ...part,
  }),
});

/** Asks for admission: turn zero. The trigger says who started the build and why (SP-26). */
export const admit = (state: BuildState): Send =>
  claimOf(state, {
    claim: 'ADMIT',
    idem_key: state.run_key,
    inputs: state.inputs,
    actor: state.trigger.actor,
    detail: { trigger: state.trigger, rerun_of: state.rerun_of },
  });

const ofStage = ({ stage, attempt, idem_key, reason_codes }: OpenStage) => ({ stage, attempt, idem_key, reason_codes });

/** Asks that replies below `fence` be refused from now on; whichever commits first wins, a reply on its way or the fence. */
export const fence = (state: BuildState, open: OpenStage, at: number, actor: string): Send =>
  claimOf(state, { ...ofStage(open), claim: 'FENCE', epoch: at, actor: actor || self });

/** Says that the attempts of a stage are used up, after the last of them was fenced. */
export const exhausted = (state: BuildState, open: OpenStage): Send =>
  claimOf(state, { ...ofStage(open), claim: 'EXHAUSTED', epoch: open.epoch });

/** Asked again after a refusal it is another claim, so that it is decided anew. */
const attemptOf = (state: BuildState): number => state.closing?.attempt ?? 1;

/** A person’s wish that nothing more be authorized. */
export const cancel = (state: BuildState): Send =>
  claimOf(state, {
    claim: 'CANCEL',
    idem_key: cancelKey(state.build_id, state.run_key),
    attempt: attemptOf(state),
    reason_codes: ['BUILD_CANCELLED'],
    actor: state.closing?.actor ?? self,
    detail: { reason: state.closing?.reason ?? '' },
  });

/** Asks for the record: the build’s last leaf. */
export const close = (state: BuildState): Send => {
  const outcome = state.closing?.outcome ?? 'FAILED';
  return claimOf(state, {
    claim: 'CLOSE',
    attempt: attemptOf(state),
    idem_key: closeKey(
      state.run_key,
      state.stages.map((stage) => stage.idem_key),
      outcome,
    ),
    reason_codes: state.reason_codes.slice(0, 64),
    actor: state.closing?.actor ?? self,
    detail: {
      outcome,
      reason_codes: state.reason_codes,
      trigger: state.trigger,
      rerun_of: state.rerun_of,
      created_at: state.created_at,
    },
  });
};

/** Sends a claim about the open stage or the end, and remembers which: its refusal will name it. */
export const ask = (send: Send): Yes =>
  yes({ events: send.send === 'claim' ? [{ type: 'ClaimAsked', digest: digestOf(send.claim) }] : [], sends: [send] });
