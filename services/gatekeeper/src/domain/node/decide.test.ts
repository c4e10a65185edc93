import type { NodeReport, ReasonCode } from '@orgo/contracts';
import { digestOf, tableFaults } from '@orgo/core';
import { describe, expect, test } from 'vitest';
import { claim, now, tenant_id } from '../gate.fixture.ts';
import { decideNode, type JoinFacts, type NodeInput, type ReportFacts } from './decide.ts';
import { evolveNode, initialNode, type NodeGate, nodeTable } from './machine.ts';

const release_id = 'rel_0198c0de-0000-7000-8000-000000000002';
const pack_id = 'a'.repeat(64);
const nonce = 'b'.repeat(64);
const node: NonNullable<JoinFacts> = {
  instance_id: 'node-1',
  channel: 'stable',
  public_key: 'key',
  key_id: 'ed25519:node',
  labels: { site: 'north' },
};
const inputOf = (more: Partial<NodeInput>, detail = {}): NodeInput => {
  const body = claim({
    claim: more.join ? 'NODE_JOIN' : 'NODE_REPORT',
    build_id: release_id,
    detail: { nonce, ...detail },
  });
  return {
    tenant_id,
    build_id: release_id,
    digest: digestOf(body),
    key_id: 'k',
    root_version: 1,
    claim: body,
    join: null,
    report: null,
    now,
    ...more,
  };
};
const report = (more: Partial<NodeReport> = {}): NodeReport => ({
  v: 1,
  tenant_id,
  instance_id: 'node-1',
  channel: 'stable',
  nonce,
  release_id,
  index_seq: 5,
  release_seq: 3,
  pack_seq: 3,
  pack_id,
  attempt: { type: 'ACTIVATE', status: 'SUCCEEDED', reason_code: null },
  active_pack_id: pack_id,
  last_known_good: null,
  highest_activated_seq: 3,
  highest_seen_seq: 3,
  health: 'HEALTHY',
  metrics: [],
  reported_at: now,
  ...more,
});
const reported = (more: Partial<ReportFacts> = {}, detail = {}): NodeInput =>
  inputOf(
    {
      report: {
        instance_id: 'node-1',
        signed: { ok: true, key_id: node.key_id },
        report: report(),
        nonce_used: false,
        release: { pack_id, channel: 'stable', release_seq: 3, pack_seq: 3, decision: digestOf('release') },
        ...more,
      },
    },
    detail,
  );
const step = (state: NodeGate, input: NodeInput) => {
  const outcome = decideNode(state, input);
  return { outcome, decision: outcome.sends?.[0]?.decision, state: (outcome.events ?? []).reduce(evolveNode, state) };
};
const stranger = initialNode({ tenant_id, id: 'node-1' });
const joined = step(stranger, inputOf({ join: { node } })).state;

test('the table has no dead ends', () => {
  expect(tableFaults(nodeTable, { initial: 'UNKNOWN', terminals: [] })).toEqual([]);
});

describe('joining', () => {
  test('enrolls the key by a decision', () => {
    const { decision } = step(stranger, inputOf({ join: { node } }));
    expect(decision).toMatchObject({
      kind: 'NODE_JOIN',
      verdict: 'PASS',
      detail: { instance_id: 'node-1', key_id: node.key_id, channel: 'stable', labels: { site: 'north' } },
    });
    expect(joined).toMatchObject({ phase: 'ENROLLED', key_id: node.key_id });
  });
  test('another key for the same name is refused on record and the first stands', () => {
    const { decision, state } = step(joined, inputOf({ join: { node: { ...node, key_id: 'ed25519:eve' } } }));
    expect(decision).toMatchObject({ kind: 'NODE_JOIN', verdict: 'FAIL', reason_codes: ['KEY_NOT_TRUSTED_FOR_ROLE'] });
    expect(state).toEqual(joined);
  });
  test('the same key may move to another channel', () => {
    expect(step(joined, inputOf({ join: { node: { ...node, channel: 'beta' } } })).state.channel).toBe('beta');
  });
  test('a malformed join is refused', () => {
    expect(step(stranger, inputOf({ join: { node: null } })).outcome).toMatchObject({
      ok: false,
      code: 'CLAIM_MALFORMED',
    });
  });
});

describe('reports', () => {
  test('a node speaks for its own channel alone: what it says of another one is not put on record', () => {
    const lab = step(stranger, inputOf({ join: { node: { ...node, channel: 'lab' } } })).state;
    const { outcome, state } = step(lab, reported());
    expect(outcome).toMatchObject({ ok: false, code: 'TARGET_NOT_FOR_CHANNEL' });
    expect(outcome.sends).toBeUndefined();
    expect(state).toEqual(lab);
  });
  test('confirm the released pack', () => {
    const { decision, state } = step(joined, reported());
    expect(decision).toMatchObject({
      kind: 'NODE_REPORT',
      verdict: 'PASS',
      detail: { active_pack_id: pack_id, nonce },
    });
    expect(state.last).toMatchObject({ verdict: 'PASS', release_id });
  });

  test('repeat what the node measured, and whom it can go back to', () => {
    const metrics = [{ name: 'query_errors_bp', value: 12, samples: 400 }];
    const last_known_good = 'd'.repeat(64);
    const { decision } = step(joined, reported({ report: report({ metrics, last_known_good }) }));
    expect(decision?.detail).toMatchObject({
      metrics,
      last_known_good,
      index_seq: 5,
      pack_seq: 3,
      highest_seen_seq: 3,
    });
  });
  test.each<[string, Partial<NodeReport>]>([
    ['brings it beside another', { attempt: { type: 'PREFETCH', status: 'SUCCEEDED', reason_code: null } }],
    ['begins to go back to it', { attempt: { type: 'ROLLBACK', status: 'IN_PROGRESS', reason_code: null } }],
  ])('of a node that %s ask for no active pack', (_, more) => {
    expect(
      step(joined, reported({ report: report({ ...more, active_pack_id: 'c'.repeat(64) }) })).decision,
    ).toMatchObject({ verdict: 'PASS', reason_codes: [] });
  });

  test.each<[string, Partial<ReportFacts>, ReasonCode]>([
    ['another active pack', { report: report({ active_pack_id: 'c'.repeat(64) }) }, 'ACTIVATION_NOT_CONFIRMED'],
    ['no active pack', { report: report({ active_pack_id: null }) }, 'ACTIVATION_NOT_CONFIRMED'],
    [
      'a failed attempt',
      { report: report({ attempt: { type: 'VERIFY', status: 'FAILED', reason_code: 'FILE_HASH_MISMATCH' } }) },
      'FILE_HASH_MISMATCH',
    ],
    ['another channel', { report: report({ channel: 'beta' }) }, 'TARGET_NOT_FOR_CHANNEL'],
    ['another number of the pack', { report: report({ pack_seq: 4 }) }, 'REPORT_NUMBER_MISMATCH'],
    ['a release nobody authorized', { release: null }, 'RELEASE_NOT_FOUND'],
  ])('%s is a FAIL on record', (_, facts, code) => {
    const { decision, state } = step(joined, reported(facts));
    expect(decision).toMatchObject({ kind: 'NODE_REPORT', verdict: 'FAIL' });
    expect(state.last?.confirmed).toBeNull();
    expect(decision?.reason_codes).toContain(code);
  });

  test.each<[string, NodeGate, NodeInput, ReasonCode]>([
    ['a node nobody enrolled', stranger, reported(), 'REPORT_NOT_ENROLLED'],
    [
      'a signature that fails',
      joined,
      reported({ signed: { ok: false, code: 'SIGNATURE_INVALID' } }),
      'SIGNATURE_INVALID',
    ],
    [
      'a key that was enrolled before',
      joined,
      reported({ signed: { ok: true, key_id: 'ed25519:old' } }),
      'REPORT_NOT_ENROLLED',
    ],
    ['something that is no report', joined, reported({ report: null }), 'REPORT_MALFORMED'],
    ['a nonce used before', joined, reported({ nonce_used: true }), 'REPORT_REPLAYED'],
    ['the same report again', step(joined, reported()).state, reported(), 'REPORT_REPLAYED'],
    ['a nonce that was not given', joined, reported({}, { nonce: 'c'.repeat(64) }), 'REPORT_REPLAYED'],
    ['another node’s report', joined, reported({ report: report({ instance_id: 'node-2' }) }), 'REPORT_MALFORMED'],
    [
      'a report of another release',
      joined,
      reported({ report: report({ release_id: 'rel_0198c0de-0000-7000-8000-000000000009' }) }),
      'REPORT_MALFORMED',
    ],
  ])('%s is refused without a leaf', (_, state, input, code) => {
    const { outcome, state: after } = step(state, input);
    expect(outcome).toMatchObject({ ok: false, code });
    expect(outcome.sends).toBeUndefined();
    expect(after).toEqual(state);
  });

  describe('of a node that proved to run one pack', () => {
    const other = 'c'.repeat(64);
    const proven = step(joined, reported()).state;
    const shows = (more: Partial<NodeReport>, facts: Partial<ReportFacts> = {}) => {
      const fresh = 'e'.repeat(64);
      const said = report({
        nonce: fresh,
        attempt: { type: 'HEARTBEAT', status: 'SUCCEEDED', reason_code: null },
        ...more,
      });
      return step(proven, reported({ report: said, ...facts }, { nonce: fresh }));
    };
    const newer = {
      release: { pack_id: other, channel: 'stable', release_seq: 4, pack_seq: null, decision: digestOf('next') },
    };

    test('remember what it proved', () => {
      expect(proven.held).toMatchObject({ pack_id, confirmed: { channel: 'stable', pack_seq: 3 } });
    });
    test.each([
      ['another pack under the release it proved', { active_pack_id: other }, {}],
      ['no pack', { active_pack_id: null }, {}],
      [
        'an older pack of an authorized release that nobody had it go back to',
        { active_pack_id: other, pack_id: other, pack_seq: 2 },
        newer,
      ],
    ])('and show %s are STATE_DRIFT', (_, more, facts) => {
      const { decision, state } = shows(more, facts);
      expect(decision).toMatchObject({ verdict: 'FAIL' });
      expect(decision?.reason_codes).toContain('STATE_DRIFT');
      expect(state.held?.pack_id).toBe(pack_id);
    });
    test.each([
      ['the same pack', {}, {}],
      ['a newer pack of an authorized release', { active_pack_id: other, pack_id: other, pack_seq: 4 }, newer],
      [
        'an older pack that it was rolled back to',
        {
          active_pack_id: other,
          pack_id: other,
          pack_seq: 2,
          attempt: { type: 'ROLLBACK' as const, status: 'SUCCEEDED' as const, reason_code: null },
        },
        newer,
      ],
    ])('and show %s are not', (_, more, facts) => {
      expect(shows(more, facts).decision).toMatchObject({ verdict: 'PASS', reason_codes: [] });
    });
  });
});
