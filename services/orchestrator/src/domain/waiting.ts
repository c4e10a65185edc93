import { isTerminalBuildPhase } from '@orgo/contracts';
import { awaitsAdmission, type BuildState, type OpenStage } from './state.ts';

function waitOfStage(open: OpenStage): string {
  switch (open.phase) {
    case 'COMMANDED':
      return `the reply of ${open.stage}, attempt ${open.attempt}, whose lease ends at ${open.not_after}`;
    case 'FENCING':
      return open.fence === null
        ? `the gatekeeper's word on ${open.stage}, whose attempts are used up`
        : `the gatekeeper's fence before ${open.stage} is tried again`;
    case 'WAITING_RETRY':
      return open.due
        ? `a person to resume it: the next attempt of ${open.stage} is due`
        : `the backoff before attempt ${open.attempt + 1} of ${open.stage}`;
    case 'ERROR':
      return `a person: ${open.stage} stopped with ${open.reason_codes.join(', ')}; fix the cause and resume, or cancel`;
    default:
      return open.phase satisfies never;
  }
}

/** What a build waits for, in words for a person; null when it has ended. */
export function waitingFor(state: BuildState): string | null {
  if (state.phase === 'NEW' || isTerminalBuildPhase(state.phase)) return null;
  if (state.phase === 'CREATED') return "the gatekeeper's admission";
  if (state.phase === 'BLOCKED' && (awaitsAdmission(state) || state.open?.phase === 'FENCING'))
    return 'a person: the gatekeeper does not answer; see why in its log, then resume to ask again, or cancel';
  if (state.closing !== null && state.closing.refused.length > 0)
    return `a person: the gatekeeper does not grant the end (${state.closing.refused.join(', ')}); resume to ask again`;
  if (state.phase === 'CLOSING')
    return state.closing?.asked === 'CANCEL' ? 'the gatekeeper to shut the gate' : 'the sealed build record';
  const { open, ready } = state;
  if (state.phase === 'PAUSED') {
    if (ready !== null) return `a person to resume it: ${ready.stage} is authorized`;
    return open === null || open.due ? 'a person to resume it' : `${waitOfStage(open)}; then for a person to resume it`;
  }
  if (state.phase === 'BLOCKED' && ready !== null) return `a person to resume it: ${ready.stage} is authorized`;
  return open === null ? 'the next authorization' : waitOfStage(open);
}
