import { eventSubject, payloadTypes, type SealedDecision, type SignedItemWire, subjectOf } from '@orgo/contracts';
import { canonical, type JsonValue, signBatch } from '@orgo/core';
import type { Keyring } from '@orgo/runtime/signer';
import type { OutRow, SendOf } from '@orgo/store/machine';
import type { PublishItem } from './channel/publish-job.ts';
import type { ChannelSend, ChannelWish, NodeSend, PublicChange, RollbackWish, Send } from './domain/index.ts';
import type { TrustRootSend } from './domain/trust-root.ts';

/** Where the relay hands jobs over; they never leave the process. */
export const jobSubjects = {
  verify: 'release.verify',
  channel: 'release.channel',
  rollback: 'release.rollback',
} as const;

type JobSend = Extract<Send, { send: 'job' }>;

/** Where the relay hands over what channels have to write. */
export const channelJobSubjects = {
  publish: 'channel.publish',
  preflight: 'channel.preflight',
  refused: 'channel.rollback-refused',
} as const;

/** A job as its row carries it. `wish` is what a release asks of its channel. */
export type JobItem<Wish = ChannelWish | RollbackWish | null> = {
  tenant_id: string;
  release_id: string;
  wish: Wish;
  traceparent: string | null;
};

type Sent<S extends Send['send']> = Omit<SendOf<Send>, 'send'> & { send: Extract<Send, { send: S }> };
type ChannelClaim = Extract<ChannelSend, { send: 'claim' }>;
type Claim = Omit<SendOf<NodeSend>, 'send'> & { send: NodeSend | TrustRootSend | ChannelClaim | Sent<'claim'>['send'] };

const role = 'release';

/** One signature per tenant and batch. @throws Fault SIGNER_UNAVAILABLE: nothing is ever said unsigned. */
async function signClaims(keyring: Keyring, sends: readonly Claim[]): Promise<Map<object, SignedItemWire>> {
  const signed = new Map<object, SignedItemWire>();
  for (const [tenant_id, group] of Map.groupBy(sends, ({ key }) => key.tenant_id)) {
    const signer = await keyring.signer(tenant_id, role);
    const items = await signBatch(
      group.map(({ send }) => ({ type: payloadTypes.claim, payload: canonical(send.claim) })),
      { role, tenant_id, key_id: signer.key_id },
      (message) => signer.sign(message),
    );
    for (const [index, item] of items.entries()) signed.set(group[index] as object, item as SignedItemWire);
  }
  return signed;
}

/** Claims of one aggregate reach the gatekeeper in order: a node's enrollment before its first report. */
const claimRow = (
  sent: Claim,
  of: { aggregate: string; claim: SignedItemWire; evidence: SealedDecision[] },
): OutRow => ({
  tenant_id: sent.key.tenant_id,
  aggregate: of.aggregate,
  subject: subjectOf('claim', { tenant: sent.key.tenant_id }),
  transport: 'request',
  channel: 'claim',
  message_id: `${of.aggregate}:${sent.send.claim.claim}:${sent.send.claim.idem_key}`,
  item: { claim: of.claim, evidence: of.evidence, traceparent: sent.traceparent } as unknown as JsonValue,
});

/** Jobs stand in the outbox until they are done: a crash in the middle does them again. */
const jobRow = ({ key, traceparent }: SendOf<Send>, send: JobSend): OutRow => ({
  tenant_id: key.tenant_id,
  aggregate: key.id,
  subject: jobSubjects[send.job],
  transport: 'local',
  channel: 'local',
  message_id: 'n' in send ? `${key.id}:${send.job}:${send.n}` : `${key.id}:${send.job}`,
  item: {
    tenant_id: key.tenant_id,
    release_id: key.id,
    wish: 'wish' in send ? send.wish : null,
    traceparent,
  } satisfies JobItem as unknown as JsonValue,
});

/** CloudEvents 1.0 with the distributed tracing extension. Telling it twice tells nothing new: the id is the same. */
function eventRow({ key, traceparent }: SendOf<Send>, change: PublicChange, now: string): OutRow {
  const { tenant_id, id } = key;
  const { n, phase, ...data } = change;
  return {
    tenant_id,
    aggregate: id,
    subject: eventSubject(tenant_id, 'release', phase.toLowerCase()),
    transport: 'event',
    channel: 'event',
    message_id: `${id}:change:${n}`,
    item: {
      specversion: '1.0',
      id: `${id}:${n}`,
      source: `/v1/tenants/${tenant_id}/releases`,
      type: `orgo.release.${phase.toLowerCase()}.v1`,
      subject: id,
      time: now,
      datacontenttype: 'application/json',
      ...(traceparent === null ? {} : { traceparent }),
      data: { release_id: id, tenant_id, status: phase, ...data },
    },
  };
}

/** What releases say, as outbox rows of their transaction. Claims are signed here, before the commit. */
export const encodeSends =
  (keyring: Keyring) =>
  async (sends: readonly SendOf<Send>[], { now }: { now: string }): Promise<OutRow[]> => {
    const isClaim = (sent: SendOf<Send>): sent is Sent<'claim'> => sent.send.send === 'claim';
    const signed = await signClaims(keyring, sends.filter(isClaim));
    return sends.map((sent): OutRow => {
      const { send } = sent;
      switch (send.send) {
        case 'claim': {
          const of = { aggregate: sent.key.id, claim: signed.get(sent) as SignedItemWire, evidence: send.evidence };
          return claimRow({ ...sent, send }, of);
        }
        case 'job':
          return jobRow(sent, send);
        case 'event':
          return eventRow(sent, send.change, now);
        default:
          return send satisfies never;
      }
    });
  };

/** What nodes' machines say, as outbox rows of their transaction. */
export const encodeNodeSends =
  (keyring: Keyring) =>
  async (sends: readonly SendOf<NodeSend>[]): Promise<OutRow[]> => {
    const signed = await signClaims(keyring, sends);
    return sends.map((sent) =>
      claimRow(sent, { aggregate: `node:${sent.key.id}`, claim: signed.get(sent) as SignedItemWire, evidence: [] }),
    );
  };

/** What is claimed of trust roots, as outbox rows of their transaction. */
export const encodeTrustRootSends =
  (keyring: Keyring) =>
  async (sends: readonly SendOf<TrustRootSend>[]): Promise<OutRow[]> => {
    const signed = await signClaims(keyring, sends);
    return sends.map((sent) =>
      claimRow(sent, { aggregate: 'trust-root', claim: signed.get(sent) as SignedItemWire, evidence: [] }),
    );
  };

/** Publications of a channel go out one after the other; a claim never waits behind one. */
const publishRow = ({ key, traceparent }: SendOf<ChannelSend>, index_seq: number, tell: string[]): OutRow => ({
  tenant_id: key.tenant_id,
  aggregate: `channel-files:${key.id}`,
  subject: channelJobSubjects.publish,
  transport: 'local',
  channel: 'local',
  message_id: `channel:${key.id}:${index_seq}`,
  item: { tenant_id: key.tenant_id, channel: key.id, index_seq, tell, traceparent } satisfies PublishItem,
});

/** What a rollback has this service do, beside the publications: none waits for the other. */
const rollbackRow = (
  { key, traceparent }: SendOf<ChannelSend>,
  send: Extract<ChannelSend, { send: 'preflight' | 'refused' }>,
): OutRow => {
  const { send: job, ...rest } = send;
  return {
    tenant_id: key.tenant_id,
    aggregate: `channel-rollback:${key.id}`,
    subject: channelJobSubjects[job],
    transport: 'local',
    channel: 'local',
    message_id: `${send.rollback_id}:${job}`,
    item: { tenant_id: key.tenant_id, channel: key.id, ...rest, traceparent },
  };
};

/** What channels say, as outbox rows of their transaction. */
export const encodeChannelSends =
  (keyring: Keyring) =>
  async (sends: readonly SendOf<ChannelSend>[]): Promise<OutRow[]> => {
    const claims = sends.flatMap((sent) => (sent.send.send === 'claim' ? [{ ...sent, send: sent.send }] : []));
    const signed = await signClaims(keyring, claims);
    const rows = claims.map((sent) => {
      const claim = signed.get(sent) as SignedItemWire;
      return claimRow(sent, { aggregate: `channel:${sent.key.id}`, claim, evidence: sent.send.evidence });
    });
    return [
      ...rows,
      ...sends.flatMap((sent): OutRow[] => {
        if (sent.send.send === 'claim') return [];
        if (sent.send.send === 'publish') return [publishRow(sent, sent.send.index_seq, sent.send.tell)];
        return [rollbackRow(sent, sent.send)];
      }),
    ];
  };
