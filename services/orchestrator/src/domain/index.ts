export {
  type CaseEvent,
  type CaseInput,
  caseKeyOf,
  casePhaseOf,
  caseTable,
  decideCase,
  evolveCase,
  type MarkLetter,
  type OpenCase,
} from './case/case.ts';
export { caseView, publicCase } from './case/public.ts';
export { casesOf, type DecidedCase } from './case/remedy.ts';
export { type CaseState, initialCase, type LetterMark } from './case/state.ts';
export type { StartFacts } from './decide/start.ts';
export { admitRerun, admitStart } from './decide/start.ts';
export { mostAsked } from './decide/unanswered.ts';
export { decide } from './decide.ts';
export type { BuildEvent } from './events.ts';
export { evolve } from './evolve.ts';
export {
  type AlarmFired,
  type BuildInput,
  keyOf,
  type PersonAct,
  type Receipt,
  type Resend,
  type Start,
} from './inputs.ts';
export { runKey, subjectKey } from './keys.ts';
export { yieldOf } from './rerun.ts';
export type { Alarm, CaseOpening, Evidence, PublicChange, Send } from './sends.ts';
export { type Admitted, type BuildState, initial, phaseOf, type Yield } from './state.ts';
export { buildTable, stageTable } from './table.ts';
export { statusOf, traceIdOf } from './view.ts';
export { waitingFor } from './waiting.ts';
