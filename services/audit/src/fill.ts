import { payloadTypes, type ReceiptItem, type SignedItemWire } from '@orgo/contracts';
import { fillChannel } from '@orgo/store/fill';
import { textArray } from '@orgo/store/text-array';

const text = `SELECT x.id, convert_from(l.leaf, 'UTF8') AS payload, l.proof, l.authorizations, c.note
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS x(id, t, i, s)
JOIN log_leaf l ON l.tenant_id = t AND l.idx = i::bigint
JOIN log_checkpoint c ON c.tenant_id = t AND c.size = s::bigint`;

type Stored = {
  id: string;
  payload: string;
  proof: SignedItemWire['proof'];
  authorizations: SignedItemWire[];
  note: string;
};
/** What a row holds itself: the place of its entry in the log and the path to the checkpoint of that size. */
type Kept = { seal: Omit<ReceiptItem['seal'], 'checkpoint'>; traceparent: string | null };

/** Rows of the outbox hold neither decision nor checkpoint: those stand in `log_leaf` and `log_checkpoint`, and are never changed there. */
export const fillReceipts = fillChannel('receipt', 'DECISION_MALFORMED', async (db, rows) => {
  const kept = new Map(rows.map(({ id, item }) => [id, JSON.parse(item) as Kept]));
  const seals = rows.map(({ id }) => (kept.get(id) as Kept).seal);
  const found = await db.query<Stored>({ name: 'receipt_fill', text }, [
    textArray(rows.map(({ id }) => id)),
    textArray(rows.map(({ tenant_id }) => tenant_id)),
    textArray(seals.map(({ index }) => `${index}`)),
    textArray(seals.map(({ size }) => `${size}`)),
  ]);
  return new Map(
    found.rows.map(({ id, payload, proof, authorizations, note }) => {
      const { seal, traceparent } = kept.get(id) as Kept;
      const { index, size, path } = seal;
      const receipt: ReceiptItem = {
        decision: { type: payloadTypes.decision, payload, proof },
        authorizations,
        seal: { index, size, path, checkpoint: note },
        traceparent,
      };
      return [id, JSON.stringify(receipt)];
    }),
  );
});
