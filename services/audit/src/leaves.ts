import {
  type DecisionItem,
  type Digest,
  decisionSchema,
  type GateDecision,
  payloadTypes,
  type SignedItemWire,
} from '@orgo/contracts';
import { digestOfBytes, equalBytes, fromUtf8, leafHash, parseStrict } from '@orgo/core';
import { Breach } from '@orgo/runtime/errors';
import type { Queryable } from '@orgo/store/db';
import type { SealedLeaf } from './domain/index.ts';

/** An entry as it is stored. */
export type LeafRow = {
  idx: string | bigint;
  leaf: Uint8Array;
  leaf_hash: Uint8Array;
  decision_digest: string;
  build_id: string;
  stage: string | null;
  kind: string;
  proof: SignedItemWire['proof'];
  authorizations: SignedItemWire[];
};

/** An entry that was read back and re-hashed. */
export type StoredLeaf = SealedLeaf & { bytes: Uint8Array; item: Omit<DecisionItem, 'traceparent'> };

export const leafColumns = 'idx, leaf, leaf_hash, decision_digest, build_id, stage, kind, proof, authorizations';

/** What a stored entry contradicts, or null. Every entry is asked before it is used. */
export function leafFinding({ leaf, leaf_hash, decision_digest }: LeafRow): string | null {
  if (!equalBytes(leafHash(leaf), leaf_hash)) return 'the entry does not give its leaf hash';
  return digestOfBytes(leaf) === decision_digest ? null : 'the entry is not the decision it is filed as';
}

/** @throws Breach LEAF_HASH_MISMATCH, DECISION_MALFORMED: what is stored is not what was sealed */
export function readLeaf(tenant: string, row: LeafRow): StoredLeaf {
  const place = `log/${row.idx} of tenant ${tenant}`;
  const finding = leafFinding(row);
  if (finding !== null) throw new Breach('LEAF_HASH_MISMATCH', `${place}: ${finding}`);
  const text = fromUtf8(row.leaf);
  const json = text.ok ? parseStrict(text.value) : text;
  const parsed = decisionSchema.safeParse(json.ok ? json.value : undefined);
  if (!text.ok || !parsed.success) throw new Breach('DECISION_MALFORMED', `${place} is no decision`);
  return {
    index: Number(row.idx),
    digest: row.decision_digest as Digest,
    decision: parsed.data as GateDecision,
    bytes: row.leaf,
    item: {
      decision: { type: payloadTypes.decision, payload: text.value, proof: row.proof },
      authorizations: row.authorizations,
    },
  };
}

const ofBuildText = `SELECT ${leafColumns} FROM log_leaf WHERE tenant_id = $1 AND build_id = $2 ORDER BY idx`;

/** Every sealed decision about a build or release, in log order. @throws Breach LEAF_HASH_MISMATCH */
export async function leavesOf(db: Queryable, tenant: string, build: string): Promise<StoredLeaf[]> {
  const { rows } = await db.query<LeafRow>({ name: 'log_leaves_of', text: ofBuildText }, [tenant, build]);
  return rows.map((row) => readLeaf(tenant, row));
}
