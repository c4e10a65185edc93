export { channelFault } from './decide/create.ts';
export { decide } from './decide.ts';
export type { ReleaseEvent } from './events.ts';
export { evolve } from './evolve.ts';
export {
  type AlarmFired,
  type Barred,
  type Create,
  keyOf,
  type Published,
  type Receipt,
  type ReleaseInput,
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
export { statusOf } from './view.ts';
export { waitingFor } from './waiting.ts';
