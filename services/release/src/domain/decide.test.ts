import { claimSchema, releaseStatusSchema } from '@orgo/contracts';
import { digestOf } from '@orgo/core';
import { describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import { evolve } from './evolve.ts';
import type { ReleaseInput } from './inputs.ts';
import { initial } from './state.ts';
import { releaseTable } from './table.ts';
import { statusOf } from './view.ts';
import { waitingFor } from './waiting.ts';
import * as world from './world.fixture.ts';

const { at, of, World, create, found, barred, alarm, pass, fail, published, report } = world;

describe('every phase and every input', () => {
  const inputs: Record<string, ReleaseInput> = {
    create,
    found,
    barred,
    alarm,
    pass: pass(),
    fail,
    'channel-published': published('n1'),
    active: report('n1', 'active'),
    failed: report('n1', 'failed'),
  };
  /** Where each input leads; what is not named leaves the phase. */
  const leads: Record<string, Record<string, string>> = {
    NEW: { create: 'QUEUED' },
    QUEUED: { found: 'VERIFYING', barred: 'FAILED' },
    VERIFYING: { pass: 'VERIFIED', fail: 'FAILED' },
    VERIFIED: { 'channel-published': 'RELEASING', barred: 'FAILED' },
    RELEASING: { failed: 'PAUSED', alarm: 'PAUSED' },
    PAUSED: {},
    RELEASED: {},
    FAILED: {},
  };
  for (const [phase, walk] of Object.entries(at))
    for (const [name, input] of Object.entries(inputs))
      it(`${phase} · ${name}`, () => {
        const { state } = walk();
        expect(state.phase).toBe(phase);
        const outcome = decide(state, { ...input, now: world.noon });
        if (phase === 'NEW' && name !== 'create') {
          expect(outcome).toMatchObject({ ok: false, code: 'RELEASE_NOT_FOUND' });
          return;
        }
        if (!outcome.ok) throw new Error(outcome.code);
        let after = state;
        for (const event of outcome.events) {
          expect(releaseTable[after.phase], `${event.type} in ${after.phase}`).toHaveProperty(event.type);
          after = evolve(after, event);
        }
        expect(after.phase).toBe(leads[phase]?.[name] ?? phase);
        expect(outcome.sends.filter((send) => send.send === 'event')).toHaveLength(after.phase === phase ? 0 : 1);
        // Pure: the same again gives the same.
        expect(decide(state, { ...input, now: world.noon })).toEqual(outcome);
      });
});

describe('asking for a release', () => {
  it('has the evidence read next, once', () => {
    expect(at.QUEUED().step(create).jobs()).toEqual(['verify']);
  });
  it.each(['root', 'targets', 'snapshot', 'timestamp', 'mirrors', 'constructor'])(
    'refuses a channel called %s',
    (channel) => {
      const input: ReleaseInput = { type: 'create', asked: { ...world.asked, channel } };
      expect(
        decide(initial({ tenant_id: of.tenant_id, id: of.release_id }), { ...input, now: world.noon }),
      ).toMatchObject({
        ok: false,
        code: 'REQUEST_INVALID',
      });
    },
  );
});

describe('verification', () => {
  it('asks the gatekeeper with the sealed record as evidence', () => {
    const claims = at.VERIFYING().sends.filter((send) => send.send === 'claim');
    expect(claims).toHaveLength(1);
    const [{ claim, evidence }] = claims as [(typeof claims)[0] & { send: 'claim' }];
    expect(claimSchema.parse(claim)).toMatchObject({
      claim: 'RELEASE',
      build_id: of.release_id,
      actor: 'ann@example.org',
      mandate_ref: world.eligible.mandate_ref,
      detail: { build_id: world.asked.build_id, channel: 'stable', pack_id: world.packId },
    });
    expect(evidence).toEqual([world.evidence]);
  });
  it('opens publication on PASS alone', () => {
    expect(at.VERIFIED().jobs()).toEqual(['verify', 'publish']);
    expect(at.VERIFYING().step(fail).jobs()).toEqual(['verify']);
    expect(at.VERIFYING().step(fail).state).toMatchObject({ phase: 'FAILED', reason_codes: ['CHANNEL_NOT_ALLOWED'] });
  });
  it.each([
    ['for another release', pass({ build_id: 'rel_0198c0de-0000-7000-8000-00000000000f' })],
    ['for another stage', pass({ stage: 'validate' })],
    ['for another pack', pass({ inputs: [] })],
    ['that the decision does not list', pass({}, digestOf('another'))],
  ])('a PASS with an authorization %s publishes nothing', (_, input) => {
    const { state, sends } = at.VERIFYING().step(input);
    expect(state).toMatchObject({ phase: 'FAILED', reason_codes: ['BUILD_NOT_ELIGIBLE'] });
    expect(sends).not.toContainEqual({ send: 'job', job: 'publish' });
  });
});

describe('nodes', () => {
  it('all of the frozen list make it RELEASED, and the deadline is taken back', () => {
    const world_ = at.RELEASING();
    expect(world_.alarms).toEqual(new Set(['activation']));
    expect(world_.step(report('n1', 'active')).state.phase).toBe('RELEASING');
    expect(world_.step(report('n2', 'active')).state.phase).toBe('RELEASED');
    expect(world_.alarms.size).toBe(0);
  });
  it('without one it waits for the first, without a deadline', () => {
    const waiting = at.VERIFIED().step(published());
    expect(waiting.alarms.size).toBe(0);
    expect(waitingFor(waiting.state)).toBe('the first node of stable');
    expect(waiting.step(alarm).state.phase).toBe('RELEASING');
    expect(waiting.step(report('late', 'active')).state).toMatchObject({
      phase: 'RELEASED',
      nodes: [{ instance_id: 'late' }],
    });
  });
  it('one that failed pauses it with its code; when all have succeeded it goes on to RELEASED', () => {
    const paused = at.PAUSED();
    expect(paused.state).toMatchObject({ phase: 'PAUSED', reason_codes: ['SMOKE_FAILED'] });
    expect(paused.alarms.size).toBe(0);
    expect(paused.step(report('n1', 'active')).state.phase).toBe('PAUSED');
    expect(paused.step(report('n2', 'active')).state).toMatchObject({ phase: 'RELEASED', reason_codes: [] });
    expect(paused.events.slice(-2).map((event) => event.type)).toEqual(['ReleaseResumed', 'ReleaseCompleted']);
  });
  it('the deadline pauses it', () => {
    expect(at.RELEASING().step(alarm).state).toMatchObject({
      phase: 'PAUSED',
      reason_codes: ['ACTIVATION_NOT_CONFIRMED'],
    });
  });
  it('what a node said before the publication was on record counts', () => {
    const early = at.VERIFIED().step(report('n1', 'active'));
    expect(early.state.phase).toBe('VERIFIED');
    expect(early.step(published('n1')).state.phase).toBe('RELEASED');
    expect(early.alarms.size).toBe(0);
    expect(at.VERIFIED().step(report('n1', 'failed'), published('n1', 'n2')).state.phase).toBe('PAUSED');
  });
  it('having verified, or another pack, is no activation', () => {
    expect(at.RELEASING().step(report('n1', 'verified'), report('n2', 'active')).state.phase).toBe('RELEASING');
    expect(at.RELEASING().step(report('n1', 'elsewhere')).state).toMatchObject({
      reason_codes: ['ACTIVATION_NOT_CONFIRMED'],
    });
    expect(at.RELEASING().step(report('n1', 'older')).events.at(-1)?.type).toBe('ReleasePublished');
  });
  it('the same word again changes nothing', () => {
    const once = at.RELEASING().step(report('n1', 'active'));
    const before = once.events.length;
    expect(once.step(report('n1', 'active')).events).toHaveLength(before);
  });
  it('a failure after RELEASED is shown and moves nothing', () => {
    const later = at.RELEASED().step(report('n1', 'failed'));
    expect(later.state).toMatchObject({ phase: 'RELEASED', nodes: [{ state: 'FAILED', reason_code: 'SMOKE_FAILED' }] });
  });
});

describe('for a person', () => {
  it('every phase has a status that matches its contract, and says what it waits for while it can move', () => {
    for (const [phase, walk] of Object.entries(at)) {
      const { state, events } = walk();
      if (phase === 'NEW') continue;
      const shown = releaseStatusSchema.parse(statusOf(state, events.length));
      expect(shown.status).toBe(phase);
      expect(shown.events[0]).toEqual({ at: world.noon, type: 'ReleaseCreated', actor: 'ann@example.org' });
      expect(shown.waiting_for === null, phase).toBe(phase === 'RELEASED' || phase === 'FAILED');
    }
    expect(waitingFor(at.RELEASING().step(report('n1', 'active')).state)).toBe('the activation by n2');
    expect(waitingFor(at.PAUSED().state)).toBe('every node to activate the pack: n1 failed (SMOKE_FAILED)');
    expect(waitingFor(at.RELEASING().step(alarm).state)).toContain('n1, n2 did not confirm');
  });
  it('folding all events gives the state', () => {
    const { state, events } = new World().step(
      create,
      found,
      pass(),
      published('n1', 'n2'),
      report('n1', 'failed'),
      report('n1', 'active'),
      report('n2', 'active'),
    );
    expect(events.reduce(evolve, initial({ tenant_id: of.tenant_id, id: of.release_id }))).toEqual(state);
  });
});
