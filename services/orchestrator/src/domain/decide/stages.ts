import { stageAfter, stageOf } from '@orgo/contracts';
import { type No, no, type Receipt, type Timed } from '../inputs.ts';
import { type BuildState, isHeld, type Permission, type StageResult } from '../state.ts';
import { block } from './attempts.ts';
import { beginClosing } from './closing.ts';
import { freshKey, issueFirst, leaseAlarm, retryAlarm } from './issue.ts';
import { and, nothing, type Yes, yes } from './outcome.ts';

type Authorized = { ok: true; permission: Permission; at: number } | { ok: false; detail: string };

/** The authorization a decision gave, checked once more against the spine: it opens the stage that is next, of this build. */
function authorizedStage(
  state: BuildState,
  { decision, decision_digest, authorizations }: Receipt,
  next: string,
): Authorized {
  const at = authorizations.findIndex(({ authorization }) => authorization.stage === next);
  const found = authorizations[at];
  if (found === undefined) return { ok: false, detail: `nothing authorizes ${next}` };
  const { authorization, digest } = found;
  const own =
    authorization.tenant_id === state.tenant_id &&
    authorization.build_id === state.build_id &&
    authorization.pipeline_ref === state.pipeline_ref &&
    authorization.as_of === state.as_of;
  if (!own) return { ok: false, detail: `the authorization of ${next} is not of this build` };
  if (!decision.authorizations.includes(digest))
    return { ok: false, detail: 'the decision does not list the authorization' };
  const permission = { stage: next, inputs: authorization.inputs, authorization_digest: digest, decision_digest };
  return { ok: true, at, permission: { ...permission, idem_key: freshKey(state, permission) } };
}

/**
 * Opens the stage that a PASS authorized: its evidence is kept, and unless a person holds the build it is commanded. Without a valid
 * authorization nothing can run, so the build ends here.
 */
export function openNext(state: BuildState, receipt: Timed<Receipt>, next: string): Yes {
  const authorized = authorizedStage(state, receipt, next);
  if (!authorized.ok) return beginClosing(state, { outcome: 'FAILED', reason_codes: ['STAGE_ORDER_VIOLATION'] });
  const { permission, at } = authorized;
  const { decision, authorizations, seal } = receipt.evidence;
  const authorization = authorizations[at];
  if (authorization === undefined)
    return beginClosing(state, { outcome: 'FAILED', reason_codes: ['STAGE_ORDER_VIOLATION'] });
  const kept = yes({
    events: [{ type: 'StageAuthorized', permission }],
    sends: [{ send: 'keep', stage: next, idem_key: permission.idem_key, evidence: { authorization, decision, seal } }],
  });
  return and(state, kept, (ready) => (isHeld(ready) ? nothing : issueFirst(ready, permission, receipt.now)));
}

/** The final decision of a stage: PASS opens the next or ends the build, FAIL ends it, ERROR leaves it to a person. */
export function decideStage(state: BuildState, receipt: Timed<Receipt>): Yes | No {
  const { decision } = receipt;
  const { stage, verdict } = decision;
  if (stage === null || stageOf(state.pipeline, stage) === undefined)
    return no('STAGE_UNKNOWN', `no stage ${stage} in the build’s pipeline`);
  if (state.stages.some((done) => done.stage === stage)) return nothing;
  if (state.open?.stage !== stage) return no('STAGE_ORDER_VIOLATION', `${stage} is decided and was never commanded`);
  if (verdict === 'ERROR') return errored(state, receipt);
  if (verdict !== 'PASS' && verdict !== 'FAIL') return no('STAGE_ORDER_VIOLATION', `${verdict} ends no stage`);

  const result = resultOf(state, receipt, stage, verdict);
  const decided = yes({
    events: [{ type: verdict === 'PASS' ? 'StagePassed' : 'StageFailed', result }],
    alarms: [{ cancel: leaseAlarm(state.open) }, { cancel: retryAlarm(state.open) }],
  });
  // A stage that was decided before the cancellation reached the gate stays on the books and opens nothing.
  if (state.phase === 'CLOSING') return decided;
  if (verdict === 'PASS') return and(state, decided, (passed) => follow(passed, receipt, stage));
  const outcome = state.pipeline.outcome_on_gate_fail[stage] ?? 'FAILED';
  return and(state, decided, (failed) => beginClosing(failed, { outcome, reason_codes: decision.reason_codes }));
}

const resultOf = (
  state: BuildState,
  { decision, decision_digest, log_index }: Receipt,
  stage: string,
  status: 'PASS' | 'FAIL',
): StageResult => ({
  stage,
  status,
  attempt: decision.attempt,
  idem_key: state.open?.idem_key ?? decision.idem_key,
  reason_codes: decision.reason_codes,
  outputs: decision.outputs,
  report: decision.report,
  decision_digest,
  log_index,
  duration_ms: decision.duration_ms,
});

function follow(state: BuildState, receipt: Timed<Receipt>, stage: string): Yes {
  const next = stageAfter(state.pipeline, stage);
  return next === undefined
    ? beginClosing(state, { outcome: 'COMPLETED', reason_codes: [] })
    : openNext(state, receipt, next.stage);
}

/** Attempts used up where the pipeline says BLOCK: the stage is in ERROR, the build waits for a person. */
function errored(state: BuildState, receipt: Timed<Receipt>): Yes {
  const { open } = state;
  return open?.phase === 'FENCING' && open.fence === null
    ? block(state, open, receipt.decision.reason_codes, receipt)
    : nothing;
}
