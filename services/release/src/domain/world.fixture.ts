import type { ArtifactRef, Authorization, Digest, GateDecision, SealedDecision } from '@orgo/contracts';
import { digestOf } from '@orgo/core';
import { decide } from './decide.ts';
import type { ReleaseEvent } from './events.ts';
import { evolve } from './evolve.ts';
import type { Receipt, ReleaseInput } from './inputs.ts';
import type { Send } from './sends.ts';
import { type Asked, type Eligible, initial, type ReleaseState } from './state.ts';

/** Inputs for tests: one release of one build to one channel. */
export const of = { tenant_id: 'acme', release_id: 'rel_0198c0de-0000-7000-8000-000000000002' } as const;
export const packId = 'a'.repeat(64);
export const noon = '2026-11-20T12:00:00.000Z';

export const asked: Asked = {
  ...of,
  build_id: 'bld_0198c0de-0000-7000-8000-000000000001',
  channel: 'stable',
  actor: 'ann@example.org',
  reason: 'for the test',
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

export const create: ReleaseInput = { type: 'create', asked };
export const found: ReleaseInput = { type: 'verify-requested', ...of, eligible, inputs: [manifest], evidence };
export const barred: ReleaseInput = { type: 'barred', ...of, code: 'BUILD_NOT_ELIGIBLE', detail: 'no record' };
export const alarm: ReleaseInput = { type: 'alarm', ...of, kind: 'activation' };
export const published = (...nodes: string[]): ReleaseInput => ({
  type: 'channel-published',
  ...of,
  channel: 'stable',
  index_seq: 7,
  place: 'current',
  release_seq: 3,
  pack_seq: 3,
  frozen: false,
  nodes,
  deadline_ms: 600_000,
});

const decision = (part: Partial<GateDecision> & Pick<GateDecision, 'kind' | 'verdict'>): GateDecision => ({
  v: 1,
  tenant_id: of.tenant_id,
  build_id: of.release_id,
  stage: null,
  attempt: 0,
  epoch: 0,
  final: false,
  idem_key: digestOf('idem'),
  subject_digest: digestOf('subject'),
  subject_key_id: 'k',
  command_digest: null,
  reason_codes: [],
  inputs: [],
  outputs: [],
  authorizations: [],
  rests_on: [],
  report: null,
  adapter: null,
  actor: 'a',
  pipeline_ref: eligible.pipeline_ref,
  mandate_ref: eligible.mandate_ref,
  root_version: 1,
  as_of: noon,
  at: noon,
  duration_ms: 0,
  detail: {},
  ...part,
});

const receipt = (of_decision: GateDecision, authorizations: Receipt['authorizations'] = []): Receipt => ({
  type: 'receipt',
  ...of,
  decision: of_decision,
  decision_digest: digestOf(of_decision),
  log_index: 4,
  authorizations,
});

export const authorization: Authorization = {
  v: 1,
  tenant_id: of.tenant_id,
  build_id: of.release_id,
  stage: 'publish',
  inputs: [manifest],
  rests_on: [],
  subject_digest: digestOf('subject'),
  pipeline_ref: eligible.pipeline_ref,
  mandate_ref: eligible.mandate_ref,
  as_of: noon,
  root_version: 1,
};

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

/** How a node may report. */
export type Said = 'active' | 'failed' | 'verified' | 'elsewhere' | 'older';

/** A sealed decision about a node's report, as the gatekeeper writes it. */
export function report(instance_id: string, said: Said): Receipt {
  const succeeded = said !== 'failed';
  const active_pack_id = said === 'active' || said === 'older' ? packId : 'b'.repeat(64);
  const reason_code = succeeded ? null : 'SMOKE_FAILED';
  return receipt(
    decision({
      kind: 'NODE_REPORT',
      verdict: said === 'active' || said === 'older' ? 'PASS' : 'FAIL',
      reason_codes: said === 'failed' ? ['SMOKE_FAILED'] : said === 'active' ? [] : ['ACTIVATION_NOT_CONFIRMED'],
      detail: {
        instance_id,
        channel: 'stable',
        nonce: 'c'.repeat(64),
        index_seq: 3,
        release_seq: said === 'older' ? 2 : 3,
        pack_seq: 3,
        pack_id: packId,
        active_pack_id,
        last_known_good: null,
        highest_activated_seq: 3,
        highest_seen_seq: 3,
        health: 'HEALTHY',
        metrics: [],
        reported_at: noon,
        attempt: {
          type: said === 'verified' ? 'VERIFY' : 'ACTIVATE',
          status: succeeded ? 'SUCCEEDED' : 'FAILED',
          reason_code,
        },
      },
    }),
  );
}

/** A release that lives through inputs, with everything it said and the alarms it has set. */
export class World {
  state: ReleaseState = initial({ tenant_id: of.tenant_id, id: of.release_id });
  readonly events: ReleaseEvent[] = [];
  readonly sends: Send[] = [];
  readonly alarms = new Set<string>();

  step(...inputs: ReleaseInput[]): this {
    for (const input of inputs) {
      if (input.type === 'alarm') this.alarms.clear();
      const outcome = decide(this.state, { ...input, now: noon });
      if (!outcome.ok) continue;
      for (const event of outcome.events) this.state = evolve(this.state, event);
      this.events.push(...outcome.events);
      this.sends.push(...outcome.sends);
      for (const set of outcome.alarms) {
        if ('cancel' in set) this.alarms.delete(set.cancel);
        else this.alarms.add(set.id);
      }
    }
    return this;
  }
  jobs(): string[] {
    return this.sends.flatMap((send) => (send.send === 'job' ? [send.job] : []));
  }
}

/** A release that was walked to a phase. */
export const at = {
  NEW: () => new World(),
  QUEUED: () => new World().step(create),
  VERIFYING: () => new World().step(create, found),
  VERIFIED: () => new World().step(create, found, pass()),
  RELEASING: () => new World().step(create, found, pass(), published('n1', 'n2')),
  PAUSED: () => new World().step(create, found, pass(), published('n1', 'n2'), report('n1', 'failed')),
  RELEASED: () => new World().step(create, found, pass(), published('n1'), report('n1', 'active')),
  FAILED: () => new World().step(create, barred),
} as const;
