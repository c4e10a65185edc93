import type { ArtifactRef, ReasonCode } from '@orgo/contracts';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { Breach, Fault, Refused } from '@orgo/runtime/errors';
import type { ArtifactFact, Finding } from '../domain/index.ts';
import type { Judge } from './judge.ts';
import { needsBytes } from './kind-contracts.ts';

/** Where artifacts are read, and who holds them against their contracts. */
export type Reader = { artifacts: ArtifactStore; judge: Judge };

/** Absent bytes: a finding where somebody answers for them, a fault where they may still arrive. */
export type WhenAbsent = 'finding' | 'fault';

const unread = (artifact: ArtifactRef, code: ReasonCode, detail: string): ArtifactFact => ({
  artifact,
  bytes: { code, detail: `${artifact.kind} ${artifact.ref}: ${detail}` },
  contract: null,
  official: null,
  links: [],
  ids: {},
  files: null,
});

const absent = (artifact: ArtifactRef, when: WhenAbsent): ArtifactFact => {
  if (when === 'fault') throw new Fault('GATE_EVIDENCE_MISSING', `${artifact.kind} ${artifact.ref} cannot be read`);
  return unread(artifact, 'ARTIFACT_NOT_FOUND', 'it is not stored');
};

/**
 * Reads an artifact back and says what its bytes establish: digest and size recomputed, then the contract of its kind. Nothing its sender said
 * about it is believed (IN-01, GT-12).
 * @throws Fault GATE_EVIDENCE_MISSING when it is absent and may still arrive, ARTIFACT_STORE_UNAVAILABLE
 */
export async function artifactFact(
  { artifacts: store, judge }: Reader,
  tenant: string,
  artifact: ArtifactRef,
  when: WhenAbsent,
): Promise<ArtifactFact> {
  const { kind, ref, media_type, size } = artifact;
  if (!needsBytes(kind, media_type)) {
    const checked = await store.verify(tenant, ref, size);
    if (checked.ok) return { artifact, bytes: null, contract: null, official: null, links: [], ids: {}, files: null };
    return checked.code === 'ARTIFACT_NOT_FOUND'
      ? absent(artifact, when)
      : unread(artifact, checked.code, checked.detail);
  }
  let bytes: Uint8Array;
  try {
    bytes = await store.get(tenant, ref);
  } catch (error) {
    if (error instanceof Breach) return unread(artifact, error.code, error.detail);
    if (error instanceof Refused && error.code === 'ARTIFACT_NOT_FOUND') return absent(artifact, when);
    throw error;
  }
  if (bytes.length !== size) return unread(artifact, 'SIZE_MISMATCH', `${bytes.length} bytes instead of ${size}`);
  const judged = await judge.judge(kind, media_type, bytes);
  const { contract, official } = judged;
  const named = (finding: Finding | null) =>
    finding === null ? null : { ...finding, detail: `${kind}: ${finding.detail}` };
  return {
    artifact,
    bytes: null,
    ...judged,
    contract: named(contract),
    official: named(official),
  };
}

/** The facts of several artifacts, in order. */
export const artifactFacts = (
  reader: Reader,
  tenant: string,
  artifacts: readonly ArtifactRef[],
  when: WhenAbsent,
): Promise<ArtifactFact[]> => Promise.all(artifacts.map((artifact) => artifactFact(reader, tenant, artifact, when)));
