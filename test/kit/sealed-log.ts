import { type GateDecision, payloadTypes, type SealedDecision } from '@orgo/contracts';
import {
  blankDecision,
  canonical,
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

type Wish = Partial<GateDecision> & Pick<GateDecision, 'kind' | 'build_id'>;

const passed = (tenant_id: string, wish: Wish): GateDecision =>
  blankDecision({
    verdict: 'PASS',
    tenant_id,
    final: true,
    actor: 'ann@example.org',
    at: '2026-01-01T00:00:00.000Z',
    ...wish,
  });

/** A tenant's log, written by a test: decisions of whoever signs them, each with the proof of its place. */
export function createSealedLog(tenant: string, origin: string) {
  const leaves: Uint8Array[] = [];
  return {
    /** Signs a decision as the gatekeeper, or as the role that is said, and appends it under a checkpoint of the log key. */
    append(decision: Wish, by: { gatekeeper: TestKey; log: TestKey; role?: string }): SealedDecision {
      const { gatekeeper, log, role = 'gatekeeper' } = by;
      const payload = canonical(passed(tenant, decision));
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
