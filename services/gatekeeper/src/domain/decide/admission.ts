import { type GateClaim, type GateDecision, type Pipeline, type StageDefinition, stageAfter } from '@orgo/contracts';
import { authorizationOf, digestOfNothing } from '@orgo/core';
import { sendOf, signable, uniqueCodes } from '../decision.ts';
import type { AdmitFacts, ClaimInput, Finding, MandateFact } from '../facts.ts';
import { headerOf } from '../header.ts';
import { stageInputs } from '../inputs.ts';
import { demandsValidation, inForce, notEffective } from '../mandate.ts';
import { type Check, codesOf, stageReport } from '../report.ts';
import { demandedSchemas, schemasUsed } from '../schemas.ts';
import type { Admission, GateState } from '../state.ts';
import { rerunOf, triggerOf } from '../trigger.ts';
import { missingGates, pipelineFaults } from './pipeline-checks.ts';
import { type GateOutcome, refuseOnRecord } from './refusal.ts';

/**
 * Turn zero: admits a build and authorizes its first stage, or ends it (GT-14, MB-10). One ADMISSION decision per build; another claim
 * for the same build is refused.
 */
export function decideAdmission(state: GateState, input: ClaimInput & { now: string }, facts: AdmitFacts): GateOutcome {
  if (state.admission !== null)
    return refuseOnRecord(state, input, ['STAGE_ORDER_VIOLATION'], 'the build was admitted before');
  const { claim } = input;
  const pipeline = facts.pipeline.ok ? facts.pipeline.pipeline : null;
  const first = pipeline === null ? undefined : stageAfter(pipeline, null);
  const checks = admissionChecks(input, facts, pipeline);
  const opening = first === undefined ? null : stageInputs(first, { admitted: claim.inputs, outputs: {} });
  if (opening !== null && !opening.ok && codesOf(checks).length === 0)
    checks.push({ check: 'first stage', findings: [opening] });

  const reason_codes = uniqueCodes(codesOf(checks));
  const passed = reason_codes.length === 0 && first !== undefined && opening?.ok === true;
  const draft: GateDecision = {
    ...headerOf(state, input),
    kind: 'ADMISSION',
    verdict: passed ? 'PASS' : 'FAIL',
    final: true,
    reason_codes,
    inputs: claim.inputs,
    detail: {
      trigger: triggerOf(claim.detail, claim.actor),
      rerun_of: rerunOf(claim.detail),
      orgo: facts.orgo,
      schemas: schemasUsed(facts.schemas),
      ...mandateDetail(facts.mandate),
    },
  };
  const report = stageReport(draft, checks, { diagnostics: [], metrics: {} });
  const admission = (decision: Admission['decision']): Admission => ({
    decision,
    pipeline,
    pipeline_ref: claim.pipeline_ref,
    mandate_ref: claim.mandate_ref,
    as_of: claim.as_of,
    admitted: claim.inputs,
    trigger: triggerOf(claim.detail, claim.actor),
    rerun_of: rerunOf(claim.detail),
    schemas: facts.schemas,
  });

  if (!passed) {
    const send = sendOf({ ...draft, report: report.artifact }, { report });
    const event = { type: 'REJECTED', decision: send.digest, admission: admission(send.digest), reason_codes } as const;
    return { ok: true, events: [event], sends: [send], alarms: [] };
  }
  const authorization = authorizationOf(draft, (first as StageDefinition).stage, opening.inputs, []);
  const signed = signable(authorization);
  const opens = signed.digest;
  const send = sendOf(
    { ...draft, report: report.artifact, authorizations: [opens] },
    { authorizations: [signed], report },
  );
  const open = { stage: authorization.stage, authorization: opens, inputs: opening.inputs, opened_by: send.digest };
  return {
    ok: true,
    events: [{ type: 'ADMITTED', decision: send.digest, admission: admission(send.digest), open }],
    sends: [send],
    alarms: [],
  };
}

/** Policies count that are in force at the build's own time and still now: who asks chooses the first. */
function admissionChecks(
  { claim, now }: { claim: GateClaim; now: string },
  facts: AdmitFacts,
  pipeline: Pipeline | null,
): Check[] {
  const policies = facts.mandate?.ok ? inForce(facts.mandate.policies, claim.as_of, now) : [];
  return [
    { check: 'bytes', findings: facts.artifacts.flatMap((fact) => fact.bytes ?? []) },
    { check: 'contracts', findings: facts.artifacts.flatMap((fact) => fact.contract ?? []) },
    { check: 'pipeline', findings: facts.pipeline.ok ? pipelineFaults(facts.pipeline.pipeline) : [facts.pipeline] },
    { check: 'mandate', findings: mandateFindings({ claim, now }, facts.mandate, pipeline) },
    { check: 'release', findings: facts.after },
    { check: 'required gates', findings: pipeline === null ? [] : missingGates(pipeline, demandsValidation(policies)) },
    { check: 'schemas', findings: demandedSchemas(policies, facts.schemas) },
    { check: 'admission', findings: pipeline === null ? [] : missingKinds(claim, pipeline) },
  ];
}

/** A pipeline that asks for no mandate may go without one, and then its claim must say so by the content id of nothing. */
function mandateFindings(
  { claim, now }: { claim: GateClaim; now: string },
  mandate: MandateFact | null,
  pipeline: Pipeline | null,
): Finding[] {
  if (mandate === null) {
    const needed = pipeline === null || pipeline.admission.includes('mandate');
    if (needed) return [{ code: 'MANDATE_MISSING', detail: 'the pipeline asks for a mandate and none was admitted' }];
    return claim.mandate_ref === digestOfNothing
      ? []
      : [{ code: 'MANDATE_MISSING', detail: 'the claim names a mandate that was not admitted' }];
  }
  return mandate.ok ? notEffective(mandate, claim.as_of, now) : [mandate];
}

const mandateDetail = (mandate: MandateFact | null) => (mandate?.ok ? { mandate_bundle_id: mandate.bundle_id } : {});

function missingKinds(claim: GateClaim, pipeline: Pipeline): Finding[] {
  const present = new Set(claim.inputs.map((input) => input.kind));
  return pipeline.admission
    .filter((kind) => !present.has(kind))
    .map((kind) => ({
      code: kind === 'mandate' ? 'MANDATE_MISSING' : 'STAGE_INPUT_INVALID',
      detail: `no ${kind} was admitted`,
    }));
}
