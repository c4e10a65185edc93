import type { ReasonCode, StageCommand, StageDefinition } from '@orgo/contracts';
import { canonical } from '@orgo/core';
import { sameRefs } from '../decision.ts';
import type { ReplyInput } from '../facts.ts';
import type { Admission, StageGate } from '../state.ts';

type No = { code: ReasonCode; detail: string };

/** Whether a reply and the command it carries speak of the same thing, and the sender answers for that stage. */
export function correlationFault(input: ReplyInput, stage: StageDefinition): No | null {
  const { reply } = input;
  if (input.adapter !== stage.adapter) {
    return {
      code: 'ADAPTER_KEY_NOT_AUTHORIZED',
      detail: `adapter ${input.adapter} does not answer for ${stage.stage}`,
    };
  }
  if (!input.command.ok)
    return { code: input.command.code, detail: 'the command it answers is not the orchestrator’s' };
  const { command } = input.command;
  const differs = (['tenant_id', 'build_id', 'stage', 'attempt', 'epoch', 'idem_key'] as const).find(
    (name) => reply[name] !== command[name],
  );
  if (differs !== undefined)
    return { code: 'REPLY_CORRELATION_MISMATCH', detail: `reply and command differ in ${differs}` };
  if (reply.command_digest !== input.command_digest)
    return { code: 'REPLY_CORRELATION_MISMATCH', detail: 'the reply names another command' };
  if (command.adapter !== stage.adapter)
    return { code: 'REPLY_CORRELATION_MISMATCH', detail: 'the command is for another adapter' };
  // The record names this as the tool that did the work.
  return reply.adapter.name === stage.adapter
    ? null
    : { code: 'REPLY_CORRELATION_MISMATCH', detail: `the reply says it is by ${reply.adapter.name}` };
}

/** Whether the work was done under the one authorization of the stage, for exactly its inputs, as the pinned pipeline configures it, at the build's time. */
export function authorizationFault(
  input: ReplyInput,
  command: StageCommand,
  turn: { stage: StageDefinition; gate: StageGate; admission: Admission },
): No | null {
  const { stage, gate, admission } = turn;
  if (command.authorization_digest !== gate.authorization || input.reply.authorization_digest !== gate.authorization) {
    return { code: 'GATE_INPUT_MISMATCH', detail: 'made under another authorization' };
  }
  if (!sameRefs(command.inputs, gate.inputs))
    return { code: 'GATE_INPUT_MISMATCH', detail: 'made from other inputs than those authorized' };
  if (canonical(command.config) !== canonical(stage.config))
    return { code: 'COMMAND_PAYLOAD_MISMATCH', detail: 'the command is configured otherwise than the pinned pipeline' };
  return command.as_of === admission.as_of ? null : { code: 'GATE_INPUT_MISMATCH', detail: 'made for another as_of' };
}
