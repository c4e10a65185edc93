/**
 * Phases of the public machines, and which are terminal. Transition tables live beside each machine (`domain/table.ts`);
 * a test compares the names.
 */
export const buildPhases = [
  'CREATED',
  'RUNNING',
  'PAUSED',
  'BLOCKED',
  'CLOSING',
  'COMPLETED',
  'VALIDATION_FAILED',
  'FAILED',
  'CANCELLED',
  'VOIDED',
] as const;
export type BuildPhase = (typeof buildPhases)[number];
export const terminalBuildPhases: readonly BuildPhase[] = [
  'COMPLETED',
  'VALIDATION_FAILED',
  'FAILED',
  'CANCELLED',
  'VOIDED',
];
export const isTerminalBuildPhase = (phase: BuildPhase): boolean => terminalBuildPhases.includes(phase);

/** A stage as its build sees it. PASS needs a sealed decision and a stored report. */
export const stagePhases = [
  'PENDING',
  'COMMANDED',
  'FENCING',
  'WAITING_RETRY',
  'PASS',
  'FAIL',
  'ERROR',
  'SKIP',
] as const;
export type StagePhase = (typeof stagePhases)[number];

/** Public release statuses (Release Record). */
export const releasePhases = [
  'DRAFT',
  'QUEUED',
  'VERIFYING',
  'VERIFIED',
  'RELEASING',
  'RELEASED',
  'PAUSED',
  'ROLLED_BACK',
  'FAILED',
  'CANCELED',
] as const;
export type ReleasePhase = (typeof releasePhases)[number];
export const terminalReleasePhases: readonly ReleasePhase[] = ['ROLLED_BACK', 'FAILED', 'CANCELED'];
/** A step of a release: a cohort, from its turn to its promotion. */
export const stepPhases = [
  'PENDING',
  'WAITING_WINDOW',
  'DISPATCHING',
  'CONVERGING',
  'SOAKING',
  'ANALYZING',
  'GATE',
  'DONE',
  'FAILED',
  'INCONCLUSIVE',
] as const;
export type StepPhase = (typeof stepPhases)[number];

/** A node as a release's ledger has it. */
export const targetStates = [
  'PENDING',
  'OFFERED',
  'VERIFIED',
  'ACTIVATED',
  'CONFIRMED',
  'FAILED',
  'TIMED_OUT',
  'OFFLINE_EXCLUDED',
  'ROLLED_BACK',
  'DRIFTED',
] as const;
export type TargetState = (typeof targetStates)[number];
/** End of a build that `CLOSE` seals. */
export const buildOutcomes = ['COMPLETED', 'VALIDATION_FAILED', 'FAILED', 'CANCELLED'] as const;
export type BuildOutcome = (typeof buildOutcomes)[number];
