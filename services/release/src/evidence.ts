import {
  type ArtifactRef,
  type BuildRecord,
  buildRecordSchema,
  type Digest,
  isReasonCode,
  type ReasonCode,
  reasonCodeSchema,
  type SealedDecision,
  sealedDecisionSchema,
  sealedSubject,
} from '@orgo/contracts';
import { canonicalBytes, compareRefs, ok, parseStrict, type Result, refuse } from '@orgo/core';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import type { Bus } from '@orgo/runtime/bus';
import { Breach, Fault, Refused } from '@orgo/runtime/errors';
import { type Belief, type BelievedDecision, verifySealedDecision } from '@orgo/runtime/sealed-decision';
import { z } from 'zod';
import type { Eligible } from './domain/index.ts';

/** What makes a build releasable, and the bytes that are verified once more before it is. */
export type Evidence = { eligible: Eligible; inputs: ArtifactRef[]; evidence: SealedDecision };

export type EvidenceDeps = Belief & { bus: Bus; artifacts: ArtifactStore };

const answerSchema = z.union([
  sealedDecisionSchema,
  z.object({ code: reasonCodeSchema, detail: z.string().optional() }),
]);
/** A record names every decision and file of its build. */
const recordLimits = { maxBytes: 16 * 1024 * 1024, maxMembers: 1_000_000 };

const notEligible = (detail: string) => refuse('BUILD_NOT_ELIGIBLE', detail);

/** Asks audit for the build's sealed record decision. @throws Fault AUDIT_UNAVAILABLE, BUS_UNAVAILABLE */
async function ask(bus: Bus, tenant: string, build_id: string): Promise<Result<SealedDecision>> {
  const answer = await bus.request(sealedSubject(tenant), canonicalBytes({ v: 1, build_id, kind: 'RECORD' }));
  const json = parseStrict(answer);
  const parsed = answerSchema.safeParse(json.ok ? json.value : undefined);
  if (!parsed.success) throw new Fault('AUDIT_UNAVAILABLE', 'audit does not answer with a sealed decision');
  if (!('code' in parsed.data)) return ok(parsed.data as SealedDecision);
  const { code, detail } = parsed.data;
  return code === 'RECORD_NOT_FOUND' || !isReasonCode(code)
    ? notEligible(`the log has no sealed record of ${build_id}`)
    : refuse(code, detail ?? 'audit cannot give the sealed record');
}

/** The record a decision names, read back by its digest. Refuses `BUILD_NOT_ELIGIBLE` where it names none. */
async function readRecord(
  artifacts: ArtifactStore,
  { decision }: BelievedDecision,
): Promise<Result<[Digest, BuildRecord]>> {
  const named = decision.outputs.find((output) => output.kind === 'build-record');
  if (named === undefined) return notEligible('the decision names no record');
  const json = parseStrict(await artifacts.get(decision.tenant_id, named.ref as Digest), recordLimits);
  const record = buildRecordSchema.safeParse(json.ok ? json.value : undefined);
  return record.success
    ? ok([named.ref as Digest, record.data])
    : refuse('RECORD_HASH_MISMATCH', 'what the decision names is no Build Record');
}

/** Only a PASS on the record of this very build, COMPLETED, that nobody has called unreleasable since (RR-04, RR-05). */
function ineligible({ decision }: BelievedDecision, build_id: string): string | null {
  if (decision.kind !== 'RECORD' || decision.verdict !== 'PASS')
    return `the log has a ${decision.kind} ${decision.verdict}`;
  if (decision.build_id !== build_id) return 'the sealed record is of another build';
  if (decision.detail.outcome !== 'COMPLETED') return `the build ended ${String(decision.detail.outcome)}`;
  return decision.detail.releasable === false ? 'an adapter of the build contradicted itself' : null;
}

/**
 * Finds and verifies what a release rests on: the RECORD decision of the build, signed by the gatekeeper and sealed by audit, and the record it
 * names. Refuses with `BUILD_NOT_ELIGIBLE` where there is none that is COMPLETED, and with the code of whatever does not verify.
 * @throws Fault when audit or the store does not answer: nothing is known, ask again
 */
export async function findEvidence(deps: EvidenceDeps, tenant: string, build_id: string): Promise<Result<Evidence>> {
  const asked = await ask(deps.bus, tenant, build_id);
  if (!asked.ok) return asked;
  const evidence = asked.value;
  const sealed = await verifySealedDecision(evidence, tenant, deps);
  if (!sealed.ok) return sealed;
  const why = ineligible(sealed.value, build_id);
  if (why !== null) return notEligible(why);
  const read = await readRecord(deps.artifacts, sealed.value).catch(integrityCode);
  if (!read.ok) return read;
  const [record_ref, record] = read.value;
  const { kristal } = record.outputs;
  if (record.outcome !== 'COMPLETED' || record.build_id !== build_id || kristal === null)
    return notEligible('the record names no Exchange and pack of this build');
  const parts = [kristal.exchange, kristal.exchange_manifest, kristal.pack_manifest, ...kristal.pack_files];
  return ok({
    eligible: {
      record_ref,
      record_decision: sealed.value.digest,
      kristal_id: kristal.kristal_id as Digest,
      pack_id: kristal.pack_id,
      pack_manifest: kristal.pack_manifest as ArtifactRef,
      pipeline_ref: record.pipeline.ref as Digest,
      mandate_ref: record.mandate_ref as Digest,
    },
    inputs: (parts as ArtifactRef[]).sort(compareRefs),
    evidence,
  });
}

/** Bytes that are gone or changed are the release's end, not something to try again (RR-09). */
function integrityCode(error: unknown): { ok: false; code: ReasonCode; detail: string } {
  if (error instanceof Refused || error instanceof Breach) return refuse(error.code, error.detail);
  throw error;
}
