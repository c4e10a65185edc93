import { type BuildInput, type CaseInput, keyOf } from './domain/index.ts';

/** What the span of an input of a build is found by. */
export const attributesOf = (input: BuildInput) => {
  const { tenant_id, id } = keyOf(input);
  const of =
    input.type === 'receipt' ? input.decision : input.type === 'alarm' && input.kind !== 'claim' ? input : null;
  const stage = of === null || of.stage === null ? {} : { stage: of.stage, attempt: of.attempt };
  return { tenant_id, build_id: id, input: input.type, ...stage };
};

/** What the span of an input of a Case is found by: also the build, or whatever else the decision that moves it is about. */
export const caseAttributesOf = (input: CaseInput) => {
  const { tenant_id, case_id, type } = input;
  const build_id = type === 'decided' ? input.decision.build_id : input.build_id;
  return { tenant_id, case_id, input: type, ...(build_id !== null && { build_id }) };
};
