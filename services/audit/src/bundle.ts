import { type ArtifactRef, type Digest, type EvidenceBundle, payloadTypes } from '@orgo/contracts';
import { canonicalBytes, digestOfBytes, fromUtf8, type JsonValue, pae, toBase64, toHex, utf8 } from '@orgo/core';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { readFileIfAny } from '@orgo/runtime/durable-file';
import { Breach, Refused } from '@orgo/runtime/errors';
import type { Keyring } from '@orgo/runtime/signer';
import { rootFile, trustDir } from '@orgo/runtime/trust-files';
import { bundlePaths, type Inventory, type InventoryFile, namedArtifacts, type SealedLeaf } from './domain/index.ts';
import { inclusionPaths } from './proofs.ts';
import { type StoredCheckpoint, type StoredLeaf, sealedLeaf } from './reads.ts';
import { type RecordDeps, sealedRecord } from './records.ts';

export type BundleDeps = RecordDeps & { keyring: Keyring; home: string };

type Built = { file: InventoryFile; content: string | null };

const written = (path: string, bytes: Uint8Array): Built => ({
  file: { path, size: bytes.length, digest: digestOfBytes(bytes) },
  content: toBase64(bytes),
});

const pointed = ({ ref, size }: Pick<ArtifactRef, 'ref' | 'size'>): Built => ({
  file: { path: bundlePaths.artifact(ref), size, digest: ref },
  content: null,
});

/** Decisions with their proof of signature, authorizations and path to the one checkpoint of the bundle. */
async function decisionFiles(
  deps: BundleDeps,
  tenant: string,
  leaves: readonly StoredLeaf[],
  checkpoint: StoredCheckpoint,
): Promise<Built[]> {
  const paths = await inclusionPaths(deps.reads, tenant, leaves, checkpoint);
  return leaves.map(({ index, leaf, proof, authorizations }, i) => {
    const payload = fromUtf8(leaf);
    if (!payload.ok) throw new Breach('LEAF_HASH_MISMATCH', `entry ${index} is no text`);
    const seal = { index, size: checkpoint.size, path: (paths[i] ?? []).map(toHex) };
    const decision = { type: payloadTypes.decision, payload: payload.value, proof: proof as JsonValue };
    return written(
      bundlePaths.decision(index),
      canonicalBytes({ v: 1, index, decision, authorizations: authorizations as unknown as JsonValue, seal }),
    );
  });
}

/** The chain of trust roots as far as it goes. A reader trusts it only from the fingerprint it pinned itself. */
async function rootFiles(home: string, tenant: string): Promise<Built[]> {
  const files: Built[] = [];
  for (let version = 1; ; version++) {
    const bytes = await readFileIfAny(rootFile(trustDir(home), tenant, version));
    if (bytes === undefined) return files;
    files.push(written(bundlePaths.trustRoot(version), bytes));
  }
}

/** Artifacts by reference, with what the record is folded from even where no stage took it as an input. */
async function artifactFiles(store: ArtifactStore, tenant: string, leaves: readonly SealedLeaf[]): Promise<Built[]> {
  const named = namedArtifacts(leaves);
  const pinned = leaves.flatMap(({ decision }) =>
    decision.kind === 'ADMISSION' ? [decision.pipeline_ref, decision.mandate_ref] : [],
  );
  const more = await Promise.all(
    [...new Set(pinned)]
      .filter((ref) => !named.some((artifact) => artifact.ref === ref))
      .map(async (ref) => {
        const found = await store.stat(tenant, ref as Digest);
        return found === null ? [] : [{ ref: ref as Digest, size: found.size }];
      }),
  );
  return [...named, ...more.flat()].map(pointed);
}

/**
 * Everything an auditor needs to check a build without us, as a signed inventory: `docs/evidence-bundle.md`. Artifacts are named, the rest is
 * carried; whoever writes the folder fetches artifacts by digest.
 * @throws Refused RECORD_NOT_FOUND, a Breach where the evidence contradicts itself, Fault SIGNER_UNAVAILABLE
 */
export async function bundleOf(deps: BundleDeps, tenant_id: string, build_id: string): Promise<EvidenceBundle> {
  const { reads, artifacts, keyring, home } = deps;
  const stored = await reads.leavesOf(tenant_id, build_id);
  const leaves = stored.map(sealedLeaf);
  const { decision, text } = await sealedRecord(deps, tenant_id, build_id, leaves);
  const checkpoint = await reads.newest(tenant_id);
  if (checkpoint === null) throw new Refused('RECORD_NOT_FOUND', 'the tenant has no log');
  const statement = decision.decision.outputs.find((output) => output.kind === 'build-statement');
  const built = [
    written(bundlePaths.record, utf8(text)),
    written(bundlePaths.statement, await artifacts.get(tenant_id, (statement?.ref ?? '') as Digest)),
    written(bundlePaths.checkpoint, utf8(checkpoint.note)),
    ...(await rootFiles(home, tenant_id)),
    ...(await decisionFiles(deps, tenant_id, stored, checkpoint)),
    ...(await artifactFiles(artifacts, tenant_id, leaves)),
  ].sort((a, b) => (a.file.path < b.file.path ? -1 : 1));

  const inventory: Inventory = { v: 1, tenant_id, build_id, files: built.map(({ file }) => file) };
  const signer = await keyring.signer(tenant_id, 'audit');
  const payload = canonicalBytes(inventory);
  const sig = toBase64(signer.sign(pae(payloadTypes.inventory, payload)));
  return {
    inventory: {
      payloadType: payloadTypes.inventory,
      payload: toBase64(payload),
      signatures: [{ keyid: signer.key_id, sig }],
    },
    files: built.map(({ file, content }) => ({ ...file, content })),
  };
}
