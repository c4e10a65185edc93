import { type GateDecision, payloadTypes, type ReasonCode, type SignedItemWire } from '@orgo/contracts';
import { keyIdentity, type SignedItem, type TrustedKey, verifyItem } from '@orgo/core';
import { codeOf, detailOf } from '@orgo/runtime/errors';
import { verifySignature } from '@orgo/runtime/signer';
import { statementCache } from '@orgo/runtime/statement-cache';
import type { TrustStore } from '@orgo/runtime/trust';
import { type LeafRow, leafFinding, readLeaf, type StoredLeaf } from '../leaves.ts';
import type { Findings } from './findings.ts';

/** What a person looks for: which build, which stage. */
export const aboutDecision = ({ build_id, stage, kind }: Pick<GateDecision, 'build_id' | 'stage' | 'kind'>): string =>
  `${build_id} ${stage ?? kind}`;

/** Columns by which an entry is found must say what the entry says. */
const columnsDiffer = ({ build_id, stage, kind }: LeafRow, { decision }: StoredLeaf): boolean =>
  decision.build_id !== build_id || decision.stage !== stage || decision.kind !== kind;

/** Checks one entry: its bytes, its columns, and every signature on it under the root version that it names. */
export function createLeafCheck(trust: TrustStore, tenant: string, findings: Findings) {
  const cache = statementCache();
  const verify = (item: SignedItemWire, type: string, keys: readonly TrustedKey[]) =>
    verifyItem(item as SignedItem, {
      type,
      role: 'gatekeeper',
      tenant_id: tenant,
      keys,
      verify: verifySignature,
      cache,
    });

  return async (row: LeafRow): Promise<void> => {
    const place = `log/${row.idx}`;
    const add = (code: ReasonCode, detail: string) =>
      findings.add(code, place, `${aboutDecision(row as never)}: ${detail}`);
    const found = leafFinding(row);
    if (found !== null) return add('LEAF_HASH_MISMATCH', found);
    try {
      const leaf = readLeaf(tenant, row);
      if (columnsDiffer(row, leaf)) add('LEAF_HASH_MISMATCH', 'it is filed under another build, stage or kind');
      const { decision, item } = leaf;
      const { history } = await trust.root(tenant);
      const counts = new Set((history?.keysAt('gatekeeper', Number(row.idx)) ?? []).map(keyIdentity));
      const listed = (await trust.root(tenant, decision.root_version)).keysOf('gatekeeper');
      const keys = listed.filter((key) => counts.has(keyIdentity(key)));
      if (keys.length < listed.length && keys.every(({ keyid }) => keyid !== item.decision.proof.key_id))
        return add('KEY_REVOKED', `${item.decision.proof.key_id} was dropped, and the entry stands at ${row.idx}`);
      const signed = verify(item.decision, payloadTypes.decision, keys);
      if (!signed.ok) add(signed.code, `the decision: ${signed.detail}`);
      const given = item.authorizations.map((one) => verify(one, payloadTypes.authorization, keys));
      for (const one of given) if (!one.ok) add(one.code, `an authorization: ${one.detail}`);
      const digests = new Set<string>(given.flatMap((one) => (one.ok ? [one.value.digest] : [])));
      const same = digests.size === decision.authorizations.length;
      if (given.every((one) => one.ok) && !(same && decision.authorizations.every((digest) => digests.has(digest))))
        add('DECISION_MALFORMED', 'the authorizations are not those the decision gives');
    } catch (error) {
      add(codeOf(error), detailOf(error));
    }
  };
}
