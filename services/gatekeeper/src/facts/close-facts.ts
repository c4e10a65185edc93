import {
  type ArtifactRef,
  artifactRefSchema,
  type BuildRecord,
  buildRecordSchema,
  digestSchema,
  foldSubject,
  isReasonCode,
  payloadTypes,
} from '@orgo/contracts';
import { canonical, canonicalBytes, pae, parseStrict, toBase64 } from '@orgo/core';
import { statementOf } from '@orgo/core/record-statement';
import { artifactLimits } from '@orgo/kristal';
import type { ArtifactStore } from '@orgo/runtime/artifacts';
import type { Bus } from '@orgo/runtime/bus';
import { Fault } from '@orgo/runtime/errors';
import type { Keyring } from '@orgo/runtime/signer';
import type { Queryable } from '@orgo/store/db';
import { z } from 'zod';
import {
  type CloseFacts,
  type Closing,
  closedWith,
  type GateState,
  recordFindings,
  type Unreadable,
} from '../domain/index.ts';

export type CloseDeps = { bus: Bus; artifacts: ArtifactStore; keyring: Keyring; db: Queryable };

/** Folding reads a few artifacts and writes one; it waits longer than a ring message. */
const foldTimeoutMs = 30_000;

type Folded = { record: BuildRecord; artifact: ArtifactRef; unreadable: Unreadable[] };

const answerSchema = z.object({
  ok: z.literal(true),
  record: artifactRefSchema.nullable(),
  unreadable: z.array(z.object({ ref: digestSchema, code: z.string().refine(isReasonCode) })),
});

/** One question to audit. `record` is null where a build that is said to have completed has something unreadable. */
async function askFold(bus: Bus, { tenant_id, build_id }: GateState, closing: Closing) {
  const { outcome, reason_codes, trigger, rerun_of } = closing;
  const question = canonicalBytes({ v: 1, build_id, closing: { outcome, reason_codes, trigger, rerun_of } });
  const answer = parseStrict(await bus.request(foldSubject(tenant_id), question, { timeoutMs: foldTimeoutMs }));
  const told = answerSchema.safeParse(answer.ok ? answer.value : null);
  if (told.success)
    return { record: told.data.record as ArtifactRef | null, unreadable: told.data.unreadable as Unreadable[] };
  const no = (answer.ok ? answer.value : null) as { code?: string; detail?: string } | null;
  throw new Fault('AUDIT_UNAVAILABLE', `audit folds no record: ${no?.code ?? 'no answer'} ${no?.detail ?? ''}`);
}

/**
 * Asks audit to fold the record of a frozen build, as completed if it may be and as failed if something of it cannot be read. Audit stores it; it is read
 * back here, so that what is signed is what is stored.
 */
async function foldedRecord({ bus, artifacts }: CloseDeps, state: GateState, closing: Closing): Promise<Folded> {
  const first = await askFold(bus, state, closing);
  const told = first.record === null ? await askFold(bus, state, closedWith(closing, first.unreadable)) : first;
  // Bytes that came back or broke between the two questions: the closing asked for is not the one that follows from them.
  if (told.record === null || canonical(told.unreadable) !== canonical(first.unreadable))
    throw new Fault('AUDIT_UNAVAILABLE', 'what can be read of the build changes while its record is folded');
  const json = parseStrict(await artifacts.get(state.tenant_id, told.record.ref), artifactLimits);
  const record = buildRecordSchema.safeParse(json.ok ? json.value : undefined);
  if (!record.success)
    throw new Fault('AUDIT_UNAVAILABLE', `what audit folds is no record: ${record.error.issues[0]?.message}`);
  return { record: record.data as BuildRecord, artifact: told.record, unreadable: told.unreadable };
}

const pendingText = `SELECT message_id FROM outbox WHERE tenant_id = $1 AND aggregate = $2 AND channel = 'decision'`;

/**
 * The record of a frozen build, and the statement signed over it. A decision that audit has not been handed yet is waited for; only one that
 * audit took and does not show makes the record incomplete. Nothing is signed over a record that the gate would refuse.
 * @throws Fault AUDIT_UNAVAILABLE, BUS_UNAVAILABLE, SIGNER_UNAVAILABLE: the claim is kept and tried again
 */
export async function closeFacts(deps: CloseDeps, state: GateState, closing: Closing): Promise<CloseFacts> {
  const { tenant_id, build_id } = state;
  let { record, artifact, unreadable } = await foldedRecord(deps, state, closing);
  if (recordFindings(state, record, unreadable).length > 0) {
    const { rows } = await deps.db.query({ name: 'close_pending', text: pendingText }, [tenant_id, build_id]);
    if (rows.length > 0)
      throw new Fault('AUDIT_UNAVAILABLE', `${rows.length} decisions of the build are not sealed yet`);
    // Sealed between the first fold and the look into the outbox: the second fold shows it, or it is missing for good.
    ({ record, artifact, unreadable } = await foldedRecord(deps, state, closing));
    if (recordFindings(state, record, unreadable).length > 0)
      return { record, record_artifact: artifact, unreadable, statement_artifact: null };
  }
  const signer = await deps.keyring.signer(tenant_id, 'gatekeeper');
  const payload = canonicalBytes(statementOf(record, artifact));
  const sig = toBase64(await signer.sign(pae(payloadTypes.statement, payload)));
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
  return { record, record_artifact: artifact, unreadable, statement_artifact };
}
