import { type CommandItem, commandSchema, replySchema, type StageReply } from '@orgo/contracts';
import { canonical, digestOfBytes, parseStrict, type Refusal, utf8 } from '@orgo/core';
import type { CheckedCommand } from './check.ts';
import type { StageDefinition } from './define.ts';
import type { StageOutcome } from './run-stage.ts';

/** Largest payload text a signed item carries, in UTF-8 bytes. */
const maxPayloadBytes = 65_535;

const maxDetail = 500;

/** What no message may hold: controls, noncharacters, and U+0000 also where it is only spelled (PostgreSQL keeps neither). */
const unsayable = /[\p{Cc}\p{Noncharacter_Code_Point}]|\\u0000/gu;
const spelled = (found: string): string =>
  `\\u{${(found.startsWith('\\') ? 0 : (found.codePointAt(0) ?? 0)).toString(16)}}`;

/** Text for a person, whatever a stage or its input put into it: a reply that cannot be taken would hold its build up for ever. */
export const bounded = (text: string): string =>
  text.slice(0, maxDetail).toWellFormed().replace(unsayable, spelled).slice(0, maxDetail).toWellFormed();

const adapterOf = ({ adapter, version }: StageDefinition): StageReply['adapter'] => ({ name: adapter, version });

const failure = (
  reply: StageReply,
  status: 'failed' | 'error',
  code: StageReply['reason_codes'][number],
  detail: string,
): StageReply => ({
  ...reply,
  status,
  reason_codes: [code],
  detail: bounded(detail),
  outputs: [],
  metrics: {},
  diagnostics: [],
});

/**
 * Words an outcome as the reply to its command. A result that no reply can carry (numbers that are none, codes of no shape) is a bug of the stage,
 * `STAGE_INTERNAL_ERROR`; one that is too long is `STAGE_LIMIT_EXCEEDED`.
 */
export function replyTo(checked: CheckedCommand, definition: StageDefinition, outcome: StageOutcome): StageReply {
  const { command, command_digest, authorization_digest } = checked;
  const { tenant_id, build_id, stage, attempt, epoch, idem_key } = command;
  const { status, codes, detail, outputs, metrics, diagnostics, duration_ms } = outcome;
  const same = {
    v: 1 as const,
    tenant_id,
    build_id,
    stage,
    attempt,
    epoch,
    idem_key,
    command_digest,
    authorization_digest,
    adapter: adapterOf(definition),
    duration_ms,
  };
  const reply: StageReply = {
    ...same,
    status,
    reason_codes: [...codes],
    detail: bounded(detail),
    outputs: [...outputs],
    metrics: { ...metrics },
    diagnostics: [...diagnostics],
  };
  const parsed = replySchema.safeParse(reply);
  if (!parsed.success)
    return failure(reply, 'error', 'STAGE_INTERNAL_ERROR', `not a reply: ${parsed.error.issues[0]?.message ?? ''}`);
  if (utf8(canonical(reply)).length > maxPayloadBytes)
    return failure(reply, 'failed', 'STAGE_LIMIT_EXCEEDED', 'the reply names too much');
  return reply;
}

/** What a refusal must quote. Read from a command that may be forged or malformed: it identifies, and proves nothing. */
const quotedSchema = commandSchema
  .pick({ build_id: true, stage: true, attempt: true, epoch: true, idem_key: true })
  .strip();

/**
 * Words a refusal of a command, for the tenant in whose subject it came. Null when the command does not even say what it is about: then there is nothing
 * to answer, and the log line is all there is.
 */
export function refusalOf(
  item: CommandItem,
  tenant: string,
  definition: StageDefinition,
  refusal: Refusal,
): StageReply | null {
  const payload = parseStrict(item.command.payload);
  const quoted = quotedSchema.safeParse(payload.ok ? payload.value : undefined);
  if (!quoted.success) return null;
  return {
    v: 1,
    tenant_id: tenant,
    ...quoted.data,
    command_digest: digestOfBytes(utf8(item.command.payload)),
    authorization_digest: null,
    status: 'refused',
    reason_codes: [refusal.code],
    detail: bounded(refusal.detail),
    outputs: [],
    adapter: adapterOf(definition),
    diagnostics: [],
    metrics: {},
    duration_ms: 0,
  };
}
