export { outcomeOf, recordFindings } from './decide/close.ts';
export { decideGate } from './decide.ts';
export { type DecisionSend, nothing, type Signable, sortRefs } from './decision.ts';
export type { GateEvent, GateEventType } from './events.ts';
export { evolveGate } from './evolve.ts';
export type * from './facts.ts';
export { type GatePhase, type GateState, gatePhases, initialGate } from './state.ts';
export { gateTable } from './table.ts';
