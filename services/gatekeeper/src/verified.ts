import {
  type ClaimKind,
  claimKinds,
  claimSchema,
  commandSchema,
  type Digest,
  decisionSchema,
  type GateClaim,
  type GateDecision,
  payloadTypes,
  type ReplyItem,
  replySchema,
  roleOfAdapter,
  type SealedDecision,
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
import { verifySeal } from '@orgo/core/seal';
import { verifySignature } from '@orgo/runtime/signer';
import type { Root, TrustStore } from '@orgo/runtime/trust';
import type { CommandFact } from './domain/index.ts';

/** What signatures are judged by: the roots this process believes, and the batch statements it has already checked. */
export type Believe = { trust: TrustStore; cache: StatementCache };

/** Codes that say "not by who may sign this", as against "not readable". */
const untrusted: ReadonlySet<ReasonCode> = new Set(['KEY_UNKNOWN', 'KEY_NOT_TRUSTED_FOR_ROLE', 'KEY_REVOKED']);

const verify = (
  item: SignedItemWire,
  type: string,
  role: string,
  { root, cache, index }: { root: Root; cache: StatementCache; index?: number },
) => verifyItemUnder(item as SignedItem, { root, role, type, index, verify: verifySignature, cache });

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

/**
 * A sealed decision of this tenant: signed by its gatekeeper under the root version it names, and a leaf of its log.
 * Refuses with a code of `verifyItem` or `verifySeal`, `DECISION_MALFORMED` or `TENANT_MISMATCH`.
 * @throws Fault ROOT_VERSION_UNKNOWN
 */
export async function verifySealedDecision(
  evidence: SealedDecision,
  root: Root,
  { trust, cache }: Believe,
): Promise<Result<{ decision: GateDecision; digest: Digest; key_id: string; index: number }>> {
  const { index } = evidence.seal;
  const signed = verify(evidence.decision, payloadTypes.decision, 'gatekeeper', { root, cache, index });
  if (!signed.ok) return signed;
  const decision = decisionSchema.safeParse(signed.value.payload);
  if (!decision.success) return refuse('DECISION_MALFORMED', decision.error.issues[0]?.message ?? 'it does not parse');
  if (decision.data.tenant_id !== root.tenant_id) return refuse('TENANT_MISMATCH', 'the decision names another tenant');
  const named = await trust.root(root.tenant_id, decision.data.root_version);
  const seal = verifySeal(evidence.seal, evidence.decision.payload, { log: named.log, verify: verifySignature, cache });
  const { digest, key_id } = signed.value;
  return seal.ok ? ok({ decision: decision.data as GateDecision, digest, key_id, index }) : seal;
}
