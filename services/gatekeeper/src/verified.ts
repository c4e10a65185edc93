import {
  type ClaimKind,
  claimKinds,
  claimSchema,
  commandSchema,
  type Digest,
  type GateClaim,
  payloadTypes,
  type ReplyItem,
  replySchema,
  roleOfAdapter,
  type SignedItemWire,
  type StageCommand,
  type StageReply,
} from '@orgo/contracts';
import {
  digestOfBytes,
  ok,
  parseStrict,
  type ReasonCode,
  type Result,
  refuse,
  type SignedItem,
  type StatementCache,
  utf8,
} from '@orgo/core';
import { verifyItemUnder } from '@orgo/core/root-history';
import { verifySignature } from '@orgo/runtime/signer';
import type { Root } from '@orgo/runtime/trust';
import type { CommandFact } from './domain/index.ts';

/** Codes that say "not by who may sign this", as against "not readable". */
const untrusted: ReadonlySet<ReasonCode> = new Set(['KEY_UNKNOWN', 'KEY_NOT_TRUSTED_FOR_ROLE', 'KEY_REVOKED']);

const verify = (
  item: SignedItemWire,
  type: string,
  role: string,
  { root, cache }: { root: Root; cache: StatementCache },
) => verifyItemUnder(item as SignedItem, { root, role, type, verify: verifySignature, cache });

export type VerifiedClaimItem = { claim: GateClaim; digest: Digest; key_id: string };

/**
 * A claim by the role that its kind needs. Refuses with `CLAIM_SIGNER_UNTRUSTED`, `CLAIM_MALFORMED` or `TENANT_MISMATCH`; who sent it cannot be held to
 * it then, so it is counted and not sealed.
 */
export function verifyClaim(item: SignedItemWire, root: Root, cache: StatementCache): Result<VerifiedClaimItem> {
  const told = parseStrict(item.payload);
  const kind = told.ok ? (told.value as { claim?: string } | null)?.claim : undefined;
  if (typeof kind !== 'string' || !Object.hasOwn(claimKinds, kind))
    return refuse('CLAIM_MALFORMED', 'no kind of claim');
  const signed = verify(item, payloadTypes.claim, claimKinds[kind as ClaimKind].role, { root, cache });
  if (!signed.ok) return refuse('CLAIM_SIGNER_UNTRUSTED', `${signed.code} ${signed.detail}`);
  const claim = claimSchema.safeParse(signed.value.payload);
  if (!claim.success) return refuse('CLAIM_MALFORMED', claim.error.issues[0]?.message ?? 'it does not parse');
  if (claim.data.tenant_id !== root.tenant_id) return refuse('TENANT_MISMATCH', 'the claim names another tenant');
  return ok({ claim: claim.data as GateClaim, digest: signed.value.digest, key_id: signed.value.key_id });
}

export type VerifiedReplyItem = {
  reply: StageReply;
  digest: Digest;
  key_id: string;
  adapter: string;
  command: CommandFact;
  command_digest: Digest;
};

/**
 * A reply by some adapter of the tenant; whether that adapter may answer for the stage is the gate's to decide, on record. Refuses with
 * `ADAPTER_KEY_NOT_AUTHORIZED`, `REPLY_SIGNATURE_INVALID`, `REPLY_MALFORMED` or `TENANT_MISMATCH` what nobody can be held to.
 */
export function verifyReply(item: ReplyItem, root: Root, cache: StatementCache): Result<VerifiedReplyItem> {
  const { role } = item.reply.proof;
  const adapter = role.slice(roleOfAdapter('').length);
  if (role !== roleOfAdapter(adapter) || adapter === '')
    return refuse('ADAPTER_KEY_NOT_AUTHORIZED', `signed as ${role}`);
  const signed = verify(item.reply, payloadTypes.reply, role, { root, cache });
  if (!signed.ok)
    return refuse(
      untrusted.has(signed.code) ? 'ADAPTER_KEY_NOT_AUTHORIZED' : 'REPLY_SIGNATURE_INVALID',
      `${signed.code} ${signed.detail}`,
    );
  const reply = replySchema.safeParse(signed.value.payload);
  if (!reply.success) return refuse('REPLY_MALFORMED', reply.error.issues[0]?.message ?? 'it does not parse');
  if (reply.data.tenant_id !== root.tenant_id) return refuse('TENANT_MISMATCH', 'the reply names another tenant');
  return ok({
    reply: reply.data as StageReply,
    digest: signed.value.digest,
    key_id: signed.value.key_id,
    adapter,
    command: verifyCommand(item.command, root, cache),
    command_digest: digestOfBytes(utf8(item.command.payload)),
  });
}

/** The command a reply carries. A forged one is no reason to lose the reply: an adapter that refuses it says so. */
function verifyCommand(item: SignedItemWire, root: Root, cache: StatementCache): CommandFact {
  const signed = verify(item, payloadTypes.command, 'orchestrator', { root, cache });
  if (!signed.ok) return { ok: false, code: 'COMMAND_SIGNER_UNTRUSTED' };
  const command = commandSchema.safeParse(signed.value.payload);
  return command.success
    ? { ok: true, command: command.data as StageCommand }
    : { ok: false, code: 'COMMAND_MALFORMED' };
}
