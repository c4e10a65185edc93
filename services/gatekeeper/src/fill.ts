import { type DecisionItem, payloadTypes, type SignedItemWire } from '@orgo/contracts';
import { fillChannel } from '@orgo/store/fill';
import { textArray } from '@orgo/store/text-array';

const text = `SELECT x.id, d.payload, d.proof, d.authorizations FROM unnest($1::text[], $2::text[], $3::text[]) AS x(id, t, g)
JOIN decision d ON d.tenant_id = t AND d.digest = g`;

type Stored = {
  id: string;
  payload: string;
  proof: SignedItemWire['proof'];
  authorizations: SignedItemWire[];
};

/** Rows of the outbox hold no decision: it stands in `decision`, under the digest that is their message id, and is never changed there. */
export const fillDecisions = fillChannel('decision', 'DECISION_MALFORMED', async (db, rows) => {
  const found = await db.query<Stored>({ name: 'decision_fill', text }, [
    textArray(rows.map(({ id }) => id)),
    textArray(rows.map(({ tenant_id }) => tenant_id)),
    textArray(rows.map(({ message_id }) => message_id)),
  ]);
  const kept = new Map(rows.map(({ id, item }) => [id, JSON.parse(item) as Pick<DecisionItem, 'traceparent'>]));
  return new Map(
    found.rows.map(({ id, payload, proof, authorizations }) => {
      const decision = { type: payloadTypes.decision, payload, proof };
      const traceparent = kept.get(id)?.traceparent ?? null;
      return [id, JSON.stringify({ decision, authorizations, traceparent } satisfies DecisionItem)];
    }),
  );
});
