import type { ReasonCode, ReleaseStepFacts } from '@orgo/contracts';
import { digestOf, releaseStepHash } from '@orgo/core';
import { describe, expect, test } from 'vitest';
import { initialChannelGate } from '../channel/machine.ts';
import { artifact, asOf, claim, now, tenant_id } from '../gate.fixture.ts';
import { decideRelease } from './decide.ts';
import type { ReleaseInput, StepFacts } from './facts.ts';
import { evolveRelease } from './machine.ts';
import { initialRelease, type ReleaseGate } from './state.ts';
import { neededOf } from './step.ts';

const release_id = 'rel_0198c0de-0000-7000-8000-000000000002';
const pack_id = 'a'.repeat(64);

const facts = (step: number, more: Partial<ReleaseStepFacts> = {}): ReleaseStepFacts => ({
  step,
  name: `step-${step}`,
  kind: 'open',
  cohort: digestOf({ by: 'all' }),
  enrolled_through: 10,
  members: 5,
  confirm_threshold: 80,
  quorum_percent: 60,
  soak_ms: 0,
  ...more,
});
const frozen = [facts(0), facts(1), facts(2)];

const authorized: ReleaseGate = {
  ...initialRelease({ tenant_id, id: release_id }),
  phase: 'AUTHORIZED',
  channel: 'stable',
  pack_id,
  pins: { pipeline_ref: artifact('pipeline').ref, mandate_ref: artifact('mandate').ref, as_of: asOf },
  steps: frozen.map((one) => releaseStepHash(release_id, 1, one)),
  decisions: [digestOf('release')],
};

const openChannel = { gate: initialChannelGate({ tenant_id, id: 'stable' }), pack_seq: 3, numbers: [] };

type Asked = { step?: ReleaseStepFacts; excluded?: number[]; detail?: object } & Partial<StepFacts>;
function ask(
  state: ReleaseGate,
  { step = facts(state.opened.length), excluded = [], detail = {}, ...known }: Asked = {},
) {
  const body = claim({
    claim: 'RELEASE_STEP',
    build_id: release_id,
    detail: {
      generation: 1,
      channel: 'stable',
      pack_id,
      pack_seq: 3,
      facts: step,
      excluded,
      counts: null,
      analysis: [],
      promoted: null,
      acts: [{ action: 'promote', actor: 'bob', reason: 'checked', at: now }],
      ...detail,
    },
  });
  const input: ReleaseInput = {
    tenant_id,
    build_id: release_id,
    digest: digestOf(body),
    key_id: 'k',
    root_version: 1,
    claim: body,
    release: null,
    step: { confirmed: 0, reports: [], channel: openChannel, root_expires_at: '2030-01-01T00:00:00.000Z', ...known },
    close: null,
    now,
  };
  const outcome = decideRelease(state, input);
  return {
    outcome,
    decision: outcome.sends?.[0]?.decision,
    state: (outcome.events ?? []).reduce(evolveRelease, state),
  };
}

const one = ask(authorized).state;
const frozenChannel = {
  gate: { channel: 'stable', phase: 'FROZEN', revoked: [], quarantined: [], floor: 0 },
  pack_seq: 3,
  numbers: [],
};

describe('a step of a release', () => {
  test('is opened one after the other, on confirmed reports that the gatekeeper itself has heard of', () => {
    const first = ask(authorized);
    expect(first.decision).toMatchObject({
      kind: 'RELEASE_STEP',
      verdict: 'PASS',
      reason_codes: [],
      detail: {
        step: 0,
        step_hash: authorized.steps[0],
        members: 5,
        pack_seq: 3,
        acts: [{ actor: 'bob', reason: 'checked' }],
      },
    });
    expect(first.outcome.events).toMatchObject([{ type: 'RELEASE_STEP_OPENED', pack_seq: 3 }]);
    const known = { ...openChannel, numbers: [{ pack_id, pack_seq: 3 }] };
    const second = ask(first.state, { channel: known, confirmed: 4, reports: [digestOf('report')] });
    expect(second.decision).toMatchObject({ verdict: 'PASS', detail: { step: 1, confirmed: 4 } });
    expect(second.decision?.rests_on).toEqual([digestOf('release'), digestOf('report')]);
    expect(second.state.opened).toHaveLength(2);
  });

  test.each<[string, ReleaseGate, Asked, ReasonCode]>([
    ['with too few confirmed', one, { confirmed: 3 }, 'ACTIVATION_NOT_CONFIRMED'],
    ['out of its turn', one, { step: facts(2), confirmed: 9 }, 'STAGE_ORDER_VIOLATION'],
    ['again', one, { step: facts(0), confirmed: 9 }, 'STAGE_ORDER_VIOLATION'],
    [
      'with another threshold than it was frozen with',
      one,
      { step: facts(1, { confirm_threshold: 1 }), confirmed: 9 },
      'GATE_INPUT_MISMATCH',
    ],
    ['of another generation', authorized, { detail: { generation: 2 } }, 'GATE_INPUT_MISMATCH'],
    ['with more left out than its quorum allows', one, { confirmed: 9, excluded: [3] }, 'QUORUM_NOT_MET'],
    ['that names another channel', authorized, { detail: { channel: 'lab' } }, 'GATE_INPUT_MISMATCH'],
    ['that names another pack', authorized, { detail: { pack_id: 'b'.repeat(64) } }, 'GATE_INPUT_MISMATCH'],
    [
      'judged by another channel’s gate',
      authorized,
      { channel: { ...openChannel, gate: { ...openChannel.gate, channel: 'lab' } } },
      'GATE_INPUT_MISMATCH',
    ],
    ['without the number of its pack', authorized, { detail: { pack_seq: null } }, 'GATE_INPUT_MISMATCH'],
    [
      'under another number than its pack has',
      authorized,
      { channel: { ...openChannel, numbers: [{ pack_id, pack_seq: 2 }] } },
      'RELEASE_SUBSTITUTED',
    ],
    [
      'under the number of another pack',
      authorized,
      { channel: { ...openChannel, numbers: [{ pack_id: 'b'.repeat(64), pack_seq: 3 }] } },
      'RELEASE_SUBSTITUTED',
    ],
    [
      'below the floor by the number that it names',
      authorized,
      { channel: { ...openChannel, pack_seq: null, gate: { ...openChannel.gate, floor: 4 } } },
      'BELOW_SECURITY_FLOOR',
    ],
    ['in a frozen channel', authorized, { channel: frozenChannel as never }, 'CHANNEL_FROZEN'],
    ['under an expired root', authorized, { root_expires_at: now }, 'TRUST_ROOT_EXPIRED'],
    ['of a release that was refused', { ...authorized, phase: 'REFUSED' }, {}, 'RELEASE_TRANSITION_ILLEGAL'],
  ])('%s is refused on record, and opens nothing', (_, state, asked, code) => {
    const { decision, state: after } = ask(state, asked);
    expect(decision).toMatchObject({ kind: 'RELEASE_STEP', verdict: 'FAIL', final: false });
    expect(decision?.reason_codes).toContain(code);
    expect(after.opened).toEqual(state.opened);
  });

  test('who says no step is told so', () => {
    expect(ask(authorized, { detail: { facts: 'all' } }).outcome).toMatchObject({ ok: false, code: 'CLAIM_MALFORMED' });
  });
});

describe('what steps need together', () => {
  const step = { kind: 'open' as const, members: 10, confirm_threshold: 50, quorum_percent: 80 };
  test.each([
    ['rounded up', [{ ...step, members: 3 }], [], { needed: 2, overQuorum: false }],
    [
      'at least one of each',
      [{ ...step, members: 1, confirm_threshold: 1 }, step],
      [],
      { needed: 6, overQuorum: false },
    ],
    ['of those who are not left out', [step], [2], { needed: 4, overQuorum: false }],
    ['and no more of these than the quorum', [step], [3], { needed: 4, overQuorum: true }],
    [
      'nothing of nobody, and of a prefetch',
      [
        { ...step, members: 0 },
        { ...step, kind: 'prefetch' as const },
      ],
      [],
      { needed: 0, overQuorum: false },
    ],
  ])('%s', (_, opened, excluded, expected) => {
    expect(neededOf(opened, excluded)).toEqual(expected);
  });
});
