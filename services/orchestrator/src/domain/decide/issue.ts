import { type Digest, type StageCommand, type StageDefinition, stageOf } from '@orgo/contracts';
import { after, digestOf } from '@orgo/core';
import { stageKey } from '../keys.ts';
import type { Alarm } from '../sends.ts';
import type { BuildState, OpenStage, Permission } from '../state.ts';
import { type Yes, yes } from './outcome.ts';

/** How much longer than the lease the orchestrator waits: a reply given in time may still be on its way. */
export const leaseGraceMs = 500;

export const leaseAlarm = (open: { stage: string; attempt: number; epoch: number }): string =>
  `lease:${open.stage}:${open.attempt}:${open.epoch}`;
export const retryAlarm = (open: { stage: string; attempt: number; epoch: number }): string =>
  `retry:${open.stage}:${open.attempt}:${open.epoch}`;

/** Definition of a stage that is known to be in the pipeline: only such a stage is ever opened. */
export function definitionOf(state: BuildState, stage: string): StageDefinition {
  const definition = stageOf(state.pipeline, stage);
  if (definition === undefined) throw new RangeError(`${state.build_id} has no stage ${stage}`);
  return definition;
}

/** The command as it was signed, made again from the state: the same text, so the same digest. */
export function commandOf(state: BuildState, open: Omit<OpenStage, 'command_digest'>): StageCommand {
  const definition = definitionOf(state, open.stage);
  return {
    v: 1,
    tenant_id: state.tenant_id,
    build_id: state.build_id,
    stage: open.stage,
    adapter: definition.adapter,
    attempt: open.attempt,
    epoch: open.epoch,
    idem_key: open.idem_key,
    authorization_digest: open.authorization_digest,
    inputs: open.inputs,
    config: definition.config,
    as_of: state.as_of,
    not_after: open.not_after,
  };
}

/** The key before this stage’s: of the stage before, or of the run. */
const keyBefore = (state: BuildState): Digest => state.stages.at(-1)?.idem_key ?? state.run_key;

/** Key of the stage that is next in the chain, from the chain as it stands. */
export const freshKey = (state: BuildState, permission: Omit<Permission, 'idem_key'>): Digest =>
  stageKey(definitionOf(state, permission.stage), keyBefore(state), permission.inputs, state.pipeline_ref);

const issue = (
  state: BuildState,
  permission: Permission,
  turn: { attempt: number; budget_from: number; epoch: number },
  now: string,
): Yes => {
  const { lease_ms } = definitionOf(state, permission.stage);
  const not_after = after(now, lease_ms);
  const command = commandOf(state, { ...blankOpen, ...permission, ...turn, not_after });
  const alarm: Alarm = {
    id: leaseAlarm(command),
    kind: 'lease',
    due_in_ms: lease_ms + leaseGraceMs,
    data: { stage: command.stage, attempt: command.attempt, epoch: command.epoch },
  };
  return yes({
    events: [
      { type: 'StageCommanded', stage: permission.stage, ...turn, command_digest: digestOf(command), not_after },
    ],
    sends: [{ send: 'command', command, again: false }],
    alarms: [alarm],
  });
};

const blankOpen = {
  phase: 'COMMANDED',
  fence: null,
  claim_digest: null,
  asked_by: '',
  due: false,
  reason_codes: [],
  log_index: null,
  report: null,
} as const satisfies Partial<OpenStage>;

/** Commands an authorized stage for the first time. */
export const issueFirst = (state: BuildState, permission: Permission, now: string): Yes =>
  issue(state, permission, { attempt: 1, budget_from: 1, epoch: 1 }, now);

/** Commands the open stage again under the same authorization and key: the next attempt, at the epoch of its fence. */
export const issueAgain = (state: BuildState, open: OpenStage, now: string): Yes => {
  const { stage, inputs, authorization_digest, decision_digest, idem_key, attempt, budget_from, epoch } = open;
  const permission = { stage, inputs, authorization_digest, decision_digest, idem_key };
  return issue(state, permission, { attempt: attempt + 1, budget_from, epoch }, now);
};
