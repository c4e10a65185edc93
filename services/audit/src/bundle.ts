import { type ArtifactRef, type Digest, type EvidenceBundle, payloadTypes } from '@orgo/contracts';
import { canonicalBytes, digestOfBytes, ok, pae, type Result, refuse, toBase64, toHex, utf8 } from '@orgo/core';
import { readFileIfAny } from '@orgo/runtime/durable-file';
import { Breach, Fault } from '@orgo/runtime/errors';
import type { Keyring } from '@orgo/runtime/signer';
import { rootFile, rootSealFile, trustDir } from '@orgo/runtime/trust-files';
import { bundlePaths, type Inventory, namedArtifacts, recordReads } from './domain/index.ts';
import type { StoredLeaf } from './leaves.ts';
import { pathsOf } from './proofs.ts';
import type { Reads } from './reads.ts';
import { type RecordDeps, sealedRecord } from './records.ts';
import { noteOf, type Witnesses } from './witnesses.ts';

export type BundleDeps = RecordDeps & {
  reads: Reads;
  keyring: Keyring;
  home: string;
  witnesses: Pick<Witnesses, 'newest'>;
};

type File = EvidenceBundle['files'][number];

const carried = (path: string, bytes: Uint8Array): File => ({
  path,
  digest: digestOfBytes(bytes),
  size: bytes.length,
  content: toBase64(bytes),
});
const stored = (path: string, { ref, size }: Pick<ArtifactRef, 'ref' | 'size'>): File => ({
  path,
  digest: ref,
  size,
  content: null,
});

/** Decisions with signature, authorizations and path to the bundle's one checkpoint. */
async function decisionFiles(
  { db }: BundleDeps,
  tenant: string,
  leaves: readonly StoredLeaf[],
  size: number,
): Promise<File[]> {
  const paths = await pathsOf(
    db,
    tenant,
    leaves.map(({ index }) => index),
    size,
  );
  return leaves.map(({ index, item: { decision, authorizations } }, at) => {
    const seal = { index, size, path: (paths[at] as Uint8Array[]).map(toHex) };
    return carried(bundlePaths.decision(index), canonicalBytes({ v: 1, index, decision, authorizations, seal }));
  });
}

/** The chain of roots from the first. A reader believes it only from the fingerprint that it has from elsewhere. */
async function rootFiles({ home }: BundleDeps, tenant: string): Promise<File[]> {
  const files: File[] = [];
  for (let version = 1; ; version++) {
    const bytes = await readFileIfAny(rootFile(trustDir(home), tenant, version));
    if (bytes === undefined) return files;
    files.push(carried(bundlePaths.trustRoot(version), bytes));
    const seal = await readFileIfAny(rootSealFile(trustDir(home), tenant, version));
    if (seal !== undefined) files.push(carried(bundlePaths.trustSeal(version), seal));
  }
}

/** What decisions name, and what the record is folded from where no decision names it as an input. */
async function artifactFiles(
  { artifacts }: BundleDeps,
  tenant: string,
  leaves: readonly StoredLeaf[],
): Promise<File[]> {
  const named = new Map<Digest, Pick<ArtifactRef, 'ref' | 'size'>>(namedArtifacts(leaves).map((one) => [one.ref, one]));
  const decisions = leaves.map(({ decision }) => decision);
  for (const ref of [...recordReads(decisions), ...decisions.map(({ mandate_ref }) => mandate_ref as Digest)]) {
    const found = named.has(ref) ? null : await artifacts.stat(tenant, ref);
    if (found !== null) named.set(ref, { ref, size: found.size });
  }
  return [...named.values()].map((one) => stored(bundlePaths.artifact(one.ref), one));
}

/** The record and its statement: artifacts, which lie under names of their own. */
function signedFiles({ decision }: StoredLeaf): File[] {
  const named = { 'build-record': bundlePaths.record, 'build-statement': bundlePaths.statement };
  return Object.entries(named).map(([kind, path]) => {
    const output = decision.outputs.find((one) => one.kind === kind);
    if (output === undefined) throw new Breach('RECORD_INCOMPLETE', `${decision.build_id}: no ${kind} was decided`);
    return stored(path, output as ArtifactRef);
  });
}

/**
 * Whether every artifact can be given as it is named, read one after the other. A bundle without one of them would not verify, so there is none then:
 * `HASH_MISMATCH` or `SIZE_MISMATCH`, naming the first. @throws Fault GATE_EVIDENCE_MISSING for one that is not there, which may be restored
 */
async function readable({ artifacts }: BundleDeps, tenant: string, files: readonly File[]): Promise<Result<true>> {
  for (const { content, digest, size, path } of files) {
    if (content !== null) continue;
    const read = await artifacts.verify(tenant, digest as Digest, size);
    if (read.ok) continue;
    if (read.code === 'ARTIFACT_NOT_FOUND') throw new Fault('GATE_EVIDENCE_MISSING', `${path} cannot be read`);
    return refuse(read.code, `artifact/${digest}: ${read.detail}`);
  }
  return ok(true);
}

/**
 * Everything that an auditor needs to check a build without Orgo, as a signed inventory (docs/evidence-bundle.md). Artifacts are named, everything
 * else is carried. Refuses as `sealedRecord`, and with `HASH_MISMATCH` or `SIZE_MISMATCH` where the bytes of an artifact have changed.
 * @throws Fault GATE_EVIDENCE_MISSING when an artifact cannot be found, SIGNER_UNAVAILABLE; Breach where what is stored contradicts itself
 */
export async function bundleOf(deps: BundleDeps, tenant_id: string, build_id: string): Promise<Result<EvidenceBundle>> {
  const sealed = await sealedRecord(deps, tenant_id, build_id);
  if (!sealed.ok) return sealed;
  const { leaves, decision } = sealed.value;
  const checkpoint = await deps.reads.newest(tenant_id);
  if (checkpoint === null || checkpoint.size <= (leaves.at(-1)?.index ?? 0))
    throw new Breach('LOG_GAP_DETECTED', `no checkpoint of tenant ${tenant_id} covers ${build_id}`);
  const parts = await Promise.all([
    signedFiles(decision),
    rootFiles(deps, tenant_id),
    decisionFiles(deps, tenant_id, leaves, checkpoint.size),
    artifactFiles(deps, tenant_id, leaves),
  ]);
  const all = [carried(bundlePaths.checkpoint, utf8(await noteOf(deps, tenant_id, checkpoint))), ...parts.flat()];
  const files = all.sort((a, b) => (a.path < b.path ? -1 : 1));
  const whole = await readable(deps, tenant_id, files);
  if (!whole.ok) return whole;

  const listed = files.map(({ path, size, digest }) => ({ path, size, digest: digest as Digest }));
  const inventory: Inventory = { v: 1, tenant_id, build_id, files: listed };
  const signer = await deps.keyring.signer(tenant_id, 'audit');
  const payload = canonicalBytes(inventory);
  const sig = toBase64(await signer.sign(pae(payloadTypes.inventory, payload)));
  const signatures = [{ keyid: signer.key_id, sig }];
  return ok({ inventory: { payloadType: payloadTypes.inventory, payload: toBase64(payload), signatures }, files });
}
