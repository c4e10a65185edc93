import {
  type BuildRecord,
  type ChannelChange,
  type GateDecision,
  payloadTypes,
  type ReasonCode,
  type RollbackClaim,
} from '@orgo/contracts';
import { canonicalBytes, digestOf, tableFaults, toBase64 } from '@orgo/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { artifact, asOf, build_id, claim, fact, now, tenant_id } from '../gate.fixture.ts';
import { decideChannelGate } from './decide.ts';
import type { ChannelFacts, ChannelGateInput, RollbackFacts } from './facts.ts';
import { type ChannelGate, channelGateTable, evolveChannelGate, initialChannelGate } from './machine.ts';
import { authorizationFor } from './rollback.ts';

const channel = 'stable';
const good = 'a'.repeat(64);
const bad = 'b'.repeat(64);
const rollback_id = 'chg_0198c0de-0000-7000-8000-000000000001';
const releaseId = (n: number): `rel_${string}` => `rel_0198c0de-0000-7000-8000-00000000000${n}`;
const kristal_id = digestOf('kristal');
const fresh = initialChannelGate({ tenant_id, id: channel });

const inputOf = (more: Partial<ChannelGateInput>, actor = 'ann'): ChannelGateInput => {
  const kind = more.rollback ? 'ROLLBACK' : 'CHANNEL_CHANGE';
  const body = claim({ claim: kind, build_id: 'chg_0198c0de-0000-7000-8000-000000000009', actor, as_of: asOf });
  return {
    tenant_id,
    build_id: body.build_id,
    digest: digestOf({ body, more: Object.keys(more) }),
    key_id: 'k',
    root_version: 1,
    claim: body,
    now,
    channel,
    change: null,
    rollback: null,
    ...more,
  };
};
const asking = (change: ChannelChange, more: Partial<ChannelFacts> = {}, actor = 'ann'): ChannelGateInput =>
  inputOf({ change: { asked: { channel, change, reason: 'because' }, pack: null, use: null, ...more } }, actor);

const file = artifact('pack-file', 'data', 'application/octet-stream');
const kristal = {
  kristal_id,
  exchange: artifact('exchange'),
  exchange_manifest: artifact('exchange-manifest'),
  pack_id: good,
  pack_manifest: artifact('pack-manifest'),
  pack_files: [file],
};
const record = { build_id, outcome: 'COMPLETED', outputs: { kristal } } as unknown as BuildRecord;
const sealed = {
  kind: 'RECORD',
  verdict: 'PASS',
  build_id,
  detail: { outcome: 'COMPLETED' },
} as unknown as GateDecision;
const authorized = (n: number, pack_id: string) => ({
  release_id: releaseId(n),
  channel,
  pack_id,
  kristal_id,
  build_id,
  decision: digestOf(`release ${n}`),
});
const asked: RollbackClaim = {
  rollback_id,
  channel,
  release_id: releaseId(2),
  trigger: 'analysis',
  mode: 'last_known_good',
  reason: 'query errors',
  evidence: { metric: 'query_errors_bp', value: '900', threshold: '100', samples: 400 },
  from: { release_seq: 2, pack_seq: 2, pack_id: bad },
  to: { release_id: releaseId(1), pack_seq: 1, pack_id: good, kristal_id },
  build_id,
};
const parts = [
  fact(kristal.exchange, { ids: { kristal_id } }),
  fact(kristal.exchange_manifest, { ids: { kristal_id } }),
  fact(kristal.pack_manifest, { ids: { pack_id: good, kristal_id }, files: [{ ref: file.ref, size: file.size }] }),
  fact(file),
];
const factsOf = (more: Partial<RollbackFacts> = {}): RollbackFacts => ({
  asked,
  source: authorized(2, bad),
  target: authorized(1, good),
  confirmed: { pack_id: good, pack_seq: 1, channel, decision: digestOf('report') },
  release: {
    evidence: { decision: sealed, digest: digestOf('record'), key_id: 'k' },
    record: { ok: true, record },
    artifacts: parts,
    mandate: { ok: true, bundle_id: 'mandate:x', policies: [] },
    build: { closed: true, quarantined: false },
    root_expires_at: '2030-01-01T00:00:00.000Z',
    channel: null,
  },
  envelope: null,
  policy: { expires_at: '2026-12-01T00:00:00.000Z', most: 4 },
  ...more,
});
const listing = (channels: string[]): RollbackFacts['release']['mandate'] => ({
  ok: true,
  bundle_id: 'mandate:x',
  policies: [
    {
      policy_id: 'p',
      version: '1',
      enforcement: 'MUST',
      effective_from: null,
      effective_to: null,
      rules: [{ type: 'channel_allowlist', channels, set_id: null }],
    },
  ],
});
/** As the shell does: signed over exactly what will be carried. */
const going = (more: Partial<RollbackFacts> = {}, actor = 'release'): ChannelGateInput => {
  const input = inputOf({ rollback: factsOf(more) }, actor);
  const facts = input.rollback as RollbackFacts;
  const payload = toBase64(canonicalBytes(authorizationFor(input, facts)));
  const envelope = { payloadType: payloadTypes.rollback, payload, signatures: [{ keyid: 'g', sig: 's' }] };
  return { ...input, rollback: { ...facts, envelope: facts.asked.trigger === 'drill' ? null : envelope } };
};
const step = (state: ChannelGate, input: ChannelGateInput) => {
  const outcome = decideChannelGate(state, input);
  const events = outcome.events ?? [];
  return { outcome, decision: outcome.sends?.[0]?.decision, state: events.reduce(evolveChannelGate, state) };
};
const after = (...inputs: ChannelGateInput[]): ChannelGate =>
  inputs.reduce((state, input) => step(state, input).state, fresh);

it('has a whole table', () => {
  expect(tableFaults(channelGateTable, { initial: 'OPEN', terminals: [] })).toEqual([]);
});

describe('a change', () => {
  it.each<[string, ChannelChange, Partial<ChannelGate>]>([
    ['freezes', { change: 'freeze' }, { phase: 'FROZEN' }],
    ['raises the floor', { change: 'floor', pack_seq: 3 }, { floor: 3 }],
    ['revokes', { change: 'revoke', pack_id: bad }, { revoked: [bad] }],
    ['puts aside', { change: 'quarantine', pack_id: bad }, { quarantined: [bad] }],
  ])('%s, on record with its actor and reason', (_, change, state) => {
    const done = step(fresh, asking(change));
    expect(done.decision).toMatchObject({
      kind: 'CHANNEL_CHANGE',
      verdict: 'PASS',
      actor: 'ann',
      detail: { channel, change, reason: 'because' },
    });
    expect(done.state).toMatchObject(state);
  });

  it('pins to what was released here, and lets go', () => {
    const pin: ChannelChange = { change: 'pin', pack_id: good, until: null };
    const pinned = step(fresh, asking(pin, { pack: { known: true, pack_seq: 1 } }));
    expect(pinned.state.pin).toEqual({ pack_id: good, until: null });
    expect(step(pinned.state, asking({ change: 'unpin' })).state.pin).toBeNull();
  });

  const frozen = after(asking({ change: 'freeze' }));
  const pin: ChannelChange = { change: 'pin', pack_id: good, until: null };
  it.each<[string, ChannelGate, ChannelGateInput, ReasonCode]>([
    ['frozen twice', frozen, asking({ change: 'freeze' }), 'CHANNEL_CHANGE_NEEDLESS'],
    [
      'unfrozen by a service',
      frozen,
      asking({ change: 'unfreeze', override: true }, {}, 'release'),
      'OVERRIDE_NOT_PERMITTED',
    ],
    [
      'revoked by a service',
      fresh,
      asking({ change: 'revoke', pack_id: bad }, {}, 'automation'),
      'OVERRIDE_NOT_PERMITTED',
    ],
    [
      'given the same floor',
      after(asking({ change: 'floor', pack_seq: 3 })),
      asking({ change: 'floor', pack_seq: 3 }),
      'FLOOR_ONLY_RISES',
    ],
    [
      'given a lower floor by an administrator',
      after(asking({ change: 'floor', pack_seq: 3 })),
      asking({ change: 'floor', pack_seq: 2 }, {}, 'admin'),
      'FLOOR_ONLY_RISES',
    ],
    [
      'pinned to what was never released',
      fresh,
      asking(pin, { pack: { known: false, pack_seq: null } }),
      'ROLLBACK_TARGET_UNAUTHORIZED',
    ],
    [
      'pinned to what is revoked',
      after(asking({ change: 'revoke', pack_id: good })),
      asking(pin, { pack: { known: true, pack_seq: 1 } }),
      'PACK_REVOKED',
    ],
    [
      'pinned below the floor',
      after(asking({ change: 'floor', pack_seq: 2 })),
      asking(pin, { pack: { known: true, pack_seq: 1 } }),
      'BELOW_SECURITY_FLOOR',
    ],
  ])('is refused, on record, where a channel is %s', (_, state, input, code) => {
    const { decision, state: later } = step(state, input);
    expect(decision).toMatchObject({ verdict: 'FAIL', reason_codes: [code] });
    expect({ ...later, decisions: 0 }).toEqual({ ...state, decisions: 0 });
  });
});

describe('a rollback', () => {
  it('to what nodes proved carries the authorization, and leaves the channel frozen', () => {
    const { decision, state } = step(fresh, going());
    expect(decision).toMatchObject({
      kind: 'ROLLBACK',
      verdict: 'PASS',
      detail: { rollback_id, drill: false, authorization: { payloadType: payloadTypes.rollback } },
    });
    expect(decision?.rests_on).toContain(digestOf('report'));
    expect(state).toMatchObject({ phase: 'FROZEN', open: [{ rollback_id, from_pack_id: bad, to_pack_id: good }] });
  });

  it('as a drill is judged by the same and given no leave', () => {
    const { decision, state } = step(fresh, going({ asked: { ...asked, trigger: 'drill' } }));
    expect(decision).toMatchObject({ verdict: 'PASS', detail: { drill: true, authorization: null } });
    expect(state).toMatchObject({ phase: 'OPEN', open: [], rolled_back_at: [] });
  });

  const reread = (n: number, more: object): Partial<RollbackFacts> => ({
    release: { ...factsOf().release, artifacts: parts.map((part, at) => (at === n ? { ...part, ...more } : part)) },
  });
  const to = (more: Partial<RollbackClaim['to']>): Partial<RollbackFacts> => ({
    asked: { ...asked, to: { ...asked.to, ...more } },
  });
  it.each<[string, ChannelGate, ChannelGateInput, ReasonCode]>([
    [
      'below the floor, even for an administrator',
      after(asking({ change: 'floor', pack_seq: 2 })),
      going({}, 'admin'),
      'BELOW_SECURITY_FLOOR',
    ],
    [
      'below the floor under a number that is not its own',
      after(asking({ change: 'floor', pack_seq: 2 })),
      going(to({ pack_seq: 9 })),
      'BELOW_SECURITY_FLOOR',
    ],
    ['to what is revoked', after(asking({ change: 'revoke', pack_id: good })), going(), 'PACK_REVOKED'],
    ['to what is put aside', after(asking({ change: 'quarantine', pack_id: good })), going(), 'PACK_REVOKED'],
    ['to what was never authorized', fresh, going({ target: null }), 'ROLLBACK_TARGET_UNAUTHORIZED'],
    [
      'to a release of another channel',
      fresh,
      going({ target: { ...authorized(1, good), channel: 'beta' } }),
      'ROLLBACK_TARGET_UNAUTHORIZED',
    ],
    ['to a pack under another release', fresh, going({ target: authorized(1, bad) }), 'ROLLBACK_TARGET_UNAUTHORIZED'],
    ['to what no node proved', fresh, going({ confirmed: null }), 'ROLLBACK_TARGET_UNAUTHORIZED'],
    ['under a number that is not its own', fresh, going(to({ pack_seq: 3 })), 'ROLLBACK_TARGET_UNAUTHORIZED'],
    ['of what was never released', fresh, going({ source: null }), 'RELEASE_NOT_FOUND'],
    [
      'to bytes that changed',
      fresh,
      going(reread(3, { bytes: { code: 'HASH_MISMATCH', detail: '' } })),
      'HASH_MISMATCH',
    ],
    ['to another pack than the bytes make', fresh, going(reread(2, { ids: { pack_id: bad } })), 'MANIFEST_ID_MISMATCH'],
    [
      'without all its parts',
      fresh,
      going({ release: { ...factsOf().release, artifacts: parts.slice(1) } }),
      'GATE_EVIDENCE_MISSING',
    ],
    ['to the pack it would leave', fresh, going(to({ pack_seq: 2 })), 'ROLLBACK_NEEDLESS'],
    [
      'to a pack whose mandate nobody trusts any more',
      fresh,
      going({
        release: { ...factsOf().release, mandate: { ok: false, code: 'MANDATE_SIGNATURE_INVALID', detail: '' } },
      }),
      'MANDATE_SIGNATURE_INVALID',
    ],
    [
      'to a channel that its mandate does not list now',
      fresh,
      going({ release: { ...factsOf().release, mandate: listing(['beta']) } }),
      'CHANNEL_NOT_ALLOWED',
    ],
    [
      'to what was built without a mandate',
      fresh,
      going({ release: { ...factsOf().release, mandate: null } }),
      'MANDATE_MISSING',
    ],
    [
      'past the trust root',
      fresh,
      going({ release: { ...factsOf().release, root_expires_at: now } }),
      'TRUST_ROOT_EXPIRED',
    ],
  ])('%s is refused, on record, and nothing moves', (_, state, input, code) => {
    const { decision, state: later } = step(state, input);
    expect(decision).toMatchObject({ kind: 'ROLLBACK', verdict: 'FAIL', detail: { authorization: null } });
    expect(decision?.reason_codes).toContain(code);
    expect({ ...later, decisions: 0 }).toEqual({ ...state, decisions: 0 });
  });

  it('in a loop is stopped, and an emergency is not', () => {
    const stormy = { ...fresh, rolled_back_at: [asOf, asOf, asOf, asOf] };
    expect(step(stormy, going()).decision?.reason_codes).toEqual(['ROLLOUT_RATE_LIMITED']);
    expect(step(stormy, going({ asked: { ...asked, trigger: 'emergency' } })).decision?.verdict).toBe('PASS');
    const calm = { ...fresh, rolled_back_at: Array<string>(4).fill('2026-11-20T11:00:01.000Z') };
    expect(step(calm, going()).decision?.verdict).toBe('PASS');
  });

  it('counts for the rate by our time, whatever time the claim gives itself', () => {
    const input = going();
    const backdated = { ...input, claim: { ...input.claim, as_of: '2026-11-20T02:00:00.000Z' } };
    const signed = toBase64(canonicalBytes(authorizationFor(backdated, factsOf())));
    const rollback = {
      ...factsOf(),
      envelope: { payloadType: payloadTypes.rollback, payload: signed, signatures: [] },
    };
    expect(step(fresh, { ...backdated, rollback }).state.rolled_back_at).toEqual([now]);
  });

  it('carries no authorization that was signed over anything else', () => {
    const input = going();
    const other = {
      ...input,
      rollback: {
        ...(input.rollback as RollbackFacts),
        policy: { ...factsOf().policy, expires_at: '2030-01-01T00:00:00.000Z' },
      },
    };
    expect(step(fresh, other).outcome).toMatchObject({ ok: false, code: 'STATE_CONFLICT' });
  });

  const open = after(going());
  const validated = { change: 'validated' as const, rollback_id, nodes: 2 };
  const use = (from: number, to: number) => ({
    use: { from: { nodes: from, decisions: [] }, to: { nodes: to, decisions: [digestOf('there')] } },
  });
  it('is validated when no node runs what was rolled back and one runs what it went to', () => {
    expect(step(open, asking(validated, use(1, 3), 'release')).decision?.reason_codes).toEqual([
      'ACTIVATION_NOT_CONFIRMED',
    ]);
    expect(step(open, asking(validated, use(0, 0), 'release')).decision?.reason_codes).toEqual([
      'ACTIVATION_NOT_CONFIRMED',
    ]);
    const done = step(open, asking(validated, use(0, 3), 'release'));
    expect(done.decision).toMatchObject({ verdict: 'PASS' });
    expect(done.decision?.rests_on).toContain(digestOf('there'));
    expect(done.state).toMatchObject({ open: [{ validated: true }], phase: 'FROZEN' });
  });
  it('keeps promotions frozen until a person lifts it; before it is validated only by an override', () => {
    const early = step(open, asking({ change: 'unfreeze', override: false }));
    expect(early.decision?.reason_codes).toEqual(['OVERRIDE_NOT_PERMITTED']);
    const overridden = step(open, asking({ change: 'unfreeze', override: true }));
    expect(overridden.decision).toMatchObject({ verdict: 'PASS', detail: { lifted: [rollback_id] } });
    expect(overridden.state.phase).toBe('OPEN');
    const proven = step(open, asking(validated, use(0, 3), 'release')).state;
    const lifted = step(proven, asking({ change: 'unfreeze', override: false }));
    expect(lifted.decision?.detail.lifted).toEqual([rollback_id]);
    expect(lifted.state).toMatchObject({ phase: 'OPEN', open: [] });
  });
});

it('never lowers a floor and never lifts a ban, whatever is asked in whatever order', () => {
  const change = fc.oneof<fc.Arbitrary<ChannelGateInput>[]>(
    fc.constantFrom(asking({ change: 'freeze' }), asking({ change: 'unfreeze', override: true }), going()),
    fc.nat(9).map((n) => asking({ change: 'floor', pack_seq: n + 1 })),
    fc.constantFrom(good, bad).map((pack_id) => asking({ change: 'revoke', pack_id })),
    fc.constantFrom(good, bad).map((pack_id) => asking({ change: 'quarantine', pack_id })),
  );
  fc.assert(
    fc.property(fc.array(change, { maxLength: 20 }), (inputs) => {
      let state = fresh;
      for (const input of inputs) {
        const { state: later, decision } = step(state, input);
        expect(later.floor).toBeGreaterThanOrEqual(state.floor);
        expect(later.revoked).toEqual(expect.arrayContaining(state.revoked));
        if (decision?.kind === 'ROLLBACK' && decision.verdict === 'PASS')
          expect(state.floor <= 1 && ![...state.revoked, ...state.quarantined].includes(good)).toBe(true);
        state = later;
      }
    }),
  );
});
