import { type ArtifactRef, type BuildRecord, type Digest, reasons } from '@orgo/contracts';
import { digestOfBytes, ok, type Result, refuse, utf8 } from '@orgo/core';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { Breach, Refused } from '@orgo/runtime/errors';
import type { TrustStore } from '@orgo/runtime/trust';
import type { Queryable } from '@orgo/store/db';
import {
  closingOf,
  foldRecord,
  type RecordClosing,
  recordReads,
  recordText,
  splitAtRecord,
  type Unreadable,
  unreadableOf,
} from './domain/index.ts';
import { leavesOf, type StoredLeaf } from './leaves.ts';

export type RecordDeps = { db: Queryable; artifacts: ArtifactStore; trust: TrustStore };

/** What a fold asked for: bytes, or why there are none. */
type Reads = ReadonlyMap<Digest, Result<Uint8Array>>;

/** Bytes verified, or what is wrong with them. @throws Fault ARTIFACT_STORE_UNAVAILABLE: nothing is known of them now */
async function readAll(store: ArtifactStore, tenant: string, refs: readonly Digest[]): Promise<Reads> {
  const read = async (ref: Digest): Promise<[Digest, Result<Uint8Array>]> => {
    try {
      return [ref, ok(await store.get(tenant, ref))];
    } catch (error) {
      if (error instanceof Refused || error instanceof Breach) return [ref, refuse(error.code, error.detail)];
      throw error;
    }
  };
  return new Map(await Promise.all(refs.map(read)));
}

const absent = refuse('ARTIFACT_NOT_FOUND', 'it was not read');

/** Broken bytes stop whoever folds a sealed record again; what is absent stays out, and the fold says so. @throws Breach HASH_MISMATCH */
const soundBytes =
  (reads: Reads) =>
  (ref: Digest): Uint8Array | undefined => {
    const read = reads.get(ref) ?? absent;
    if (read.ok) return read.value;
    if (reasons[read.code].class === 'breach') throw new Breach(read.code, `${ref}: ${read.detail}`);
    return undefined;
  };

async function fold(
  { trust }: RecordDeps,
  named: { tenant: string; build: string; closing: RecordClosing },
  leaves: readonly StoredLeaf[],
  reads: Reads,
): Promise<Result<BuildRecord>> {
  const { tenant, build, closing } = named;
  const { log } = await trust.root(tenant);
  const read = soundBytes(reads);
  return foldRecord({ tenant_id: tenant, build_id: build, origin: log.origin, closing, leaves, read });
}

/** Leaves of `domain` keep their order and identity. */
const before = (leaves: readonly StoredLeaf[]): { leaves: StoredLeaf[]; record: StoredLeaf | null } => {
  const split = splitAtRecord(leaves);
  return { leaves: leaves.slice(0, split.leaves.length), record: split.record as StoredLeaf | null };
};

/** What folding for a closing gave: the record, and what it had to do without. */
export type FoldedForClosing = { record: ArtifactRef | null; unreadable: Unreadable[] };

/**
 * Folds the record of a build that is being closed and stores it; the artifact is durable on return. What cannot be read is left out of the record and
 * told; a build that completed has no such record, so it is null then and the gatekeeper closes the build another way. The same leaves, closing and
 * bytes give the same answer. Refuses as `foldRecord`.
 * @throws Breach LEAF_HASH_MISMATCH
 */
export async function foldForClosing(
  deps: RecordDeps,
  named: { tenant: string; build: string; closing: RecordClosing },
): Promise<Result<FoldedForClosing>> {
  const { leaves } = before(await leavesOf(deps.db, named.tenant, named.build));
  const decisions = leaves.map(({ decision }) => decision);
  const reads = await readAll(deps.artifacts, named.tenant, recordReads(decisions));
  const unreadable = unreadableOf(decisions, (ref) => reads.get(ref) ?? absent);
  if (unreadable.length > 0 && named.closing.outcome === 'COMPLETED') return ok({ record: null, unreadable });
  const closing = { ...named.closing, unreadable: unreadable.map(({ ref }) => ref) };
  const folded = await fold(deps, { ...named, closing }, leaves, reads);
  if (!folded.ok) return folded;
  const bytes = utf8(recordText(folded.value));
  // crash: if we die after this, a record lies in the store that no decision names
  return ok({ record: await deps.artifacts.put(named.tenant, 'build-record', 'application/json', bytes), unreadable });
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
  const skipped = new Set(closing.value.unreadable);
  const wanted = recordReads(leaves.map((leaf) => leaf.decision)).filter((ref) => !skipped.has(ref));
  const reads = await readAll(deps.artifacts, tenant, wanted);
  const folded = await fold(deps, { tenant, build, closing: closing.value }, leaves, reads);
  if (!folded.ok) return folded;
  const named = decision.decision.outputs.find(({ kind }) => kind === 'build-record');
  const digest = digestOfBytes(utf8(recordText(folded.value)));
  if (digest !== named?.ref)
    throw new Breach('RECORD_HASH_MISMATCH', `${build}: the log folds to ${digest}, the decision names ${named?.ref}`);
  return ok({ record: folded.value, leaves: all, decision });
}
