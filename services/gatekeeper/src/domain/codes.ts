import { isReasonCode, type ReasonCode } from '@orgo/contracts';

/** An issue of a validation report, kept as the report tells it. */
type IssueCode = `KRS_${string}`;

/** What a decision may give as a reason: a code of the catalogue, or an issue of a validation report. */
export type DecisionCode = ReasonCode | IssueCode;

const isIssueCode = (code: string): code is IssueCode => /^KRS_[A-Z0-9_]{1,76}$/.test(code);

/** Whether a word means something to who reads decisions. */
export const isDecisionCode = (code: string): code is DecisionCode => isReasonCode(code) || isIssueCode(code);

/**
 * Of the codes that somebody else gives (an adapter, a report, a node), those that mean something here, in their order; `otherwise` where codes were
 * given or expected and none does. A word that no catalogue has explains nothing to a person, and one of no shape would make a decision that
 * audit cannot read.
 */
export function toldCodes(codes: readonly string[], otherwise: ReasonCode): readonly [DecisionCode, ...DecisionCode[]] {
  const [first = otherwise, ...rest] = codes.filter(isDecisionCode);
  return [first, ...rest];
}
