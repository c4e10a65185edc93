import type { BuildStatus, CheckpointView, InclusionProofView } from '@orgo/contracts';
import { fromBase64, fromHex, leafHash, parseCheckpoint, toHex, verifyInclusion, verifyNote } from '@orgo/core';
import { verifySignature } from '@orgo/runtime/signer';
import { type Root, TrustStore, trustDir } from '@orgo/runtime/trust';
import type { Client } from './client.ts';
import { homeDir } from './home.ts';

export type AuditSummary = { origin: string; tree_size: number; root_hash: string; verified: boolean };
export type BuildResult = BuildStatus & { audit: AuditSummary };

/**
 * The tenant's log as it stands after a build. `verified` says that this command, with the pinned trust root of this home, checked the
 * checkpoint's signature and that the build's last sealed stage is a leaf under its root. Without a pinned root it is false.
 */
export async function auditOf(client: Client, build: BuildStatus): Promise<AuditSummary> {
  const view = await client.call<CheckpointView>('getCheckpoint');
  const index = Math.max(-1, ...build.stages.map((s) => s.log_index ?? -1));
  const summary = { origin: view.origin, tree_size: view.tree_size, root_hash: view.root_hash };
  let root: Root;
  try {
    root = await TrustStore.open(trustDir(homeDir())).root(client.tenant);
  } catch {
    return { ...summary, verified: false };
  }
  if (index < 0) return { ...summary, verified: checkpointHolds(root, view) };
  const proof = await client.call<InclusionProofView>('getProof', { params: { index: `${index}` } });
  return { ...summary, verified: checkpointHolds(root, view) && proofHolds(root, proof, build.build_id) };
}

function checkpointHolds(root: Root, view: { checkpoint: string }): boolean {
  const note = verifyNote(view.checkpoint, root.log.keys, verifySignature);
  if (!note.ok) return false;
  const parsed = parseCheckpoint(note.value.body);
  return parsed.ok && parsed.value.origin === root.log.origin;
}

function proofHolds(root: Root, proof: InclusionProofView, build: string): boolean {
  if (!checkpointHolds(root, proof)) return false;
  const checkpoint = parseCheckpoint(proof.checkpoint.slice(0, proof.checkpoint.lastIndexOf('\n\n') + 1));
  const leaf = fromBase64(proof.leaf);
  const path = proof.path.map(fromHex);
  if (!checkpoint.ok || !leaf.ok || checkpoint.value.size !== proof.size || toHex(checkpoint.value.root) !== proof.root)
    return false;
  if ((JSON.parse(Buffer.from(leaf.value).toString('utf8')) as { build_id?: string }).build_id !== build) return false;
  const hashes = path.flatMap((p) => (p.ok ? [p.value] : []));
  return (
    hashes.length === path.length &&
    verifyInclusion({
      index: proof.index,
      size: proof.size,
      leafHash: leafHash(leaf.value),
      path: hashes,
      root: checkpoint.value.root,
    }).ok
  );
}
