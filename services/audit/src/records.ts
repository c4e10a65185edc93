import type { ArtifactRef, BuildRecord, Digest, GateDecision } from '@orgo/contracts';
import { digestOfBytes, ok, type Result, refuse, utf8 } from '@orgo/core';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { Breach, Refused } from '@orgo/runtime/errors';
import type { TrustStore } from '@orgo/runtime/trust';
import type { Queryable } from '@orgo/store/db';
import { closingOf, foldRecord, type RecordClosing, recordReads, recordText, splitAtRecord } from './domain/index.ts';
import { leavesOf, type StoredLeaf } from './leaves.ts';

export type RecordDeps = { db: Queryable; artifacts: ArtifactStore; trust: TrustStore };

/** What folding reads, verified; what is not there stays out, and the fold says so. @throws Breach HASH_MISMATCH */
async function readAll(
  store: ArtifactStore,
  tenant: string,
  decisions: readonly GateDecision[],
): Promise<Map<Digest, Uint8Array>> {
  const read = async (ref: Digest): Promise<[Digest, Uint8Array][]> => {
    try {
      return [[ref, await store.get(tenant, ref)]];
    } catch (error) {
      if (error instanceof Refused && error.code === 'ARTIFACT_NOT_FOUND') return [];
      throw error;
    }
  };
  return new Map((await Promise.all(recordReads(decisions).map(read))).flat());
}

async function fold(
  { artifacts, trust }: RecordDeps,
  named: { tenant: string; build: string; closing: RecordClosing },
  leaves: readonly StoredLeaf[],
): Promise<Result<BuildRecord>> {
  const { tenant, build, closing } = named;
  const [{ log }, bytes] = await Promise.all([
    trust.root(tenant),
    readAll(
      artifacts,
      tenant,
      leaves.map(({ decision }) => decision),
    ),
  ]);
  const read = (ref: Digest): Uint8Array | undefined => bytes.get(ref);
  return foldRecord({ tenant_id: tenant, build_id: build, origin: log.origin, closing, leaves, read });
}

/** Leaves of `domain` keep their order and identity. */
const before = (leaves: readonly StoredLeaf[]): { leaves: StoredLeaf[]; record: StoredLeaf | null } => {
  const split = splitAtRecord(leaves);
  return { leaves: leaves.slice(0, split.leaves.length), record: split.record as StoredLeaf | null };
};

/**
 * Folds the record of a build that is being closed and stores it; the artifact is durable on return. The same leaves and closing give the same
 * bytes. Refuses as `foldRecord`.
 * @throws Breach LEAF_HASH_MISMATCH, HASH_MISMATCH
 */
export async function foldForClosing(
  deps: RecordDeps,
  named: { tenant: string; build: string; closing: RecordClosing },
): Promise<Result<ArtifactRef>> {
  const { leaves } = before(await leavesOf(deps.db, named.tenant, named.build));
  const folded = await fold(deps, named, leaves);
  if (!folded.ok) return folded;
  const bytes = utf8(recordText(folded.value));
  // crash: if we die after this, a record lies in the store that no decision names
  return ok(await deps.artifacts.put(named.tenant, 'build-record', 'application/json', bytes));
}

/** A sealed record: folded again from the log, and the same bytes that the gatekeeper signed for. */
export type SealedRecord = { record: BuildRecord; leaves: StoredLeaf[]; decision: StoredLeaf };

/**
 * Refuses with `RECORD_NOT_FOUND` (no such build, or it has not ended) or as `foldRecord`.
 * @throws Breach RECORD_HASH_MISMATCH, LEAF_HASH_MISMATCH, HASH_MISMATCH
 */
export async function sealedRecord(deps: RecordDeps, tenant: string, build: string): Promise<Result<SealedRecord>> {
  const all = await leavesOf(deps.db, tenant, build);
  const { leaves, record: decision } = before(all);
  if (decision === null) return refuse('RECORD_NOT_FOUND', 'no record of that build is sealed');
  const closing = closingOf(decision.decision.detail, decision.decision.reason_codes);
  if (!closing.ok) return closing;
  const folded = await fold(deps, { tenant, build, closing: closing.value }, leaves);
  if (!folded.ok) return folded;
  const named = decision.decision.outputs.find(({ kind }) => kind === 'build-record');
  const digest = digestOfBytes(utf8(recordText(folded.value)));
  if (digest !== named?.ref)
    throw new Breach('RECORD_HASH_MISMATCH', `${build}: the log folds to ${digest}, the decision names ${named?.ref}`);
  return ok({ record: folded.value, leaves: all, decision });
}
