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
  hasWayBack,
  isStranded,
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
  type PastOffer,
  type RollbackInForce,
  type Rolling,
} from './channel/state.ts';
export { strayOffers } from './channel/strays.ts';
export { channelTable } from './channel/table.ts';
export { type ChannelNode, channelView } from './channel/view.ts';
export { decide } from './decide.ts';
export type { ReleaseEvent } from './events.ts';
export { evolve } from './evolve.ts';
export {
  type Barred,
  type ChannelPublished,
  type ChannelRefused,
  type ChannelWithdrew,
  type Create,
  keyOf,
  type Look,
  type Person,
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
export { type Progress, progressOf } from './node/progress.ts';
export { type Identity, initialNode, type NodePhase, type NodeState, nodePhaseOf } from './node/state.ts';
export { nodeView } from './node/view.ts';
export { toPublicRelease } from './public-record.ts';
export { reconcile } from './reconcile.ts';
export { circleOf, type Requiring } from './rollout/circle.ts';
export { type Counts, noCounts, type Observed } from './rollout/counts.ts';
export type { Member, Step } from './rollout/freeze.ts';
export { integrityCodeList } from './rollout/integrity-codes.ts';
export type { Folded, Measures } from './rollout/measure.ts';
export { type Alarm, type ChannelWish, nowAlarm, type PublicChange, type RollbackWish, type Send } from './sends.ts';
export {
  type Asked,
  type Eligible,
  initial,
  type Phase,
  phaseOf,
  type ReleaseState,
  restored,
  type StoredFile,
  type StoredRelease,
} from './state.ts';
export { releaseTable, stepTable } from './table.ts';
export { trustRootTable } from './trust-root.ts';
export { statusOf } from './view.ts';
