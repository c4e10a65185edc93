import { claimSchema, type GateDecision } from '@orgo/contracts';
import { digestOf } from '@orgo/core';
import { describe, expect, it } from 'vitest';
import { noon, report as reportOf } from '../world.fixture.ts';
import { decideNode, evolveNode, type NodeInput, type NodeSend } from './node.ts';
import { type Identity, initialNode, type NodeState } from './state.ts';

const of = { tenant_id: 'acme', instance_id: 'n1' } as const;
const subject_id = 'rel_0198c0de-0000-7000-8000-00000000000a';
const identity: Identity = { channel: 'stable', public_key: 'key', key_id: 'ed25519:n1', labels: {} };
const join = (more: Partial<Identity> = {}): NodeInput => ({
  type: 'join',
  ...of,
  identity: { ...identity, ...more },
  subject_id,
  actor: 'ann',
});
const report: NodeInput = { type: 'report', ...of, release_id: subject_id, nonce: 'c'.repeat(64), envelope: { a: 1 } };
const said = reportOf('n1', 'active').decision;
const receipt = (part: Partial<GateDecision>): NodeInput => {
  const decision = { ...said, ...part };
  return { type: 'receipt', ...of, decision, decision_digest: digestOf(decision) };
};
const enrolledBy = receipt({ kind: 'NODE_JOIN', verdict: 'PASS' });

function run(...inputs: NodeInput[]) {
  let state: NodeState = initialNode({ tenant_id: of.tenant_id, id: of.instance_id });
  const sends: NodeSend[] = [];
  const codes: string[] = [];
  for (const input of inputs) {
    const outcome = decideNode(state, { ...input, now: noon });
    if (!outcome.ok) codes.push(outcome.code);
    for (const event of outcome.ok ? outcome.events : []) state = evolveNode(state, event);
    sends.push(...(outcome.ok ? outcome.sends : []));
  }
  return { state, codes, claims: sends.map((send) => claimSchema.parse(send.claim)) };
}

describe('joining', () => {
  it('asks the gatekeeper, and only its sealed PASS enrolls', () => {
    const asked = run(join());
    expect(asked.state.phase).toBe('JOINING');
    expect(asked.claims).toMatchObject([
      {
        claim: 'NODE_JOIN',
        build_id: subject_id,
        detail: { instance_id: 'n1', channel: 'stable', public_key: 'key', labels: {} },
      },
    ]);
    expect(run(join(), enrolledBy).state.phase).toBe('ENROLLED');
    const refused = run(
      join(),
      receipt({ kind: 'NODE_JOIN', verdict: 'FAIL', reason_codes: ['KEY_NOT_TRUSTED_FOR_ROLE'] }),
    );
    expect(refused.state).toMatchObject({ phase: 'REFUSED', reason_codes: ['KEY_NOT_TRUSTED_FOR_ROLE'] });
  });
  it('again with the same facts says nothing once enrolled, and asks again before', () => {
    expect(run(join(), enrolledBy, join()).claims).toHaveLength(1);
    const twice = run(join(), join());
    expect(new Set(twice.claims.map((claim) => claim.idem_key)).size).toBe(2);
  });
  it('keeps the first key; the same key may move to another channel', () => {
    expect(run(join(), join({ key_id: 'ed25519:eve' })).codes).toEqual(['KEY_NOT_TRUSTED_FOR_ROLE']);
    expect(run(join(), enrolledBy, join({ key_id: 'ed25519:eve' })).codes).toEqual(['KEY_NOT_TRUSTED_FOR_ROLE']);
    expect(run(join(), join({ channel: 'beta' })).codes).toEqual(['STATE_CONFLICT']);
    const moved = run(join(), enrolledBy, join({ channel: 'beta' }), enrolledBy);
    expect(moved.state).toMatchObject({ phase: 'ENROLLED', identity: { channel: 'beta', key_id: identity.key_id } });
    expect(moved.claims).toHaveLength(2);
  });
  it('is done anew for other labels', () => {
    const moved = run(join(), enrolledBy, join({ labels: { site: 'north' } }));
    expect(moved.state).toMatchObject({ phase: 'JOINING', identity: { labels: { site: 'north' } } });
    expect(moved.claims[1]).toMatchObject({ detail: { labels: { site: 'north' } } });
    expect(run(join(), join({ labels: { site: 'north' } })).codes).toEqual(['STATE_CONFLICT']);
  });
  it('refuses a channel that cannot be', () => {
    expect(run(join({ channel: 'root' })).codes).toEqual(['REQUEST_INVALID']);
  });
});

describe('reports', () => {
  it('go to the gatekeeper only from an enrolled node, and change nothing by themselves', () => {
    expect(run(report).codes).toEqual(['REPORT_NOT_ENROLLED']);
    expect(run(join(), report).codes).toEqual(['REPORT_NOT_ENROLLED']);
    const { claims, state } = run(join(), enrolledBy, report);
    expect(claims[1]).toMatchObject({
      claim: 'NODE_REPORT',
      build_id: subject_id,
      actor: 'node:n1',
      detail: { instance_id: 'n1', envelope: { a: 1 } },
    });
    expect(state.last_report_at).toBeNull();
  });
  it('show what was sealed', () => {
    const shown = run(join(), enrolledBy, receipt({})).state;
    expect(shown).toMatchObject({
      said: { active_pack_id: 'a'.repeat(64), highest_activated_seq: 3, health: 'HEALTHY', pack_seq: 3 },
      last_report_at: noon,
    });
    expect(run(join(), enrolledBy, receipt({ detail: {} })).state.last_report_at).toBeNull();
    expect(run(join(), receipt({})).state.last_report_at).toBeNull();
  });
});
