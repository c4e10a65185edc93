import { channelFault } from '../channel/channel-name.ts';
import type { Create, No, Timed } from '../inputs.ts';
import type { ReleaseState } from '../state.ts';
import { nothing, type Yes, yes } from './outcome.ts';

/** A release begins: the evidence is read next. */
export function decideCreate(state: ReleaseState, { asked, now }: Timed<Create>): Yes | No {
  const fault = channelFault(asked.channel);
  if (fault !== null) return fault;
  if (state.phase !== 'NEW') return nothing;
  return yes({ events: [{ type: 'ReleaseCreated', at: now, asked }], sends: [{ send: 'job', job: 'verify' }] });
}
