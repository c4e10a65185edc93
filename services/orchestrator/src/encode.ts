import { eventSubject, payloadTypes, type SignedItemWire, subjectOf } from '@orgo/contracts';
import { canonical, type JsonValue, signBatch } from '@orgo/core';
import { Breach } from '@orgo/runtime/errors';
import { newId } from '@orgo/runtime/ids';
import type { Keyring } from '@orgo/runtime/signer';
import type { Tx } from '@orgo/store/db';
import type { OutRow, SendOf } from '@orgo/store/machine';
import type { CaseOpening, OpenCase, PublicChange, Send } from './domain/index.ts';
import { type EvidenceOf, settleEvidence } from './evidence.ts';

/** Where the relay hands Case openings over; it never leaves the process. */
export const caseSubject = 'case.open';

/** What a row that opens a Case holds. */
export type CaseItem = OpenCase & { traceparent: string | null };

type Sent<S extends Send['send']> = Omit<SendOf<Send>, 'send'> & { send: Extract<Send, { send: S }> };
type Signed = { sent: Sent<'claim'> | Sent<'command'>; item: SignedItemWire };

const role = 'orchestrator';
const needsSignature = (sent: SendOf<Send>): sent is Sent<'claim'> | Sent<'command'> =>
  sent.send.send === 'claim' || sent.send.send === 'command';

const signable = ({ send }: Sent<'claim'> | Sent<'command'>): { type: string; payload: string } =>
  send.send === 'claim'
    ? { type: payloadTypes.claim, payload: canonical(send.claim) }
    : { type: payloadTypes.command, payload: canonical(send.command) };

/** One signature per tenant and batch, whatever is in it. @throws Fault SIGNER_UNAVAILABLE: nothing is ever said unsigned. */
async function signAll(
  keyring: Keyring,
  sends: readonly (Sent<'claim'> | Sent<'command'>)[],
): Promise<Map<object, SignedItemWire>> {
  const byTenant = Map.groupBy(sends, ({ key }) => key.tenant_id);
  const signed = new Map<object, SignedItemWire>();
  for (const [tenant_id, group] of byTenant) {
    const signer = await keyring.signer(tenant_id, role);
    const items = await signBatch(group.map(signable), { role, tenant_id, key_id: signer.key_id }, (message) =>
      signer.sign(message),
    );
    for (const [index, item] of items.entries()) signed.set(group[index] as object, item as SignedItemWire);
  }
  return signed;
}

const rowOf = ({ key }: SendOf<Send>): Pick<OutRow, 'tenant_id' | 'aggregate'> => ({
  tenant_id: key.tenant_id,
  aggregate: key.id,
});

/** The same claim has the same id: a build asks each thing once per stage and fence. */
function claimRow({ sent, item }: Signed & { sent: Sent<'claim'> }): OutRow {
  const { claim } = sent.send;
  return {
    ...rowOf(sent),
    subject: subjectOf('claim', { tenant: claim.tenant_id }),
    transport: 'request',
    channel: 'claim',
    message_id: [claim.build_id, claim.claim, claim.stage ?? '-', claim.attempt, claim.epoch].join(':'),
    item: { claim: item, evidence: [], traceparent: sent.traceparent } as JsonValue,
  };
}

/** A command leaves with everything an adapter needs to check it alone. */
function commandRow({ sent, item }: Signed & { sent: Sent<'command'> }, evidenceOf: EvidenceOf): OutRow {
  const { command } = sent.send;
  const evidence = evidenceOf(sent.key, command.stage);
  if (evidence === undefined)
    throw new Breach('COMMAND_AUTHORIZATION_MISSING', `no evidence is kept for ${command.build_id} ${command.stage}`);
  return {
    ...rowOf(sent),
    subject: subjectOf('command', { tenant: command.tenant_id, adapter: command.adapter }),
    transport: 'work-queue',
    channel: 'command',
    message_id: [command.build_id, command.stage, command.attempt, command.epoch].join(':'),
    item: { command: item, ...evidence, traceparent: sent.traceparent } as JsonValue,
    kept: { command: item, traceparent: sent.traceparent },
  };
}

/** CloudEvents 1.0 with the distributed tracing extension. Telling it twice tells nothing new: the id is the same. */
function eventRow(sent: Sent<'event'>, change: PublicChange, now: string): OutRow {
  const { tenant_id, id } = sent.key;
  const { n, phase, ...data } = change;
  return {
    ...rowOf(sent),
    subject: eventSubject(tenant_id, 'build', phase.toLowerCase()),
    transport: 'event',
    channel: 'event',
    message_id: `${id}:change:${n}`,
    item: {
      specversion: '1.0',
      id: `${id}:${n}`,
      source: `/v1/tenants/${tenant_id}/builds`,
      type: `orgo.build.${phase.toLowerCase()}.v1`,
      subject: id,
      time: now,
      datacontenttype: 'application/json',
      ...(sent.traceparent === null ? {} : { traceparent: sent.traceparent }),
      data: { build_id: id, tenant_id, status: phase, ...data },
    },
  };
}

/** The Case's id is minted with the row that opens it, so that however often the row is handed over there is one Case. */
function caseRow(sent: Sent<'case'>, opening: CaseOpening): OutRow {
  const { tenant_id, id } = sent.key;
  const open: OpenCase = { type: 'open', tenant_id, case_id: newId('case'), build_id: id, opening };
  return {
    ...rowOf(sent),
    subject: caseSubject,
    transport: 'local',
    channel: 'local',
    message_id: `${id}:case:${opening.about}`,
    item: { ...open, traceparent: sent.traceparent } satisfies CaseItem as unknown as JsonValue,
  };
}

/**
 * What builds say, as outbox rows of their transaction, in order. Claims and commands are signed here, before the commit: after it
 * nothing can keep them from being said.
 */
export const encodeSends =
  (keyring: Keyring) =>
  async (sends: readonly SendOf<Send>[], { now, tx }: { now: string; tx: Tx }): Promise<OutRow[]> => {
    const [signed, evidenceOf] = await Promise.all([
      signAll(keyring, sends.filter(needsSignature)),
      settleEvidence(tx, sends),
    ]);
    return sends.flatMap((sent): OutRow[] => {
      const item = signed.get(sent) as SignedItemWire;
      switch (sent.send.send) {
        case 'keep':
          return [];
        case 'claim':
          return [claimRow({ sent: sent as Sent<'claim'>, item })];
        case 'command':
          return [commandRow({ sent: sent as Sent<'command'>, item }, evidenceOf)];
        case 'event':
          return [eventRow(sent as Sent<'event'>, sent.send.change, now)];
        case 'case':
          return [caseRow(sent as Sent<'case'>, sent.send.opening)];
        default:
          return sent.send satisfies never;
      }
    });
  };
