import {
  type ArtifactRef,
  type DecisionItem,
  type GateDecision,
  type ReasonCode,
  reasons,
  subjectOf,
} from '@orgo/contracts';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import type { IncomingRequest } from '@orgo/runtime/bus';
import { ackOf, ackOfRefusal, decodeEnvelope } from '@orgo/runtime/envelope';
import { Breach, codeOf, Refused } from '@orgo/runtime/errors';
import type { Log } from '@orgo/runtime/log';
import type { Noise } from '@orgo/runtime/noise';
import type { Belief } from '@orgo/runtime/sealed-decision';
import type { FaultPoints } from '@orgo/store/fault-points';
import type { ItemResult } from '@orgo/store/machine';
import { type VerifiedDecision, verifyDecision } from './decisions.ts';
import type { PutOff } from './put-off.ts';
import type { Sealing } from './sealing.ts';

/** The subject on which the gatekeeper asks for decisions to be sealed. */
export const decisionSubject = subjectOf('decision', { tenant: '*' });

export type DecisionDeps = Belief & {
  sealing: Sealing;
  artifacts: ArtifactStore;
  noise: Noise;
  putOff: PutOff;
  faults: FaultPoints;
  log: Log;
};

type Checked = { ok: true; decided: VerifiedDecision } | { ok: false; result: ItemResult };

/** Reports are read at once up to this size and in pieces above it, so that no report takes much memory. */
const readAtOnce = 1_048_576;

/** Why a report cannot be read back as it is named; null when it can. @throws Breach HASH_MISMATCH, Fault ARTIFACT_STORE_UNAVAILABLE */
async function unread(
  artifacts: ArtifactStore,
  tenant: string,
  { ref, size }: ArtifactRef,
): Promise<ReasonCode | null> {
  if (size > readAtOnce) {
    const read = await artifacts.verify(tenant, ref, size);
    return read.ok ? null : read.code;
  }
  try {
    return (await artifacts.get(tenant, ref)).length === size ? null : 'SIZE_MISMATCH';
  } catch (error) {
    if (error instanceof Refused) return error.code;
    throw error;
  }
}

type Unread = { code: ReasonCode; breach: boolean; err?: unknown };

/** A receipt says seal and report in one: what cannot be read back yet is not sealed yet. Null when it can. */
async function reportMissing(artifacts: ArtifactStore, { tenant_id, report }: GateDecision): Promise<Unread | null> {
  try {
    const found = report === null ? null : await unread(artifacts, tenant_id, report as ArtifactRef);
    if (found === null) return null;
    const code = found === 'ARTIFACT_NOT_FOUND' ? 'GATE_EVIDENCE_MISSING' : found;
    return { code, breach: reasons[code].class === 'breach' };
  } catch (error) {
    return { code: codeOf(error), breach: error instanceof Breach, err: error };
  }
}

async function check(item: DecisionItem, tenant: string, deps: DecisionDeps): Promise<Checked> {
  try {
    const verified = await verifyDecision(item, tenant, deps);
    if (!verified.ok) {
      deps.noise.hear(verified.code, { tenant_id: tenant, detail: verified.detail });
      return { ok: false, result: { outcome: 'refused', code: verified.code } };
    }
    const { decision, digest } = verified.value;
    const missing = await reportMissing(deps.artifacts, decision);
    await deps.faults.at('audit.reportRead');
    if (missing === null) return { ok: true, decided: verified.value };
    const about = { tenant_id: tenant, build_id: decision.build_id, digest, ref: decision.report?.ref };
    deps.putOff.again(about, missing.code, missing);
    return { ok: false, result: { outcome: 'later', code: missing.code } };
  } catch (error) {
    if (error instanceof Refused) {
      // A tenant nobody pinned. Its root may still arrive, so the sender keeps the decision.
      deps.noise.hear(error.code, { tenant_id: tenant, detail: error.detail });
      return { ok: false, result: { outcome: 'later', code: error.code } };
    }
    const level = error instanceof Breach ? 'error' : 'warn';
    deps.log[level]({ err: error, code: codeOf(error), tenant_id: tenant }, 'a decision cannot be checked now');
    return { ok: false, result: { outcome: 'later', code: codeOf(error) } };
  }
}

/**
 * Takes an envelope of decisions: verifies each, seals the good ones under one checkpoint and answers after its commit. A decision that is sealed
 * already is a duplicate; its receipt stays in the outbox until somebody has it.
 */
export const takeDecisions =
  (deps: DecisionDeps) =>
  async (bytes: Uint8Array, { subject }: IncomingRequest): Promise<Uint8Array> => {
    const envelope = decodeEnvelope<DecisionItem>('decision', bytes, subject);
    if (!envelope.ok) {
      deps.noise.hear(envelope.code, { tenant_id: subject, detail: envelope.detail });
      return ackOfRefusal(envelope);
    }
    const { tenant_id, items } = envelope.value;
    const checked = await Promise.all(items.map((item) => check(item, tenant_id, deps)));
    const good = checked.flatMap((one) => (one.ok ? [one.decided] : []));
    const sealed = await deps.sealing.take(tenant_id, good);
    deps.putOff.sealed(good.flatMap(({ digest }, n) => (sealed[n]?.outcome === 'later' ? [] : [digest])));
    let at = 0;
    // crash: if we die here, the gatekeeper asks again and every decision is a duplicate
    await deps.faults.at('audit.answered');
    return ackOf(
      checked.map((one) => (one.ok ? (sealed[at++] ?? { outcome: 'later' as const, code: null }) : one.result)),
    );
  };
