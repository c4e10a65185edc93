export { type ChannelGateOutcome, decideChannelGate } from './channel/decide.ts';
export type * from './channel/facts.ts';
export {
  type ChannelGate,
  type ChannelGateEvent,
  channelGateTable,
  evolveChannelGate,
  initialChannelGate,
} from './channel/machine.ts';
export { authorizationFor, rollbackChecks } from './channel/rollback.ts';
export type { VerifiedClaim } from './claim-decision.ts';
export { closedWith, outcomeOf, recordFindings } from './decide/close.ts';
export { unproven } from './decide/correlation.ts';
export { decideGate } from './decide.ts';
export type { DecisionSend, Signable } from './decision.ts';
export type { GateEvent, GateEventType } from './events.ts';
export { evolveGate } from './evolve.ts';
export type * from './facts.ts';
export { decideNode, type JoinFacts, type NodeInput, type ReportFacts } from './node/decide.ts';
export { evolveNode, initialNode, type NodeEvent, type NodeGate, nodeTable } from './node/machine.ts';
export { decideRelease } from './release/decide.ts';
export type * from './release/facts.ts';
export { evolveRelease, type ReleaseEvent, releaseTable } from './release/machine.ts';
export { initialRelease, type ReleaseGate } from './release/state.ts';
export { type Closing, type GatePhase, type GateState, gatePhases, initialGate } from './state.ts';
export { gateTable } from './table.ts';
export { decideTrustRoot, type TrustRootFacts, type TrustRootInput } from './trust-root/decide.ts';
export {
  evolveTrustRoot,
  initialTrustRoot,
  type TrustRootEvent,
  type TrustRootGate,
  trustRootTable,
} from './trust-root/machine.ts';
