export { channelFault } from './channel/channel-name.ts';
export { whatOf } from './channel/decide/asks.ts';
export { decideChannel } from './channel/decide.ts';
export type { ChannelEvent } from './channel/events.ts';
export { evolveChannel } from './channel/evolve.ts';
export { channelIndexOf } from './channel/index-of.ts';
export {
  type AskChange,
  type AskRollback,
  type ChannelInput,
  type ChannelReceipt,
  type Confirmed,
  channelKeyOf,
  type OfferPack,
  type OpenCohorts,
  type Preflighted,
  type Switch,
  type Withdraw,
} from './channel/inputs.ts';
export {
  type RollbackHistory,
  type RollbackTarget,
  type RollbackWanted,
  rollbackTarget,
} from './channel/rollback-target.ts';
export type { ChannelSend } from './channel/sends.ts';
export {
  type Act,
  type AskedChange,
  type Candidate,
  type ChannelPhase,
  type ChannelState,
  channelPhaseOf,
  everyone,
  initialChannel,
  isBarred,
  type PastOffer,
  type RollbackInForce,
  type Rolling,
} from './channel/state.ts';
export { channelTable } from './channel/table.ts';
export { type ChannelNode, channelView } from './channel/view.ts';
export { decide } from './decide.ts';
export type { ReleaseEvent } from './events.ts';
export { evolve } from './evolve.ts';
export {
  type AlarmFired,
  type Barred,
  type ChannelPublished,
  type Create,
  keyOf,
  type Receipt,
  type ReleaseInput,
  type RollbackRefused,
  type VerifyRequested,
} from './inputs.ts';
export {
  decideNode,
  evolveNode,
  type Join,
  type NodeEvent,
  type NodeInput,
  type NodeReceipt,
  type NodeSend,
  nodeKeyOf,
  nodeTable,
  type Report,
} from './node/node.ts';
export { type Identity, initialNode, type NodePhase, type NodeState, nodePhaseOf } from './node/state.ts';
export { nodeView } from './node/view.ts';
export { type Alarm, activationAlarm, type Job, type PublicChange, type Send } from './sends.ts';
export { type Asked, type Eligible, initial, type Phase, phaseOf, type ReleaseState } from './state.ts';
export { releaseTable } from './table.ts';
export { trustRootTable } from './trust-root.ts';
export { statusOf } from './view.ts';
export { waitingFor } from './waiting.ts';
