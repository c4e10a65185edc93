import { isReasonCode, type ReasonCode, type StageCommand, type StageDefinition } from '@orgo/contracts';
import { canonical, sameRefs } from '@orgo/core';
import type { ReplyInput } from '../facts.ts';
import type { Admission, StageGate } from '../state.ts';

/** What a reply says by itself, before its build is looked at. */
type Words = Pick<ReplyInput, 'reply' | 'command' | 'command_digest' | 'adapter'>;
type No = { code: ReasonCode; detail: string };

/** In what a reply and the command beside it disagree; null when they speak of the same thing. */
function disagreement({ reply, command_digest }: Words, command: StageCommand): string | null {
  const differs = (['tenant_id', 'build_id', 'stage', 'attempt', 'epoch', 'idem_key'] as const).find(
    (name) => reply[name] !== command[name],
  );
  if (differs !== undefined) return `reply and command differ in ${differs}`;
  return reply.command_digest === command_digest ? null : 'the reply names another command';
}

/**
 * What a reply will be refused with whatever its build has come to, since nothing in it leads back to a command of the orchestrator that its signer was
 * asked to answer; null for every other. Such replies can be brought about without end by anybody who reaches the bus, for an adapter signs that it refuses
 * what is forged.
 */
export function unproven(words: Words): ReasonCode | null {
  const { reply, command, adapter } = words;
  if (reply.status === 'refused') return reply.reason_codes.find(isReasonCode) ?? 'COMMAND_MALFORMED';
  if (!command.ok) return command.code;
  if (command.command.adapter !== adapter) return 'ADAPTER_KEY_NOT_AUTHORIZED';
  const agrees =
    disagreement(words, command.command) === null &&
    reply.adapter.name === adapter &&
    reply.authorization_digest === command.command.authorization_digest;
  return agrees ? null : 'REPLY_CORRELATION_MISMATCH';
}

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
  const detail = disagreement(input, command);
  if (detail !== null) return { code: 'REPLY_CORRELATION_MISMATCH', detail };
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
