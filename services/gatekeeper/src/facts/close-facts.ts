import {
  type ArtifactRef,
  artifactRefSchema,
  type BuildRecord,
  buildRecordSchema,
  foldSubject,
  payloadTypes,
} from '@orgo/contracts';
import { canonicalBytes, pae, parseStrict, toBase64 } from '@orgo/core';
import { artifactLimits } from '@orgo/kristal';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import type { Bus } from '@orgo/runtime/bus';
import { Fault } from '@orgo/runtime/errors';
import type { Keyring } from '@orgo/runtime/signer';
import type { Queryable } from '@orgo/store/db';
import { type CloseFacts, type Closing, type GateState, recordFindings, statementOf } from '../domain/index.ts';

export type CloseDeps = { bus: Bus; artifacts: ArtifactStore; keyring: Keyring; db: Queryable };

/** Folding reads a few artifacts and writes one; it waits longer than a ring message. */
const foldTimeoutMs = 30_000;

/** Asks audit to fold the record of a frozen build. Audit stores it; it is read back here, so that what is signed is what is stored. */
async function foldedRecord(
  { bus, artifacts }: CloseDeps,
  state: GateState,
  closing: Closing,
): Promise<{ record: BuildRecord; artifact: ArtifactRef }> {
  const { tenant_id, build_id } = state;
  const { outcome, reason_codes, trigger, rerun_of } = closing;
  const question = canonicalBytes({ v: 1, build_id, closing: { outcome, reason_codes, trigger, rerun_of } });
  const answer = parseStrict(await bus.request(foldSubject(tenant_id), question, { timeoutMs: foldTimeoutMs }));
  const told = (answer.ok ? answer.value : null) as {
    ok?: boolean;
    record?: unknown;
    code?: string;
    detail?: string;
  } | null;
  const named = artifactRefSchema.safeParse(told?.record);
  if (told?.ok !== true || !named.success)
    throw new Fault('AUDIT_UNAVAILABLE', `audit folds no record: ${told?.code ?? 'no answer'} ${told?.detail ?? ''}`);
  const artifact = named.data as ArtifactRef;
  const json = parseStrict(await artifacts.get(tenant_id, artifact.ref), artifactLimits);
  const record = buildRecordSchema.safeParse(json.ok ? json.value : undefined);
  if (!record.success)
    throw new Fault('AUDIT_UNAVAILABLE', `what audit folds is no record: ${record.error.issues[0]?.message}`);
  return { record: record.data as BuildRecord, artifact };
}

const pendingText = `SELECT message_id FROM outbox WHERE tenant_id = $1 AND aggregate = $2 AND channel = 'decision'`;

/**
 * The record of a frozen build, and the statement signed over it. A decision that audit has not been handed yet is waited for; only one that
 * audit took and does not show makes the record incomplete. Nothing is signed over a record that the gate would refuse.
 * @throws Fault AUDIT_UNAVAILABLE, BUS_UNAVAILABLE, SIGNER_UNAVAILABLE: the claim is kept and tried again
 */
export async function closeFacts(deps: CloseDeps, state: GateState, closing: Closing): Promise<CloseFacts> {
  const { tenant_id, build_id } = state;
  let { record, artifact } = await foldedRecord(deps, state, closing);
  if (recordFindings(state, record).length > 0) {
    const { rows } = await deps.db.query({ name: 'close_pending', text: pendingText }, [tenant_id, build_id]);
    if (rows.length > 0)
      throw new Fault('AUDIT_UNAVAILABLE', `${rows.length} decisions of the build are not sealed yet`);
    // Sealed between the first fold and the look into the outbox: the second fold shows it, or it is missing for good.
    ({ record, artifact } = await foldedRecord(deps, state, closing));
    if (recordFindings(state, record).length > 0)
      return { record, record_artifact: artifact, statement_artifact: null };
  }
  const signer = await deps.keyring.signer(tenant_id, 'gatekeeper');
  const payload = canonicalBytes(statementOf(record, artifact));
  const sig = toBase64(signer.sign(pae(payloadTypes.statement, payload)));
  const envelope = {
    payloadType: payloadTypes.statement,
    payload: toBase64(payload),
    signatures: [{ keyid: signer.key_id, sig }],
  };
  // crash: if we die after this, the statement lies in the store and no decision names it
  const statement_artifact = await deps.artifacts.put(
    tenant_id,
    'build-statement',
    'application/json',
    canonicalBytes(envelope),
  );
  return { record, record_artifact: artifact, statement_artifact };
}
