import type { BuildRecord, GateDecision, ReasonCode } from '@orgo/contracts';
import { digestOf, tableFaults } from '@orgo/core';
import { describe, expect, test } from 'vitest';
import { initialChannelGate } from '../channel/machine.ts';
import { artifact, asOf, build_id, claim, fact, now, policy, tenant_id } from '../gate.fixture.ts';
import { decideRelease } from './decide.ts';
import type { ReleaseFacts, ReleaseInput } from './facts.ts';
import { evolveRelease, releaseTable } from './machine.ts';
import { initialRelease, type ReleaseGate } from './state.ts';

const release_id = 'rel_0198c0de-0000-7000-8000-000000000002';
const gate = initialChannelGate({ tenant_id, id: 'stable' });
const fresh = initialRelease({ tenant_id, id: release_id });
const file = artifact('pack-file', 'data', 'application/octet-stream');
const kristal_id = digestOf('kristal');
const pack_id = 'a'.repeat(64);
const kristal = {
  kristal_id,
  exchange: artifact('exchange'),
  exchange_manifest: artifact('exchange-manifest'),
  pack_id,
  pack_manifest: artifact('pack-manifest'),
  pack_files: [file],
};
const record = {
  build_id,
  outcome: 'COMPLETED',
  mandate_ref: artifact('mandate').ref,
  pipeline: { ref: artifact('pipeline').ref },
  outputs: { kristal },
} as unknown as BuildRecord;
const sealedRecord = {
  kind: 'RECORD',
  verdict: 'PASS',
  build_id,
  detail: { outcome: 'COMPLETED' },
} as unknown as GateDecision;

const factsOf = (more: Partial<ReleaseFacts> = {}): ReleaseFacts => ({
  evidence: { decision: sealedRecord, digest: digestOf('record decision'), key_id: 'k' },
  record: { ok: true, record },
  artifacts: [
    fact(kristal.exchange, { ids: { kristal_id } }),
    fact(kristal.exchange_manifest, { ids: { kristal_id } }),
    fact(kristal.pack_manifest, { ids: { pack_id, kristal_id }, files: [{ ref: file.ref, size: file.size }] }),
    fact(file),
  ],
  mandate: { ok: true, bundle_id: 'mandate:x', policies: [policy()] },
  build: { closed: true, quarantined: false },
  root_expires_at: '2030-01-01T00:00:00.000Z',
  channel: { gate, pack_seq: null, numbers: [] },
  ...more,
});
const input = (facts: Partial<ReleaseFacts> = {}, detail = {}): ReleaseInput => {
  const body = claim({
    claim: 'RELEASE',
    build_id: release_id,
    detail: { build_id, channel: 'stable', release_seq: 3, ...detail },
  });
  return {
    tenant_id,
    build_id: release_id,
    digest: digestOf(body),
    key_id: 'k',
    root_version: 1,
    claim: body,
    release: factsOf(facts),
    step: null,
    close: null,
    now,
  };
};
const closing = (
  status: string,
  confirmed: { instance_id: string; decision: `sha256:${string}` }[] = [],
): ReleaseInput => ({
  ...input(),
  claim: claim({ claim: 'RELEASE_CLOSE', build_id: release_id, detail: { status } }),
  release: null,
  close: { confirmed },
});
const step = (state: ReleaseGate, from: ReleaseInput) => {
  const outcome = decideRelease(state, from);
  return {
    outcome,
    decision: outcome.sends?.[0]?.decision,
    send: outcome.sends?.[0],
    state: (outcome.events ?? []).reduce(evolveRelease, state),
  };
};

test('the table has no dead ends but the end', () => {
  expect(tableFaults(releaseTable, { initial: 'NEW', terminals: ['ENDED'] })).toEqual([]);
});

describe('release', () => {
  test('authorizes publication of exactly the manifest and the files', () => {
    const { decision, send, state } = step(fresh, input());
    expect(decision).toMatchObject({
      kind: 'RELEASE',
      verdict: 'PASS',
      final: true,
      build_id: release_id,
      rests_on: [digestOf('record decision')],
      detail: { build_id, channel: 'stable', release_seq: 3, kristal_id, pack_id },
    });
    const authorization = JSON.parse(send?.authorizations[0]?.payload ?? '');
    expect(authorization).toMatchObject({ stage: 'publish', build_id: release_id, as_of: asOf });
    expect(authorization.inputs.map((ref: { kind: string }) => ref.kind)).toEqual(['pack-file', 'pack-manifest']);
    expect(state).toMatchObject({ phase: 'AUTHORIZED', pack_id, channel: 'stable' });
  });

  const sealed = (more: object): Partial<ReleaseFacts> => ({
    evidence: { decision: { ...sealedRecord, ...more } as GateDecision, digest: digestOf('x'), key_id: 'k' },
  });
  const reread = (i: number, more: Parameters<typeof fact>[1]): Partial<ReleaseFacts> => ({
    artifacts: factsOf().artifacts.map((f, j) => (i === j ? { ...f, ...more } : f)),
  });
  test.each<[string, Partial<ReleaseFacts>, object, ReasonCode]>([
    ['a trust root past its expiry', { root_expires_at: now }, {}, 'TRUST_ROOT_EXPIRED'],
    ['a build that failed', sealed({ detail: { outcome: 'VALIDATION_FAILED' } }), {}, 'BUILD_NOT_ELIGIBLE'],
    [
      'a record that changed',
      { record: { ok: false, code: 'RECORD_HASH_MISMATCH', detail: '' } },
      {},
      'RECORD_HASH_MISMATCH',
    ],
    ['a build the gatekeeper never closed', { build: null }, {}, 'BUILD_NOT_ELIGIBLE'],
    ['a build that contradicted itself', { build: { closed: true, quarantined: true } }, {}, 'NONDETERMINISM_DETECTED'],
    ['a flipped byte', reread(3, { bytes: { code: 'HASH_MISMATCH', detail: '' } }), {}, 'HASH_MISMATCH'],
    ['another Exchange', reread(0, { ids: { kristal_id: digestOf('other') } }), {}, 'EXCHANGE_ID_MISMATCH'],
    ['another pack', reread(2, { ids: { pack_id: 'b'.repeat(64) } }), {}, 'MANIFEST_ID_MISMATCH'],
    [
      'a manifest that lists more',
      reread(2, {
        files: [
          { ref: file.ref, size: file.size },
          { ref: digestOf('x'), size: 1 },
        ],
      }),
      {},
      'FILE_MISSING',
    ],
    ['a manifest that lists less', reread(2, { files: [] }), {}, 'FILE_UNDECLARED'],
    ['a part that was not read', { artifacts: factsOf().artifacts.slice(1) }, {}, 'GATE_EVIDENCE_MISSING'],
    [
      'a channel the mandate does not list',
      {
        mandate: {
          ok: true,
          bundle_id: 'm',
          policies: [policy({ rules: [{ type: 'channel_allowlist', channels: ['beta'], set_id: null }] })],
        },
      },
      {},
      'CHANNEL_NOT_ALLOWED',
    ],
    ['no channel', {}, { channel: 'Not A Channel' }, 'CHANNEL_NOT_ALLOWED'],
    [
      'a frozen channel',
      { channel: { gate: { ...gate, phase: 'FROZEN' }, pack_seq: null, numbers: [] } },
      {},
      'CHANNEL_FROZEN',
    ],
    [
      'a revoked pack',
      { channel: { gate: { ...gate, revoked: [pack_id] }, pack_seq: null, numbers: [] } },
      {},
      'PACK_REVOKED',
    ],
    [
      'a pack put aside',
      { channel: { gate: { ...gate, quarantined: [pack_id] }, pack_seq: 3, numbers: [] } },
      {},
      'PACK_REVOKED',
    ],
    [
      'a pack below the floor',
      { channel: { gate: { ...gate, floor: 4 }, pack_seq: 3, numbers: [] } },
      {},
      'BELOW_SECURITY_FLOOR',
    ],
    ['a channel whose gate nobody looked at', { channel: null }, {}, 'GATE_INPUT_MISMATCH'],
    [
      'a channel that is judged by another one’s gate',
      { channel: { gate: { ...gate, channel: 'lab' }, pack_seq: null, numbers: [] } },
      {},
      'GATE_INPUT_MISMATCH',
    ],
    ['no mandate', { mandate: null }, {}, 'MANDATE_MISSING'],
    [
      'a mandate that has ended, whatever time the claim gives itself',
      { mandate: { ok: true, bundle_id: 'm', policies: [policy({ effective_to: now })] } },
      {},
      'MANDATE_NOT_EFFECTIVE',
    ],
    [
      'a mandate that has not begun',
      { mandate: { ok: true, bundle_id: 'm', policies: [policy({ effective_from: '2026-11-21T00:00:00.000Z' })] } },
      {},
      'MANDATE_NOT_EFFECTIVE',
    ],
  ])('%s is refused for good and authorizes nothing', (_, facts, detail, code) => {
    const { decision, send, state } = step(fresh, input(facts, detail));
    expect(decision).toMatchObject({ kind: 'RELEASE', verdict: 'FAIL', final: true, authorizations: [] });
    expect(decision?.reason_codes).toContain(code);
    expect(send?.authorizations).toEqual([]);
    expect(step(state, input()).outcome).toMatchObject({ ok: false, code: 'GATE_SUBJECT_CLOSED' });
  });

  test('a listed channel is allowed', () => {
    const policies = [
      policy({ rules: [{ type: 'channel_allowlist', channels: ['beta', 'stable'], set_id: null }] }),
      policy(),
    ];
    expect(step(fresh, input({ mandate: { ok: true, bundle_id: 'm', policies } })).decision?.verdict).toBe('PASS');
  });
});

describe('the end of a release', () => {
  const authorized = step(fresh, input()).state;
  const node = { instance_id: 'node-1', decision: digestOf('report') };

  test('RELEASED names the nodes that proved it', () => {
    const { decision, state } = step(authorized, closing('RELEASED', [node]));
    expect(decision).toMatchObject({
      kind: 'RELEASE_CLOSE',
      verdict: 'PASS',
      final: true,
      detail: { status: 'RELEASED', nodes: ['node-1'], pack_id },
    });
    expect(decision?.rests_on).toContain(node.decision);
    expect(state.phase).toBe('ENDED');
  });

  test.each<[string, ReleaseGate, ReleaseInput, ReasonCode]>([
    ['without a node', authorized, closing('RELEASED'), 'ACTIVATION_NOT_CONFIRMED'],
    [
      'after a refusal',
      step(fresh, input({ build: null })).state,
      closing('RELEASED', [node]),
      'RELEASE_TRANSITION_ILLEGAL',
    ],
  ])('RELEASED %s is refused on record, and the release goes on', (_, state, from, code) => {
    const { decision, state: after } = step(state, from);
    expect(decision).toMatchObject({ kind: 'RELEASE_CLOSE', verdict: 'FAIL', final: false, reason_codes: [code] });
    expect(after.phase).toBe(state.phase);
  });

  test.each<[string, ReleaseGate, ReleaseInput, ReasonCode]>([
    ['an end nobody knows', authorized, closing('DONE'), 'CLAIM_MALFORMED'],
    ['an end before the beginning', fresh, closing('FAILED'), 'GATE_SUBJECT_UNKNOWN'],
    ['a second end', step(authorized, closing('FAILED')).state, closing('FAILED'), 'GATE_SUBJECT_CLOSED'],
  ])('%s is refused', (_, state, from, code) => {
    expect(step(state, from).outcome).toMatchObject({ ok: false, code });
  });
});
