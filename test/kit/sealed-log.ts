import { type GateDecision, payloadTypes, type SealedDecision } from '@orgo/contracts';
import {
  canonical,
  digestOfNothing,
  formatCheckpoint,
  inclusionPath,
  leafHash,
  rootOf,
  signBatch,
  signNote,
  toHex,
  utf8,
} from '@orgo/core';
import type { TestKey } from './channel-repo.ts';

/** A decision that says nothing yet, as a gatekeeper would write it. */
const blank = (tenant: string): Omit<GateDecision, 'kind' | 'build_id'> => ({
  v: 1,
  verdict: 'PASS',
  tenant_id: tenant as GateDecision['tenant_id'],
  stage: null,
  attempt: 0,
  epoch: 0,
  final: true,
  idem_key: digestOfNothing,
  subject_digest: digestOfNothing,
  subject_key_id: '',
  command_digest: null,
  reason_codes: [],
  inputs: [],
  outputs: [],
  authorizations: [],
  rests_on: [],
  report: null,
  adapter: null,
  actor: 'ann@example.org',
  pipeline_ref: digestOfNothing,
  mandate_ref: digestOfNothing,
  root_version: 1,
  as_of: '2026-01-01T00:00:00.000Z',
  at: '2026-01-01T00:00:00.000Z',
  duration_ms: 0,
  detail: {},
});

/** A tenant's log, written by a test: decisions of whoever signs them, each with the proof of its place. */
export function createSealedLog(tenant: string, origin: string) {
  const leaves: Uint8Array[] = [];
  return {
    /** Signs a decision as the gatekeeper, or as the role that is said, and appends it under a checkpoint of the log key. */
    append(
      decision: Partial<GateDecision> & Pick<GateDecision, 'kind' | 'build_id'>,
      by: { gatekeeper: TestKey; log: TestKey; role?: string },
    ): SealedDecision {
      const { gatekeeper, log, role = 'gatekeeper' } = by;
      const payload = canonical({ ...blank(tenant), ...decision });
      const signer = { role, tenant_id: tenant, key_id: gatekeeper.keyid };
      const [item] = signBatch([{ type: payloadTypes.decision, payload }], signer, gatekeeper.sign);
      const index = leaves.push(leafHash(utf8(payload))) - 1;
      const size = leaves.length;
      const note = formatCheckpoint({ origin, size, root: rootOf(leaves) });
      const checkpoint = signNote(note, { name: origin, public: log.raw }, log.sign);
      const path = inclusionPath(leaves, index).map(toHex);
      return { decision: item, seal: { index, size, path, checkpoint } } as SealedDecision;
    },
  };
}
