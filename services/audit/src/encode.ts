import { type Digest, receiptServicesOf, subjectOf } from '@orgo/contracts';
import { appendLeaves, equalBytes, formatCheckpoint, fromHex, type JsonValue, signNote, toHex, utf8 } from '@orgo/core';
import { Fault } from '@orgo/runtime/errors';
import type { Keyring } from '@orgo/runtime/signer';
import type { TrustStore } from '@orgo/runtime/trust';
import type { Tx } from '@orgo/store/db';
import type { OutRow, SendOf } from '@orgo/store/machine';
import { textArray } from '@orgo/store/text-array';
import type { VerifiedDecision } from './decisions.ts';
import { completedNodes, type SealSend } from './domain/index.ts';
import type { Guard } from './guard.ts';

/** A signed head of a tenant's log. */
export type SignedHead = { size: number; root: Uint8Array; note: string };
type Sent = SendOf<SealSend>;

const leafText = `INSERT INTO log_leaf (tenant_id, idx, leaf, leaf_hash, decision_digest, build_id, stage, kind, proof, authorizations, at)
SELECT $1, i::bigint, convert_to(l, 'UTF8'), decode(h, 'hex'), d, b, s, k, p::json, a::json, $2::timestamptz
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[]) AS x(i, l, h, d, b, s, k, p, a)`;
const nodeText = `INSERT INTO log_node (tenant_id, level, idx, hash)
SELECT $1, l::smallint, i::bigint, decode(h, 'hex') FROM unnest($2::text[], $3::text[], $4::text[]) AS x(l, i, h)`;
const checkpointText = `INSERT INTO log_checkpoint (tenant_id, size, root, note, epoch, at)
VALUES ($1, $2::bigint, decode($3, 'hex'), $4, $5::bigint, $6::timestamptz)`;

export type SealDeps = { keyring: Keyring; trust: TrustStore; guard: Guard };

/** @throws Fault SIGNER_UNAVAILABLE also when the key held here is not one that the tenant's root lists for its log */
async function signHead(
  { keyring, trust }: SealDeps,
  tenant: string,
  size: number,
  root: Uint8Array,
): Promise<SignedHead> {
  const [signer, { log }] = await Promise.all([keyring.signer(tenant, 'log'), trust.root(tenant)]);
  const key = { name: log.origin, public: signer.publicKey };
  if (!log.keys.some((known) => equalBytes(known.public, key.public)))
    throw new Fault('SIGNER_UNAVAILABLE', `the log key of tenant ${tenant} is not in its trust root`);
  const body = formatCheckpoint({ origin: log.origin, size, root });
  const signature = await signer.sign(utf8(body));
  return { size, root, note: signNote(body, key, () => signature) };
}

function keep(
  tx: Tx,
  tenant: string,
  rows: { sent: Sent; decided: VerifiedDecision; hash: Uint8Array }[],
  { head, now }: { head: SignedHead; now: string },
): void {
  const [first] = rows as [(typeof rows)[number]];
  const of = (pick: (row: (typeof rows)[number]) => string | null) => textArray(rows.map(pick));
  const nodes = completedNodes(
    first.sent.send.before,
    rows.map(({ hash }) => hash),
  );
  tx.post({ name: 'log_leaf_insert', text: leafText }, [
    tenant,
    now,
    of(({ sent }) => `${sent.send.index}`),
    of(({ decided }) => decided.item.decision.payload),
    of(({ sent }) => sent.send.leaf_hash),
    of(({ decided }) => decided.digest),
    of(({ decided }) => decided.decision.build_id),
    of(({ decided }) => decided.decision.stage),
    of(({ decided }) => decided.decision.kind),
    of(({ decided }) => JSON.stringify(decided.item.decision.proof)),
    of(({ decided }) => JSON.stringify(decided.item.authorizations)),
  ]);
  tx.post({ name: 'log_checkpoint_insert', text: checkpointText }, [
    tenant,
    `${head.size}`,
    toHex(head.root),
    head.note,
    `${first.sent.send.epoch}`,
    now,
  ]);
  if (nodes.length > 0)
    tx.post({ name: 'log_node_insert', text: nodeText }, [
      tenant,
      textArray(nodes.map(({ level }) => `${level}`)),
      textArray(nodes.map(({ index }) => `${index}`)),
      textArray(nodes.map(({ hash }) => toHex(hash))),
    ]);
}

const hashOf = (hex: string): Uint8Array => {
  const hash = fromHex(hex);
  if (!hash.ok) throw new RangeError(hash.detail);
  return hash.value;
};

/**
 * Seals a batch inside its transaction: entries, the inner nodes they complete, one checkpoint, and a receipt for each with its own path. The head
 * is saved by the machine in the same transaction, so that entry, checkpoint and receipt exist together or not at all.
 * `signed` is told the head that each message's receipt rests on; it counts once the transaction has committed.
 * @throws Fault SIGNER_UNAVAILABLE, Breach LOG_ROLLBACK_DETECTED or LOG_FORK_DETECTED: nothing is signed over a log that went back
 */
export const sealBatch =
  (
    deps: SealDeps,
    decisions: ReadonlyMap<string, VerifiedDecision>,
    signed: (digest: Digest, head: SignedHead) => void,
  ) =>
  async (sends: readonly Sent[], { now, tx }: { now: string; tx: Tx }): Promise<OutRow[]> => {
    const out: OutRow[] = [];
    for (const [tenant, group] of Map.groupBy(sends, ({ key }) => key.tenant_id)) {
      const rows = group.map((sent) => ({
        sent,
        decided: decisions.get(sent.message_id) as VerifiedDecision,
        hash: hashOf(sent.send.leaf_hash),
      }));
      const before = (group[0] as Sent).send.before;
      deps.guard.beforeSigning(tenant, before);
      const appended = appendLeaves(
        before,
        rows.map(({ hash }) => hash),
      );
      const head = await signHead(deps, tenant, appended.frontier.size, appended.root);
      keep(tx, tenant, rows, { head, now });
      for (const [at, { sent, decided }] of rows.entries()) {
        const { item, decision, digest } = decided;
        signed(digest, head);
        const path = (appended.paths[at] as Uint8Array[]).map(toHex);
        const seal = { index: sent.send.index, size: head.size, path, checkpoint: head.note };
        const { build_id } = decision;
        for (const [nth, service] of receiptServicesOf(decision).entries())
          out.push({
            subject: subjectOf('receipt', { tenant, service }),
            transport: 'request',
            channel: 'receipt',
            tenant_id: tenant,
            // A receipt for a further service has an aggregate of its own and delays nobody.
            aggregate: nth === 0 ? build_id : `${service}:${build_id}`,
            message_id: nth === 0 ? digest : `${service}:${digest}`,
            item: {
              decision: item.decision,
              authorizations: item.authorizations,
              seal,
              traceparent: sent.traceparent,
            } as unknown as JsonValue,
            kept: { seal: { index: seal.index, size: seal.size, path }, traceparent: sent.traceparent },
          });
      }
    }
    return out;
  };
