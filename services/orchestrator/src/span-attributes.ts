import { type BuildInput, keyOf } from './domain/index.ts';

/** What the span of an input of a build is found by. */
export const attributesOf = (input: BuildInput) => {
  const { tenant_id, id } = keyOf(input);
  const of =
    input.type === 'receipt' ? input.decision : input.type === 'alarm' && input.kind !== 'claim' ? input : null;
  const stage = of === null || of.stage === null ? {} : { stage: of.stage, attempt: of.attempt };
  return { tenant_id, build_id: id, input: input.type, ...stage };
};
