import { type ArtifactRef, type Digest, type FsckReport, payloadTypes } from '@orgo/contracts';
import {
  appendLeaves,
  canonical,
  emptyFrontier,
  equalBytes,
  fromUtf8,
  frontierRoot,
  leafHash,
  parseCheckpoint,
  type SignedItem,
  verifyItem,
  verifyNote,
} from '@orgo/core';
import { codeOf, detailOf } from '@orgo/runtime/errors';
import { verifySignature } from '@orgo/runtime/signer';
import { statementCache } from '@orgo/runtime/statement-cache';
import type { Root, TrustStore } from '@orgo/runtime/trust';
import type { SealedLeaf } from './domain/index.ts';
import { holdAgainst } from './guard.ts';
import type { Outside } from './outside.ts';
import { type StoredLeaf, sealedLeaf } from './reads.ts';
import { type RecordDeps, sealedRecord } from './records.ts';

export type FsckDeps = RecordDeps & { outside: Outside };

/** Entries or checkpoints read at a time. */
const page = 512;
/** What is spelled out; more of the same is only counted. */
const maxFindings = 1000;

type Findings = FsckReport['findings'];

/** The artifacts that entries name, with the first place that names each. */
type Named = Map<Digest, { artifact: ArtifactRef; place: string }>;

/**
 * Reads everything back: every entry and its signatures, the tree under every checkpoint, the checkpoint kept outside, every artifact that any
 * decision names, and every record against the log. Findings name the place; nothing is repaired.
 */
export async function fsck(deps: FsckDeps, tenant_id: string): Promise<FsckReport> {
  const findings: Findings = [];
  const find = (code: string, place: string, detail: string): void => {
    if (findings.length < maxFindings) findings.push({ code, place, detail });
  };
  const roots = rootsOf(deps.trust, tenant_id);
  const leaves: SealedLeaf[] = [];
  const named: Named = new Map();
  const entries = await checkLog(deps, tenant_id, roots, { find, leaves, named });
  const note = await deps.outside.read(tenant_id);
  if (note !== null) {
    const held = await holdAgainst(deps.reads, deps.trust, tenant_id, note);
    if (!held.ok) find(held.code, 'checkpoint/outside', held.detail);
  }
  let bytes = 0;
  for (const [ref, { artifact, place }] of named) {
    const checked = await deps.artifacts
      .verify(tenant_id, ref, artifact.size)
      .catch((error) => ({ ok: false as const, code: codeOf(error), detail: detailOf(error) }));
    if (checked.ok) bytes += artifact.size;
    else find(checked.code, `artifact/${ref}`, `${artifact.kind} of ${place}: ${checked.detail}`);
  }
  await checkRecords(deps, tenant_id, leaves, find);
  return { tenant_id, ok: findings.length === 0, entries, artifacts: named.size, bytes, findings };
}

type Roots = (version: number) => Promise<Root>;
type Walk = { find(code: string, place: string, detail: string): void; leaves: SealedLeaf[]; named: Named };

/** Root versions as decisions name them; a version nobody published is the finding of the entry that names it. */
const rootsOf = (trust: TrustStore, tenant: string): Roots => {
  const known = new Map<number, Promise<Root>>();
  return (version) => {
    const found = known.get(version) ?? trust.root(tenant, version);
    known.set(version, found);
    return found;
  };
};

/** Walks the log once: indexes without gaps, leaf hashes, signatures, and the root under every checkpoint on the way. */
async function checkLog({ reads, trust }: FsckDeps, tenant: string, roots: Roots, walk: Walk): Promise<number> {
  const { find } = walk;
  const newest = await trust.root(tenant);
  const cache = statementCache();
  let frontier = emptyFrontier();
  let mismatches = 0;
  let checkpoints = await reads.checkpointsAbove(tenant, 0, page);
  for (;;) {
    const batch = await reads.leavesFrom(tenant, frontier.size, page);
    for (const stored of batch) {
      if (stored.index !== frontier.size) {
        find('LOG_GAP_DETECTED', `log/${frontier.size}`, `the next entry is ${stored.index}`);
        return frontier.size;
      }
      await checkLeaf(stored, tenant, { roots, cache, walk });
      frontier = appendLeaves(frontier, [stored.leaf_hash]).frontier;
      for (let next = checkpoints[0]; next !== undefined && next.size === frontier.size; next = checkpoints[0]) {
        const place = `checkpoint/${next.size}`;
        const same = equalBytes(frontierRoot(frontier), next.root);
        // From the first contradiction on every later root differs too: one is told.
        if (!same && mismatches++ === 0) find('ROOT_MISMATCH', place, 'the entries do not give this root');
        checkNote(next.note, next.root, next.size, newest, (code, detail) => find(code, place, detail));
        checkpoints = checkpoints.slice(1);
        if (checkpoints.length === 0) checkpoints = await reads.checkpointsAbove(tenant, next.size, page);
      }
    }
    if (batch.length === 0) break;
  }
  const head = await reads.head(tenant);
  if (checkpoints[0] !== undefined)
    find('LOG_GAP_DETECTED', `log/${frontier.size}`, `a checkpoint signs ${checkpoints.at(-1)?.size} entries`);
  else if ((head?.size ?? 0) !== frontier.size)
    find('LOG_GAP_DETECTED', `log/${frontier.size}`, `the head says ${head?.size ?? 0} entries`);
  else if (head !== null && canonical(head.hashes) !== canonical(frontier.hashes))
    find('ROOT_MISMATCH', 'log/head', 'the head is not that of the entries');
  return frontier.size;
}

function checkNote(
  note: string,
  rootHash: Uint8Array,
  size: number,
  root: Root,
  find: (code: string, detail: string) => void,
): void {
  const verified = verifyNote(note, root.log.keys, verifySignature);
  if (!verified.ok) return find(verified.code, verified.detail);
  const checkpoint = parseCheckpoint(verified.value.body);
  if (!checkpoint.ok) return find(checkpoint.code, checkpoint.detail);
  const { origin, size: signedSize, root: signedRoot } = checkpoint.value;
  if (origin !== root.log.origin || signedSize !== size || !equalBytes(signedRoot, rootHash))
    find('ROOT_MISMATCH', 'the signed note says otherwise than its row');
}

async function checkLeaf(
  stored: StoredLeaf,
  tenant: string,
  context: { roots: Roots; cache: ReturnType<typeof statementCache>; walk: Walk },
): Promise<void> {
  const { roots, cache, walk } = context;
  const place = `log/${stored.index}`;
  const text = fromUtf8(stored.leaf);
  if (!text.ok || !equalBytes(leafHash(stored.leaf), stored.leaf_hash))
    return walk.find('LEAF_HASH_MISMATCH', place, 'the stored bytes do not give the stored hash');
  let leaf: SealedLeaf;
  let root: Root;
  try {
    leaf = sealedLeaf(stored);
    root = await roots(leaf.decision.root_version);
  } catch (error) {
    return walk.find(codeOf(error), place, detailOf(error));
  }
  const signed = (type: string, item: { payload: string; proof: SignedItem['proof'] }) =>
    verifyItem(
      { type, ...item },
      { type, role: 'gatekeeper', tenant_id: tenant, keys: root.keysOf('gatekeeper'), verify: verifySignature, cache },
    );
  const decision = signed(payloadTypes.decision, { payload: text.value, proof: stored.proof as SignedItem['proof'] });
  if (!decision.ok) walk.find(decision.code, place, `the decision: ${decision.detail}`);
  for (const authorization of stored.authorizations) {
    const one = signed(payloadTypes.authorization, authorization as SignedItem);
    if (!one.ok) walk.find(one.code, place, `an authorization: ${one.detail}`);
    else if (!leaf.decision.authorizations.includes(one.value.digest))
      walk.find('DECISION_MALFORMED', place, 'an authorization that the decision does not list');
  }
  walk.leaves.push(leaf);
  const { inputs, outputs, report, build_id, stage, kind } = leaf.decision;
  for (const artifact of [...outputs, ...(report === null ? [] : [report]), ...inputs] as ArtifactRef[]) {
    if (!walk.named.has(artifact.ref))
      walk.named.set(artifact.ref, { artifact, place: `${build_id} ${stage ?? kind} (log/${stored.index})` });
  }
}

/** Every sealed record must still be what the log folds to. */
async function checkRecords(
  deps: FsckDeps,
  tenant: string,
  leaves: readonly SealedLeaf[],
  find: Walk['find'],
): Promise<void> {
  for (const [build, own] of Map.groupBy(leaves, (leaf) => leaf.decision.build_id)) {
    const record = own.find((leaf) => leaf.decision.kind === 'RECORD');
    if (record === undefined) continue;
    await sealedRecord(deps, tenant, build, own).catch((error) =>
      find(codeOf(error), `log/${record.index}`, `the record of ${build}: ${detailOf(error)}`),
    );
  }
}
