import type { BuildRecord } from '@orgo/contracts';
import { ok, type Result } from '@orgo/core';
import { verifyArtifacts, verifyKristal, verifyMandate } from './verify-artifacts.ts';
import { verifyCheckpoint, verifyDecisions } from './verify-decisions.ts';
import { verifyInventory } from './verify-inventory.ts';
import { verifyRecord, verifyStatement } from './verify-record.ts';
import type { BundleFiles, Trust, VerifierRoot } from './verify-trust.ts';

/** What a verified bundle proves, for a person. */
export type VerifiedBundle = {
  tenant_id: string;
  build_id: string;
  record: BuildRecord;
  files: number;
  decisions: number;
  artifacts: number;
  checkpoint: { origin: string; size: number };
  root_version: number;
};

/**
 * Verifies an evidence bundle offline: no network, no database, no running Orgo, and no trust from the bundle itself. In this order, stopping
 * at the first no: trust roots against the pin, inventory and every file, checkpoint, every decision with its authorizations and its place in
 * the log, the record against its own hashes and against folding the decisions again, the statement, every artifact, kristal_id and pack id
 * recomputed, the mandate. The refusal's code says what is wrong, its detail where.
 */
export function verifyBundle<R extends VerifierRoot>(files: BundleFiles, trust: Trust<R>): Result<VerifiedBundle> {
  const whole = verifyInventory(files, trust);
  if (!whole.ok) return whole;
  const { inventory, roots, newest: root } = whole.value;
  const { verify } = trust;
  const checkpoint = verifyCheckpoint(files, root, verify);
  if (!checkpoint.ok) return checkpoint;
  const leaves = verifyDecisions(files, inventory, { roots, newest: root, checkpoint: checkpoint.value, verify });
  if (!leaves.ok) return leaves;
  const decided = verifyRecord(files, leaves.value, checkpoint.value.origin);
  if (!decided.ok) return decided;
  const { record, decision } = decided.value;
  const signers = roots[decision.decision.root_version - 1] ?? root;
  const statement = verifyStatement(files, record, decision, { root: signers, verify });
  if (!statement.ok) return statement;
  const artifacts = verifyArtifacts(files, leaves.value);
  if (!artifacts.ok) return artifacts;
  const kristal = verifyKristal(files, record);
  if (!kristal.ok) return kristal;
  const mandate = verifyMandate(files, record, { newest: root, signers, sealedAt: decision.index, verify });
  if (!mandate.ok) return mandate;
  return ok({
    tenant_id: inventory.tenant_id,
    build_id: inventory.build_id,
    record,
    files: inventory.files.length,
    decisions: leaves.value.length,
    artifacts: artifacts.value,
    checkpoint: { origin: checkpoint.value.origin, size: checkpoint.value.size },
    root_version: root.version,
  });
}
