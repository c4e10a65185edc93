import { type ArtifactRef, type GateDecision, type Pipeline, type StageDefinition, stageAfter } from '@orgo/contracts';
import { authorizationOf, digestOf, type JsonValue, sortRefs, utf8Length } from '@orgo/core';
import { toldCodes } from '../codes.ts';
import { type DecisionSend, maxDecisionBytes, sendOf, signable, uniqueCodes } from '../decision.ts';
import type { GateEvent } from '../events.ts';
import type { ReplyInput } from '../facts.ts';
import { headerOf } from '../header.ts';
import { acceptedOutputs, restsOn, stageInputs } from '../inputs.ts';
import { type Check, codesOf, stageReport } from '../report.ts';
import { officialChecks } from '../schemas.ts';
import type { Accepted, Admission, Canon, GateState, Seen, StageGate } from '../state.ts';
import { canonAfter, outputChecks, validationCodes } from './output-checks.ts';
import type { GateOutcome } from './refusal.ts';

type Turn = {
  state: GateState;
  input: ReplyInput & { now: string };
  admission: Admission;
  pipeline: Pipeline;
  stage: StageDefinition;
  gate: StageGate;
};

/** What a reply claims as its result, so that two replies for one stage key can be compared. */
export function resultOf(input: ReplyInput): Seen {
  const { reply } = input;
  const outputs = sortRefs(reply.outputs);
  const result = reply.status === 'ok' ? { outputs } : { failed: [...reply.reason_codes].sort() };
  return { reply: input.digest, command: input.command_digest, epoch: reply.epoch, result: digestOf(result) };
}

/** Judges a reply that owns its stage: PASS opens the next stage, FAIL opens nothing (GT-01, GT-05). One final decision. */
export function decideStage(turn: Turn, extra: readonly Check[] = []): GateOutcome {
  const { state, input, stage } = turn;
  const checks = [
    ...extra,
    ...(input.reply.status === 'ok'
      ? [...outputChecks(input.outputs, contextOf(turn)), ...officialChecks(turn.admission.schemas, input)]
      : [failedReply(input)]),
  ];
  const codes = uniqueCodes(codesOf(checks));
  const canon = canonAfter(state.canon, input.outputs);
  const next = codes.length === 0 ? stageAfter(turn.pipeline, stage.stage) : undefined;
  const opening = next === undefined ? null : openingOf(turn, next);
  if (opening !== null && !opening.ok)
    return decideFail(turn, [...checks, { check: 'next stage', findings: [opening] }]);
  if (codes.length > 0) return decideFail(turn, checks);

  const outputs = verified(input);
  const draft: GateDecision = { ...stageDecision(turn, outputs), verdict: 'PASS', detail: detailOf(turn, canon) };
  const report = stageReport(draft, checks, workOf(input));
  const authorizations =
    opening === null ? [] : [signable(authorizationOf(draft, opening.stage, opening.inputs, opening.rests_on))];
  const send = sendOf(
    { ...draft, report: report.artifact, authorizations: authorizations.map(({ digest }) => digest) },
    { authorizations, report },
  );
  if (utf8Length(send.payload) > maxDecisionBytes) return decideFail(turn, [...checks, tooLarge]);
  const accepted: Accepted = { verdict: 'PASS', decision: send.digest, seen: resultOf(input), outputs };
  const passed = { decision: send.digest, stage: stage.stage, accepted, canon };
  const [opens] = send.decision.authorizations;
  const event: GateEvent =
    opening === null || opens === undefined
      ? { type: 'LAST_STAGE_PASSED', ...passed }
      : {
          type: 'STAGE_PASSED',
          ...passed,
          open: { stage: opening.stage, authorization: opens, inputs: opening.inputs, opened_by: send.digest },
        };
  return { ok: true, events: [event], sends: [send], alarms: [] };
}

const tooLarge: Check = {
  check: 'decision size',
  findings: [{ code: 'ENTRY_TOO_LARGE', detail: 'too many inputs and outputs for one log entry' }],
};

/** Ends the stage and the build's way forward. The outputs that verified stay named, so that a person can look at them (GT-15). */
function decideFail(turn: Turn, checks: readonly Check[]): GateOutcome {
  const { input, stage, state } = turn;
  const reason_codes = uniqueCodes(codesOf(checks));
  const write = (outputs: ArtifactRef[]): DecisionSend => {
    const draft: GateDecision = {
      ...stageDecision(turn, outputs),
      verdict: 'FAIL',
      reason_codes,
      detail: detailOf(turn, state.canon),
    };
    const report = stageReport(draft, checks, workOf(input));
    return sendOf({ ...draft, report: report.artifact }, { report });
  };
  const named = write(verified(input));
  const send = utf8Length(named.payload) > maxDecisionBytes ? write([]) : named;
  const accepted: Accepted = {
    verdict: 'FAIL',
    decision: send.digest,
    seen: resultOf(input),
    outputs: send.decision.outputs as ArtifactRef[],
  };
  const events: GateEvent[] = [
    { type: 'STAGE_FAILED', decision: send.digest, stage: stage.stage, accepted, reason_codes },
  ];
  if (reason_codes.includes('NONDETERMINISM_DETECTED')) {
    const { name, version } = input.reply.adapter;
    events.push({ type: 'QUARANTINED', decision: null, stage: stage.stage, adapter: `${name}@${version}` });
  }
  return { ok: true, events, sends: [send], alarms: [] };
}

const contextOf = ({ state, input, stage, gate }: Turn) => ({
  stage,
  inputs: gate.inputs,
  canon: state.canon,
  validation: input.validation,
});

function failedReply(input: ReplyInput): Check {
  const codes = toldCodes(input.reply.reason_codes, 'STAGE_INTERNAL_ERROR');
  return { check: 'adapter', findings: codes.map((code) => ({ code, detail: input.reply.detail })) };
}

const verified = (input: ReplyInput): ArtifactRef[] =>
  sortRefs(input.outputs.filter((fact) => fact.bytes === null).map((fact) => fact.artifact));

const stageDecision = ({ state, input, gate }: Turn, outputs: ArtifactRef[]): GateDecision => ({
  ...headerOf(state, input),
  kind: 'STAGE',
  final: true,
  inputs: gate.inputs,
  outputs,
  rests_on: [gate.opened_by],
});

const workOf = ({ reply }: ReplyInput): { diagnostics: JsonValue; metrics: JsonValue } => ({
  diagnostics: reply.diagnostics,
  metrics: reply.metrics,
});

function detailOf({ input, stage }: Turn, canon: Canon): GateDecision['detail'] {
  const ids = {
    ...(canon.kristal_id ? { kristal_id: canon.kristal_id } : {}),
    ...(canon.pack_id ? { pack_id: canon.pack_id } : {}),
  };
  const validation =
    stage.gate === 'validation' && input.validation
      ? { validation: { status: input.validation.verdict, codes: uniqueCodes(validationCodes(input.validation)) } }
      : {};
  return { ...ids, ...validation };
}

/** The stage that a PASS opens: the outputs just judged count as accepted. */
function openingOf(turn: Turn, next: StageDefinition) {
  const { state, input, admission, stage } = turn;
  const outputs = { ...acceptedOutputs(state.stages), [stage.stage]: verified(input) };
  const inputs = stageInputs(next, { admitted: admission.admitted, outputs });
  if (!inputs.ok) return inputs;
  return {
    ok: true as const,
    stage: next.stage,
    inputs: inputs.inputs,
    rests_on: [...restsOn(next, admission.decision, state.stages), turn.gate.opened_by],
  };
}
