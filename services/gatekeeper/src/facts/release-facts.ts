import {
  type ArtifactRef,
  type BuildRecord,
  buildRecordSchema,
  type Digest,
  type GateClaim,
  type GateDecision,
  type SealedDecision,
} from '@orgo/contracts';
import { digestOfNothing, parseStrict, type Result, refuse } from '@orgo/core';
import { artifactLimits } from '@orgo/kristal';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import { Breach, Refused } from '@orgo/runtime/errors';
import { type Belief, verifySealedDecision } from '@orgo/runtime/sealed-decision';
import type { Root } from '@orgo/runtime/trust';
import type { EvidenceFact, RecordFact, ReleaseFacts } from '../domain/index.ts';
import type { Reads } from '../reads.ts';
import { artifactFacts, type Reader } from './artifact-facts.ts';
import { mandateFact } from './mandate-facts.ts';

export type ReleaseDeps = Reader & { reads: Reads };

/**
 * The sealed record that a claim is about: signed by the gatekeeper, in the log, the RECORD of the build that the signed claim names. Refuses
 * with `BUILD_NOT_ELIGIBLE` or the code of what does not verify; whoever put that evidence beside the claim, it is not the claim's.
 */
export async function claimedRecord(
  belief: Belief,
  claim: GateClaim,
  evidence: readonly SealedDecision[],
): Promise<Result<EvidenceFact>> {
  const [first] = evidence;
  if (first === undefined) return refuse('BUILD_NOT_ELIGIBLE', 'the claim brings no sealed record');
  const verified = await verifySealedDecision(first, claim.tenant_id, belief);
  if (!verified.ok) return verified;
  const { kind, verdict, build_id } = verified.value.decision;
  return kind === 'RECORD' && verdict === 'PASS' && build_id === claim.detail.build_id
    ? verified
    : refuse('BUILD_NOT_ELIGIBLE', `the evidence is a ${kind} ${verdict} of ${build_id}`);
}

/** Everything a release is decided on: the sealed record, and every byte that it names, read again. */
export async function releaseFacts(deps: ReleaseDeps, root: Root, evidence: EvidenceFact): Promise<ReleaseFacts> {
  const { artifacts, reads } = deps;
  const tenant = root.tenant_id;
  const record = await recordFact(artifacts, tenant, evidence.decision);
  const found = record?.ok ? record.record : null;
  const kristal = found?.outputs.kristal ?? null;
  const parts =
    kristal === null ? [] : [kristal.exchange, kristal.exchange_manifest, kristal.pack_manifest, ...kristal.pack_files];
  const [read, mandate, build] = await Promise.all([
    artifactFacts(deps, tenant, parts as ArtifactRef[], 'finding'),
    found === null || found.mandate_ref === digestOfNothing
      ? null
      : mandateFact(artifacts, root, found.mandate_ref as Digest, signatureOf(found), evidence.log_index),
    found === null ? null : reads.build(tenant, found.build_id),
  ]);
  return { evidence, record, artifacts: read, mandate, build, root_expires_at: root.expires_at, channel: null };
}

/** The mandate’s signature as it was admitted with the build. */
const signatureOf = (record: BuildRecord): Digest | undefined =>
  record.inputs.admitted.find(({ kind }) => kind === 'mandate-signature')?.ref as Digest | undefined;

/** The record is what the sealed decision names by digest; nothing else could be released under it. */
async function recordFact(store: ArtifactStore, tenant: string, decision: GateDecision): Promise<RecordFact | null> {
  const named = decision.outputs.find((output) => output.kind === 'build-record');
  if (named === undefined) return null;
  try {
    const json = parseStrict(await store.get(tenant, named.ref as Digest), artifactLimits);
    const record = buildRecordSchema.safeParse(json.ok ? json.value : undefined);
    if (record.success) return { ok: true, record: record.data as BuildRecord };
    return { ok: false, code: 'RECORD_HASH_MISMATCH', detail: record.error.issues[0]?.message ?? 'it does not parse' };
  } catch (error) {
    if (error instanceof Breach || error instanceof Refused)
      return { ok: false, code: error.code, detail: error.detail };
    throw error;
  }
}
