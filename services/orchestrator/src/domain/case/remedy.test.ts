import { caseIdSchema, caseSchema, type GateDecision, receiptServicesOf } from '@orgo/contracts';
import { digestOf, type JsonValue } from '@orgo/core';
import { describe, expect, it } from 'vitest';
import { decideCase, evolveCase } from './case.ts';
import { caseView, publicCase } from './public.ts';
import { casesOf } from './remedy.ts';
import { type CaseState, initialCase } from './state.ts';

const noon = '2026-11-20T12:00:00.000Z';
const tenant_id = 'acme';
const uuid = '0198c0de-0000-7000-8000-000000000001';
const [rollback_id, release_id] = [`chg_${uuid}`, `rel_${uuid}`];

const decision = (more: Partial<GateDecision>): GateDecision =>
  ({
    build_id: release_id,
    verdict: 'PASS',
    reason_codes: [],
    actor: 'release',
    mandate_ref: digestOf('mandate'),
    report: null,
    ...more,
  }) as GateDecision;
const rollback = (more: Partial<GateDecision> = {}, detail = {}): GateDecision =>
  decision({
    kind: 'ROLLBACK',
    detail: {
      rollback_id,
      channel: 'stable',
      release_id,
      trigger: 'analysis',
      reason: 'query errors',
      evidence: { metric: 'query_errors_bp', value: '900', threshold: '100', samples: 400 },
      from: { pack_id: 'b'.repeat(64) },
      to: { pack_id: 'a'.repeat(64) },
      drill: false,
      ...detail,
    },
    ...more,
  });
const change = (detail: Record<string, JsonValue>, actor: string, more: Partial<GateDecision> = {}): GateDecision =>
  decision({
    kind: 'CHANNEL_CHANGE',
    actor,
    detail: { channel: 'stable', reason: 'because', lifted: [], ...detail },
    ...more,
  });
const validated = change({ change: { change: 'validated', rollback_id, nodes: 3 } }, 'release');
const unfreeze = change({ change: { change: 'unfreeze', override: false }, lifted: [rollback_id] }, 'ann');

/** The Cases of a tenant after these decisions, as receipts bring them. */
const after = (...decisions: GateDecision[]): Map<string, CaseState> => {
  const cases = new Map<string, CaseState>();
  for (const one of decisions)
    for (const case_id of casesOf(one)) {
      const state = cases.get(case_id) ?? initialCase({ tenant_id, id: case_id });
      const decision_digest = digestOf(one as unknown as JsonValue);
      const outcome = decideCase(state, {
        type: 'decided',
        tenant_id,
        case_id,
        decision: one,
        decision_digest,
        now: noon,
      });
      const next = (outcome.events ?? []).reduce(evolveCase, state);
      if (next.phase !== 'NEW') cases.set(case_id, next);
    }
  return cases;
};
const only = (...decisions: GateDecision[]): CaseState => {
  const [state, ...more] = after(...decisions).values();
  expect(more).toEqual([]);
  return state as CaseState;
};
const statuses = ({ tasks = [] }: CaseState) => Object.fromEntries(tasks.map(({ task, status }) => [task, status]));

describe('a rollback', () => {
  it('opens one Case with four Tasks, and says why with metric, value, threshold and samples', () => {
    const state = only(rollback(), rollback());
    expect(caseSchema.parse(caseView(state))).toMatchObject({
      case_id: `case_${uuid}`,
      status: 'OPEN',
      type: 'rollback',
      subject: { kind: 'release', ref: release_id },
      title: expect.stringContaining('query_errors_bp 900 over 100, 400 samples'),
    });
    expect(statuses(state)).toEqual({
      'freeze-promotions': 'COMPLETED',
      'rollback-activation': 'IN_PROGRESS',
      'post-rollback-validation': 'OPEN',
      'unfreeze-promotions': 'BLOCKED',
    });
    expect(state.tasks?.filter(({ gated }) => gated).map(({ task }) => task)).toEqual(['unfreeze-promotions']);
  });
  it('is validated by the nodes, and its Case is closed by a person', () => {
    const proven = only(rollback(), validated);
    expect(proven.phase).toBe('OPEN');
    expect(statuses(proven)).toMatchObject({ 'post-rollback-validation': 'COMPLETED', 'unfreeze-promotions': 'OPEN' });
    const closed = only(rollback(), validated, unfreeze, unfreeze);
    expect(closed).toMatchObject({ phase: 'COMPLETED', tasks: [{}, {}, {}, { status: 'COMPLETED', actor: 'ann' }] });
    expect(closed.audit.at(-1)).toMatchObject({ event_type: 'CASE_CLOSED', actor: { kind: 'user', id: 'ann' } });
  });
  it('that a person lifts before it is validated leaves the validation cancelled, under that name', () => {
    const state = only(rollback(), unfreeze);
    expect(state.tasks?.[2]).toMatchObject({ task: 'post-rollback-validation', status: 'CANCELLED', actor: 'ann' });
    expect(state.phase).toBe('COMPLETED');
  });
  it('that the gatekeeper refuses is an incident', () => {
    const state = only(rollback({ verdict: 'FAIL', reason_codes: ['BELOW_SECURITY_FLOOR'] }));
    expect(state).toMatchObject({ type: 'rollback-refused', severity: 'CRITICAL', phase: 'OPEN' });
    expect(Object.values(statuses(state))).toEqual(['CANCELLED', 'CANCELLED', 'CANCELLED', 'CANCELLED']);
  });
  it('that is a drill opens none', () => {
    expect(after(rollback({}, { trigger: 'drill', drill: true })).size).toBe(0);
  });
  it('has a public form that names its Tasks', () => {
    expect(publicCase(only(rollback()))).toMatchObject({
      type: 'release',
      tasks: expect.arrayContaining([`case_${uuid}/unfreeze-promotions`]),
    });
  });
});

describe('what a node says', () => {
  const said = (codes: string[], instance_id = 'edge-1') =>
    decision({ kind: 'NODE_REPORT', verdict: 'FAIL', reason_codes: codes, detail: { instance_id, channel: 'stable' } });
  it('about drift opens one Case, however often it says it', () => {
    const state = only(said(['STATE_DRIFT']), said(['ACTIVATION_NOT_CONFIRMED', 'STATE_DRIFT']));
    expect(state).toMatchObject({ type: 'state-drift', subject: { kind: 'node', ref: 'edge-1' } });
    expect(caseIdSchema.safeParse(state.case_id).success).toBe(true);
  });
  it.each(['KEY_REVOKED', 'SIGNATURE_INVALID', 'FILE_HASH_MISMATCH', 'METADATA_ROLLBACK'])(
    'about %s opens a Case',
    (code) => {
      expect(only(said([code]))).toMatchObject({ type: 'node-integrity', reason_codes: [code] });
    },
  );
  it('opens one Case per node and trouble', () => {
    expect(after(said(['KEY_REVOKED']), said(['STATE_DRIFT']), said(['KEY_REVOKED'], 'edge-2')).size).toBe(3);
  });
  it('about anything else is no Case, and does not reach the orchestrator', () => {
    const quiet = said(['SMOKE_FAILED']);
    expect(after(quiet).size).toBe(0);
    expect(receiptServicesOf(quiet)).toEqual(['release']);
    expect(receiptServicesOf(said(['STATE_DRIFT']))).toEqual(['release', 'orchestrator']);
  });
});

it('opens a Case for a release whose bytes or keys failed', () => {
  const refused = decision({ kind: 'RELEASE', verdict: 'FAIL', reason_codes: ['HASH_MISMATCH'], detail: {} });
  expect(only(refused)).toMatchObject({ type: 'release-refused', subject: { kind: 'release', ref: release_id } });
});
