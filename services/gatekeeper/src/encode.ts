import { payloadTypes, subjectOf } from '@orgo/contracts';
import { type JsonValue, type SignedItem, signBatch, utf8 } from '@orgo/core';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { Breach } from '@orgo/runtime/errors';
import type { Keyring } from '@orgo/runtime/signer';
import type { Tx } from '@orgo/store/db';
import { type FaultPoints, noFaults } from '@orgo/store/fault-points';
import type { OutRow, SendOf } from '@orgo/store/machine';
import { textArray } from '@orgo/store/text-array';
import type { EncodeContext } from '@orgo/store/transact';
import type { DecisionSend } from './domain/index.ts';

type Sent = SendOf<DecisionSend>;
type Signed = { decision: SignedItem; authorizations: SignedItem[] };

const role = 'gatekeeper';

/** One signature per tenant and batch over decisions and authorizations together. @throws Fault SIGNER_UNAVAILABLE */
async function signAll(keyring: Keyring, sends: readonly Sent[]): Promise<Map<Sent, Signed>> {
  const signed = new Map<Sent, Signed>();
  for (const [tenant_id, group] of Map.groupBy(sends, (sent) => sent.send.decision.tenant_id)) {
    const signer = await keyring.signer(tenant_id, role);
    const items = await signBatch(
      group.flatMap(({ send }) => [
        { type: payloadTypes.decision, payload: send.payload },
        ...send.authorizations.map(({ payload }) => ({ type: payloadTypes.authorization, payload })),
      ]),
      { role, tenant_id, key_id: signer.key_id },
      signer.sign,
    );
    let at = 0;
    for (const sent of group) {
      const end = at + 1 + sent.send.authorizations.length;
      const [decision, ...authorizations] = items.slice(at, end);
      at = end;
      signed.set(sent, { decision: decision as SignedItem, authorizations });
    }
  }
  return signed;
}

/** Stores the reports that decisions name. They must be durable before a decision that names them is. */
async function storeReports(artifacts: ArtifactStore, sends: readonly Sent[], faults: FaultPoints): Promise<void> {
  await Promise.all(
    sends.map(async ({ send: { report, decision } }) => {
      if (report === null) return;
      const { kind, media_type, ref } = report.artifact;
      await faults.at('gate.beforeReport');
      // crash: if we die after this, a report lies in the store that no decision names
      const stored = await artifacts.put(decision.tenant_id, kind, media_type, utf8(report.text));
      await faults.at('gate.reportStored');
      if (stored.ref !== ref)
        throw new Breach('HASH_MISMATCH', `the report of ${decision.build_id} is stored as ${stored.ref}`);
    }),
  );
}

const insert = `INSERT INTO decision (tenant_id, digest, build_id, kind, verdict, stage, payload, proof, authorizations)
SELECT t, d, b, k, v, s, p, f::json, a::json
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[]) AS x(t, d, b, k, v, s, p, f, a)`;

function keep(tx: Tx, sends: readonly Sent[], signed: ReadonlyMap<Sent, Signed>): void {
  const of = (pick: (sent: Sent) => string | null) => textArray(sends.map(pick));
  tx.post({ name: 'decision_insert', text: insert }, [
    of(({ send }) => send.decision.tenant_id),
    of(({ send }) => send.digest),
    of(({ send }) => send.decision.build_id),
    of(({ send }) => send.decision.kind),
    of(({ send }) => send.decision.verdict),
    of(({ send }) => send.decision.stage),
    of(({ send }) => send.payload),
    of((sent) => JSON.stringify(signed.get(sent)?.decision.proof)),
    of((sent) => JSON.stringify(signed.get(sent)?.authorizations ?? [])),
  ]);
}

/** What a channel may do, and what is released by it, is said in the order in which it was decided. */
const orderOf = ({ key, send: { decision } }: Sent): string =>
  decision.kind.startsWith('RELEASE') && typeof decision.detail.channel === 'string' ? decision.detail.channel : key.id;

const rowOf = (sent: Sent, { decision, authorizations }: Signed): OutRow => ({
  subject: subjectOf('decision', { tenant: sent.send.decision.tenant_id }),
  transport: 'request',
  channel: 'decision',
  tenant_id: sent.key.tenant_id,
  aggregate: orderOf(sent),
  message_id: sent.send.digest,
  item: { decision, authorizations, traceparent: sent.traceparent } as unknown as JsonValue,
  kept: { traceparent: sent.traceparent },
});

/**
 * What gates say, as outbox rows of their transaction, in order. Reports are stored, decisions and authorizations are signed before the
 * commit: what is committed can always be said, and what cannot be signed is not decided.
 */
export const encodeDecisions =
  (deps: { artifacts: ArtifactStore; keyring: Keyring; faults?: FaultPoints }) =>
  async (sends: readonly Sent[], { tx, beforeCommit }: Omit<EncodeContext, 'now'>): Promise<OutRow[]> => {
    beforeCommit(storeReports(deps.artifacts, sends, deps.faults ?? noFaults));
    const signed = await signAll(deps.keyring, sends);
    keep(tx, sends, signed);
    return sends.map((sent) => rowOf(sent, signed.get(sent) as Signed));
  };
