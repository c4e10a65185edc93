import { type ClaimItem, claimSchema, type ReasonCode } from '@orgo/contracts';
import { type JsonValue, keyIdentity, parseStrict, signBatch } from '@orgo/core';
import { Fault } from '@orgo/runtime/errors';
import { type AnySigner, type Keyring, trustedKeyOf } from '@orgo/runtime/signer';
import type { TrustStore } from '@orgo/runtime/trust';
import type { Db } from '@orgo/store/db';
import type { FaultPoints } from '@orgo/store/fault-points';
import type { OutRow } from '@orgo/store/machine';
import { insertOutbox } from '@orgo/store/outbox';
import type { OutboxRow } from '@orgo/store/outbox-row';
import type { OnRefused } from '@orgo/store/relay';
import type { Turns } from '@orgo/store/turns';
import type { ChannelInput } from './domain/index.ts';
import { handOver } from './each-job.ts';

export type TurnedAwayDeps = {
  db: Db;
  keyring: Keyring;
  trust: TrustStore;
  channels: Turns<ChannelInput>;
  nudge(rows: readonly OutboxRow[]): void;
  faults: FaultPoints;
};

const role = 'release';

/** The key that the newest root wants claims to be signed with, where it is held here and is not the one that signed; else null. */
async function otherSigner(deps: TurnedAwayDeps, tenant: string, key_id: string): Promise<AnySigner | null> {
  const newest = (await deps.trust.chain(tenant)).roots.at(-1);
  const held = await deps.keyring.signers(tenant, role);
  const byIdentity = new Map(held.map((signer) => [keyIdentity(trustedKeyOf(signer)), signer]));
  const [first] = newest?.keysOf(role).flatMap((key) => byIdentity.get(keyIdentity(key)) ?? []) ?? [];
  return first === undefined || first.key_id === key_id ? null : first;
}

/** Says a claim once more, the same text under another key: whoever took the first takes this one for it. */
async function sayAgain({ db, nudge, faults }: TurnedAwayDeps, row: OutboxRow, item: ClaimItem, signer: AnySigner) {
  const { type, payload } = item.claim;
  const of = { role, tenant_id: row.tenant_id, key_id: signer.key_id };
  const [claim] = await signBatch([{ type, payload }], of, (message) => signer.sign(message));
  const { id: _id, ...same } = row;
  const again = { ...same, item: { ...item, claim } as unknown as JsonValue } as OutRow;
  await faults.at('release.beforeAgain');
  const rows = await db.tx((tx) => insertOutbox(tx, [again]));
  // crash: if we die here the first is refused again, and said a third time.
  await faults.at('release.saidAgain');
  nudge(rows);
}

/** What a channel asked for, by the id that it knows it by; null for a claim that is no channel's. */
function askedBy({ aggregate, tenant_id }: OutboxRow, { claim }: ClaimItem, code: ReasonCode): ChannelInput | null {
  const json = parseStrict(claim.payload);
  const said = claimSchema.safeParse(json.ok ? json.value : undefined);
  if (!aggregate.startsWith('channel:') || !said.success) return null;
  const { detail, build_id, claim: kind } = said.data;
  const request_id = kind === 'ROLLBACK' ? detail.rollback_id : build_id;
  if (typeof request_id !== 'string') return null;
  return { type: 'turned-away', tenant_id, channel: aggregate.slice('channel:'.length), request_id, code };
}

/**
 * What follows when the gatekeeper does not hear a claim. One whose key was dropped after it was signed is said again under the key of now; what a channel
 * asked for and nobody will decide ends there with the code. Other claims are asked again by what waits for them.
 * @throws Fault STATE_CONFLICT, SIGNER_UNAVAILABLE, DATABASE_UNAVAILABLE: the claim is sent again, and refused again
 */
export const hearRefusals =
  (deps: TurnedAwayDeps): OnRefused =>
  async (row, code) => {
    if (row.channel !== 'claim' || code === null) return;
    const item = JSON.parse(row.item) as ClaimItem;
    const signer =
      code === 'CLAIM_SIGNER_UNTRUSTED' ? await otherSigner(deps, row.tenant_id, item.claim.proof.key_id) : null;
    if (signer !== null) return sayAgain(deps, row, item, signer);
    const input = askedBy(row, item, code);
    if (input === null) return;
    const told = await handOver(deps.channels, {
      message_id: `${row.message_id}:away:${row.id}`,
      input,
      traceparent: item.traceparent,
    });
    if (told.outcome === 'later') throw new Fault('STATE_CONFLICT', `${row.aggregate} does not know yet`);
  };
