import type { Measurement } from '@orgo/contracts';
import type { ReleaseEvent } from './events.ts';
import type { Act, HistoryLine } from './state.ts';

/** A measurement in words: metric, value, threshold, samples and time. */
export const findingText = ({ name, value, op, threshold, samples, at }: Measurement): string =>
  `${name} ${value ?? 'without a value'} (wanted ${op} ${threshold}, ${samples} samples, ${at})`;

const by = (act: Act | null, otherwise = 'release'): string => act?.actor ?? otherwise;
const why = (act: Act | null): string => act?.reason ?? '';

/** What a person reads of an event; null for what only the machine needs. */
export function historyLine(event: ReleaseEvent): HistoryLine | null {
  const line = (actor: string, detail = ''): HistoryLine => ({ at: event.at, type: event.type, actor, detail });
  switch (event.type) {
    case 'ReleaseCreated':
      return line(event.asked.actor, event.asked.reason);
    case 'VerifyRequested':
      return line('release', event.steps.map(({ name, members }) => `${name} ${members}`).join(', '));
    case 'ReleaseVerified':
      return line('gatekeeper');
    case 'ReleasePublished':
      return line('release', `release_seq ${event.release_seq}, pack_seq ${event.pack_seq}`);
    case 'ReleasePaused': {
      const found = event.finding === null ? '' : `: ${findingText(event.finding)}`;
      return line(by(event.act), event.act === null ? `${event.codes.join(', ')}${found}` : why(event.act));
    }
    case 'ReleaseResumed':
      return line(by(event.act), why(event.act));
    case 'ReleaseStopped': {
      const found = event.finding === null ? '' : `: ${findingText(event.finding)}`;
      return line(by(event.act), `${[event.trigger, ...event.codes].join(', ')}${found}`);
    }
    case 'ReleaseCompleted':
      return line('gatekeeper');
    case 'ReleaseRolledBack':
      return line(by(event.act, 'gatekeeper'), why(event.act));
    case 'ReleaseFailed':
      return line(event.sealed === null ? 'release' : 'gatekeeper', event.codes.join(', '));
    case 'ReleaseCanceled':
      return line(by(event.act), why(event.act));
    case 'StepAuthorized':
      return line('gatekeeper', `step ${event.step}`);
    case 'StepOpened':
      return line('release', `step ${event.step}, index ${event.index_seq}`);
    case 'StepConfirmed':
    case 'StepFellBack':
      return line('release', `step ${event.step}: ${event.counts.CONFIRMED} of ${event.counts.total} confirmed`);
    case 'StepPromoted':
      return line(by(event.act), `step ${event.step}${event.full ? ' and all others' : ''}: ${why(event.act)}`);
    case 'StepPassed':
    case 'StepDone':
    case 'TargetsTimedOut':
      return line('release', `step ${event.step}`);
    case 'StepFailed':
      return line('release', `step ${event.step}: ${event.codes.join(', ')}`);
    case 'StepInconclusive':
      return line('release', `step ${event.step}: ${event.code}, ${findingText(event.finding)}`);
    case 'StepWaits':
      return line('release', `step ${event.step}: ${event.why}`);
    case 'TargetsLeftOut':
      return line('release', `step ${event.step}: ${event.silent} offline`);
    case 'ChannelRefused':
      return line('release', `${event.code}: ${event.detail}`);
    case 'RollbackAsked':
      return line('release');
    case 'RollbackAnswered':
      return line('gatekeeper', event.done ? `to ${event.to_pack_id}` : (event.code ?? ''));
    case 'StepAsked':
    case 'StepSoaked':
    case 'StepMeasured':
    case 'StepResumed':
    case 'ChannelAsked':
    case 'ChannelSeen':
    case 'OfferWithdrawn':
    case 'EndingBegun':
    case 'CloseAsked':
    case 'RequestAnswered':
      return null;
    default:
      return event satisfies never;
  }
}
