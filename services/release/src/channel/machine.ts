import type { Machine } from '@orgo/store/machine';
import { tableRepo } from '@orgo/store/repo';
import * as domain from '../domain/index.ts';

export type ChannelMachine = Machine<
  domain.ChannelState,
  domain.ChannelInput,
  domain.ChannelEvent,
  domain.ChannelSend,
  never
>;

export const channelMachine: ChannelMachine = {
  name: 'channel',
  keyOf: domain.channelKeyOf,
  initial: domain.initialChannel,
  decide: domain.decideChannel,
  evolve: domain.evolveChannel,
  phaseOf: domain.channelPhaseOf,
  repo: tableRepo('channel'),
};
