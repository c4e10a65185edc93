import {
  channelClaimSchema,
  type GateClaim,
  nameSchema,
  payloadTypes,
  type RollbackClaim,
  rollbackClaimSchema,
} from '@orgo/contracts';
import { after, canonicalBytes, type DsseEnvelope, pae, toBase64 } from '@orgo/core';
import type { Keyring } from '@orgo/runtime/signer';
import {
  authorizationFor,
  type ChannelFacts,
  type ChannelGate,
  type PackUse,
  type ReleaseFacts,
  type RollbackFacts,
  type RollbackPolicy,
  rollbackChecks,
} from '../domain/index.ts';
import type { About } from '../held-channels.ts';
import type { Reads } from '../reads.ts';

const dayMs = 86_400_000;

/** The channel a claim speaks of, or null: it is the aggregate, so it must be a name. */
export function channelOf(claim: GateClaim): string | null {
  const name = nameSchema.safeParse(claim.detail.channel);
  return name.success ? name.data : null;
}

/**
 * What a release is about. Which pack it is comes from the sealed record, never from a claim: who asks would choose what it is judged by. null where there is
 * no channel or no pack.
 */
export async function aboutOf(
  reads: Reads,
  tenant_id: string,
  { channel, pack_id }: { channel: string | null; pack_id: string | null },
): Promise<About | null> {
  if (channel === null || pack_id === null) return null;
  const { pack_seq } = await reads.pack(tenant_id, channel, pack_id);
  return { channel, pack_id, pack_seq };
}

/** What a change of a channel is judged by; null where the claim is malformed. */
export async function channelFacts(reads: Reads, { tenant_id, detail }: GateClaim): Promise<ChannelFacts | null> {
  const asked = channelClaimSchema.safeParse(detail);
  if (!asked.success) return null;
  const { channel, change } = asked.data;
  const facts: ChannelFacts = { asked: asked.data, pack: null, use: null };
  if (change.change === 'pin') return { ...facts, pack: await reads.pack(tenant_id, channel, change.pack_id) };
  if (change.change !== 'validated') return facts;
  const { open } = await reads.channel(tenant_id, channel);
  const at = open.findIndex((one) => one.rollback_id === change.rollback_id);
  const asking = open[at];
  if (asking === undefined) return facts;
  // Validating it ends earlier rollbacks too: no node may run a pack that any of them left.
  const left = new Set(open.slice(0, at + 1).map(({ from_pack_id }) => from_pack_id));
  left.delete(asking.to_pack_id);
  const [to, ...from] = await Promise.all(
    [asking.to_pack_id, ...left].map((pack) => reads.packUse(tenant_id, channel, pack)),
  );
  const nodes = from.reduce((sum, use) => sum + use.nodes, 0);
  return {
    ...facts,
    use: { from: { nodes, decisions: from.flatMap(({ decisions }) => decisions) }, to: to as PackUse },
  };
}

/** What a rollback asks for; null where the claim is malformed. */
export function rollbackAsked({ detail }: GateClaim): RollbackClaim | null {
  const asked = rollbackClaimSchema.safeParse(detail);
  return asked.success ? (asked.data as RollbackClaim) : null;
}

/** A rollback's authorization is valid from the claim's `as_of` on. */
export const policyAt = (as_of: string, { days, most }: { days: number; most: number }): RollbackPolicy => ({
  expires_at: after(as_of, days * dayMs),
  most,
});

/**
 * What a rollback is judged by, and the authorization signed over it where it will be given: it is signed only for what the gate as it stands
 * would grant, and the gate decides again under its lock.
 * @throws Fault SIGNER_UNAVAILABLE, DATABASE_UNAVAILABLE
 */
export async function rollbackFacts(
  { reads, keyring }: { reads: Reads; keyring: Keyring },
  claim: GateClaim,
  asked: RollbackClaim,
  more: { release: ReleaseFacts; policy: RollbackPolicy; now: string },
): Promise<RollbackFacts> {
  const { tenant_id } = claim;
  const [source, target, confirmed, gate] = await Promise.all([
    reads.authorized(tenant_id, asked.release_id),
    reads.authorized(tenant_id, asked.to.release_id),
    reads.confirmedRelease(tenant_id, asked.to.release_id),
    reads.channel(tenant_id, asked.channel),
  ]);
  const { release, policy } = more;
  const facts: RollbackFacts = { asked, source, target, confirmed, release, policy, envelope: null };
  if (!wouldPass(gate, facts, more.now) || asked.trigger === 'drill') return facts;
  const payload = canonicalBytes(authorizationFor({ claim, tenant_id }, facts));
  const signer = await keyring.signer(tenant_id, 'gatekeeper');
  const sig = toBase64(await signer.sign(pae(payloadTypes.rollback, payload)));
  const envelope: DsseEnvelope = {
    payloadType: payloadTypes.rollback,
    payload: toBase64(payload),
    signatures: [{ keyid: signer.key_id, sig }],
  };
  return { ...facts, envelope };
}

const wouldPass = (gate: ChannelGate, facts: RollbackFacts, now: string): boolean =>
  rollbackChecks(gate, facts, now).every(({ findings }) => findings.length === 0);
