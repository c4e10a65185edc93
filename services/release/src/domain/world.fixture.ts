import {
  type ArtifactRef,
  type Authorization,
  type Digest,
  type GateDecision,
  type ReleasePlan,
  releasePlanSchema,
  type SealedDecision,
} from '@orgo/contracts';
import { authorizationOf, blankDecision, type CohortMember, digestOf } from '@orgo/core';
import type { Receipt, ReleaseInput } from './inputs.ts';
import type { Asked, Eligible } from './state.ts';

/** Inputs for tests: one release of one build to one channel. */
export const of = { tenant_id: 'acme', release_id: 'rel_0198c0de-0000-7000-8000-000000000002' } as const;
export const packId = 'a'.repeat(64);
export const noon = '2026-11-20T12:00:00.000Z';

/** A plan with everything standard but what is given. */
export const planOf = (part: object = {}): ReleasePlan => releasePlanSchema.parse(part);

/** So many nodes, enrolled one after the other. */
export const nodesOf = (count: number): CohortMember[] =>
  Array.from({ length: count }, (_, at) => ({ instance_id: `n${at + 1}`, enrollment: at + 1, labels: {} }));

export const asked: Asked = {
  ...of,
  build_id: 'bld_0198c0de-0000-7000-8000-000000000001',
  channel: 'stable',
  actor: 'ann@example.org',
  reason: 'for the test',
  plan: planOf(),
  step_ms: 600_000,
  generation: 1,
  retry_of: null,
  request: null,
  traceparent: null,
};

const ref = (kind: string): ArtifactRef => ({ kind, ref: digestOf(kind), media_type: 'application/json', size: 2 });
export const manifest = ref('pack-manifest');

export const eligible: Eligible = {
  record_ref: digestOf('record'),
  record_decision: digestOf('record decision'),
  kristal_id: digestOf('kristal'),
  pack_id: packId,
  pack_manifest: manifest,
  pipeline_ref: digestOf('pipeline'),
  mandate_ref: digestOf('mandate'),
};

const item = {
  type: 't',
  payload: '{}',
  proof: { key_id: 'k', role: 'gatekeeper', tenant_id: 'acme', sig: 's', size: 1, index: 0, path: [] },
};
export const evidence: SealedDecision = { decision: item, seal: { index: 0, size: 1, path: [], checkpoint: 'c' } };

export const create: ReleaseInput = { type: 'create', asked, nodes: nodesOf(2) };
export const found: ReleaseInput = {
  type: 'verify-requested',
  ...of,
  eligible,
  inputs: [manifest],
  evidence,
  nodes: nodesOf(2),
};
export const barred: ReleaseInput = { type: 'barred', ...of, code: 'BUILD_NOT_ELIGIBLE', detail: 'no record' };

export const decision = (part: Partial<GateDecision> & Pick<GateDecision, 'kind' | 'verdict'>): GateDecision =>
  blankDecision({
    tenant_id: of.tenant_id,
    build_id: of.release_id,
    subject_key_id: 'k',
    actor: 'a',
    pipeline_ref: eligible.pipeline_ref,
    mandate_ref: eligible.mandate_ref,
    at: noon,
    ...part,
  });

export const receipt = (of_decision: GateDecision, authorizations: Receipt['authorizations'] = []): Receipt => ({
  type: 'receipt',
  ...of,
  decision: of_decision,
  decision_digest: digestOf(of_decision),
  log_index: 4,
  authorizations,
});

export const authorization: Authorization = authorizationOf(
  decision({ kind: 'RELEASE', verdict: 'PASS' }),
  'publish',
  [manifest],
  [],
);

/** The gatekeeper's PASS, with an authorization that may be spoilt. */
export const pass = (spoil: Partial<Authorization> = {}, listed: Digest | null = null): Receipt => {
  const given = { ...authorization, ...spoil };
  const digest = digestOf(given);
  return receipt(decision({ kind: 'RELEASE', verdict: 'PASS', final: true, authorizations: [listed ?? digest] }), [
    { authorization: given, digest },
  ]);
};
export const fail = receipt(
  decision({ kind: 'RELEASE', verdict: 'FAIL', final: true, reason_codes: ['CHANNEL_NOT_ALLOWED'] }),
);

/** A sealed decision about a node's report, as the gatekeeper writes it. */
export function report(instance_id: string, said: 'active' | 'failed'): Receipt {
  const isActive = said === 'active';
  return receipt(
    decision({
      kind: 'NODE_REPORT',
      verdict: isActive ? 'PASS' : 'FAIL',
      reason_codes: isActive ? [] : ['SMOKE_FAILED'],
      detail: {
        instance_id,
        channel: 'stable',
        nonce: 'c'.repeat(64),
        index_seq: 3,
        release_seq: 3,
        pack_seq: 3,
        pack_id: packId,
        active_pack_id: isActive ? packId : 'b'.repeat(64),
        last_known_good: null,
        highest_activated_seq: 3,
        highest_seen_seq: 3,
        health: 'HEALTHY',
        metrics: [],
        reported_at: noon,
        attempt: {
          type: 'ACTIVATE',
          status: isActive ? 'SUCCEEDED' : 'FAILED',
          reason_code: isActive ? null : 'SMOKE_FAILED',
        },
      },
    }),
  );
}
