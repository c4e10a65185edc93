import type { CommandItem } from '@orgo/contracts';
import type { Queryable, Tx } from '@orgo/store/db';
import { fillChannel } from '@orgo/store/fill';
import type { Key, SendOf } from '@orgo/store/machine';
import { textArray } from '@orgo/store/text-array';
import type { Evidence, Send } from './domain/index.ts';

/** Finds what a stage's commands rest on. */
export type EvidenceOf = (key: Key, stage: string) => Evidence | undefined;

const nameOf = (key: Key, stage: string): string => `${key.tenant_id}/${key.id}/${stage}`;

const insert = `INSERT INTO evidence (tenant_id, build_id, stage, idem_key, items)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])`;
const select = `SELECT tenant_id, build_id, stage, items FROM evidence
WHERE (tenant_id, build_id, stage) IN (SELECT * FROM unnest($1::text[], $2::text[], $3::text[]))`;

type Row = { tenant_id: string; build_id: string; stage: string; items: string };
type Wanted = { key: Key; stage: string };

const load = async (db: Queryable, wanted: readonly Wanted[]): Promise<Map<string, Evidence>> => {
  const { rows } = await db.query<Row>({ name: 'evidence_load', text: select }, [
    textArray(wanted.map(({ key }) => key.tenant_id)),
    textArray(wanted.map(({ key }) => key.id)),
    textArray(wanted.map(({ stage }) => stage)),
  ]);
  return new Map(
    rows.map((row) => [
      nameOf({ tenant_id: row.tenant_id, id: row.build_id }, row.stage),
      JSON.parse(row.items) as Evidence,
    ]),
  );
};

/**
 * Keeps the evidence a batch brings, and reads what its commands need beyond that: one statement each, and none where a
 * command follows its receipt at once.
 */
export async function settleEvidence(tx: Tx, sends: readonly SendOf<Send>[]): Promise<EvidenceOf> {
  const known = new Map<string, Evidence>();
  const kept = sends.flatMap(({ key, send }) => (send.send === 'keep' ? [{ key, ...send }] : []));
  for (const { key, stage, evidence } of kept) known.set(nameOf(key, stage), evidence);
  const wanted = sends.flatMap(({ key, send }) =>
    send.send === 'command' && !known.has(nameOf(key, send.command.stage)) ? [{ key, stage: send.command.stage }] : [],
  );
  if (kept.length > 0)
    tx.post({ name: 'evidence_keep', text: insert }, [
      textArray(kept.map(({ key }) => key.tenant_id)),
      textArray(kept.map(({ key }) => key.id)),
      textArray(kept.map(({ stage }) => stage)),
      textArray(kept.map(({ idem_key }) => idem_key)),
      textArray(kept.map(({ evidence }) => JSON.stringify(evidence))),
    ]);
  if (wanted.length > 0) for (const [name, evidence] of await load(tx, wanted)) known.set(name, evidence);
  return (key, stage) => known.get(nameOf(key, stage));
}

/** What a row holds itself: the signed command. What it rests on stands in `evidence`. */
type Kept = Pick<CommandItem, 'command' | 'traceparent'>;

/** Rows of the outbox hold no evidence: the relay adds that of their stage, which never changes, to the command when it reads them back. */
export const fillCommands = fillChannel('command', 'COMMAND_AUTHORIZATION_MISSING', async (db, rows) => {
  const commands = rows.map((row) => {
    const { command, traceparent } = JSON.parse(row.item) as Kept;
    const { stage } = JSON.parse(command.payload) as { stage: string };
    return { id: row.id, command, traceparent, key: { tenant_id: row.tenant_id, id: row.aggregate }, stage };
  });
  const known = await load(db, commands);
  return new Map(
    commands.flatMap(({ id, command, traceparent, key, stage }) => {
      const evidence = known.get(nameOf(key, stage));
      return evidence === undefined ? [] : [[id, JSON.stringify({ command, ...evidence, traceparent })] as const];
    }),
  );
});
