import { describe, expect, it } from 'vitest';
import { mostAsked } from './decide/unanswered.ts';
import { decide } from './decide.ts';
import { statusOf } from './view.ts';
import { admitted, type World } from './world.fixture.ts';
import { built, running, turn, useUp } from './world-steps.fixture.ts';

const key = { tenant_id: admitted.tenant_id, build_id: admitted.build_id };

describe('a claim without an answer', () => {
  /** Lets its deadline pass so often. */
  const wait = (world: World, times: number): void => {
    for (let n = 0; n < times; n++) world.fire('claim');
  };
  /** The waits for an answer, until nobody is asked any more. */
  const waits = (world: World): number[] => {
    const found: number[] = [];
    for (let due = world.alarms.get('claim')?.due; due !== undefined; due = world.alarms.get('claim')?.due) {
      found.push(Date.parse(due) - Date.parse(world.now));
      world.fire('claim');
    }
    return found;
  };

  it('is asked again in the same words, less and less often, for an hour in all', () => {
    const world = built();
    const [asked] = world.claims;
    const all = waits(world);
    expect(all.slice(0, 6)).toEqual([30_000, 60_000, 120_000, 240_000, 480_000, 600_000]);
    expect(all).toHaveLength(mostAsked);
    expect(all.reduce((sum, ms) => sum + ms)).toBeGreaterThan(3_600_000);
    expect(world.claims).toEqual(Array(mostAsked).fill(asked));
  });

  it('for admission leaves the build to a person, and an answer that comes after all still admits it', () => {
    const world = built();
    wait(world, mostAsked);
    expect(world.state).toMatchObject({ phase: 'BLOCKED', reason_codes: ['CLAIM_UNANSWERED'], open: null });
    expect(world.cases).toMatchObject([{ type: 'build-blocked', reason_codes: ['CLAIM_UNANSWERED'] }]);
    expect(world.alarms.size).toBe(0);
    turn(world);
    expect(world.state).toMatchObject({ phase: 'RUNNING', reason_codes: [], open: { stage: 'echo-1' } });
  });

  it('for admission is asked once more by a person, or the build is cancelled', () => {
    for (const act of ['resume', 'cancel'] as const) {
      const world = built();
      wait(world, mostAsked);
      world.claims.splice(0);
      world.person(act);
      expect(world.state.phase).toBe(act === 'resume' ? 'CREATED' : 'CLOSING');
      // What asks for the admission may be on its way from another process: a cancellation goes behind it.
      const said = act === 'resume' ? ['ADMIT'] : ['ADMIT', 'CANCEL'];
      expect(world.claims.map(({ claim }) => claim)).toEqual(said);
      turn(world);
      expect(world.state.phase).toBe(act === 'resume' ? 'RUNNING' : 'CANCELLED');
    }
  });

  it('for a fence blocks the build where it stands, and a resume asks in the same name', () => {
    const world = running();
    useUp(world);
    world.person('resume');
    const [asked] = world.claims.splice(0);
    expect(asked).toMatchObject({ claim: 'FENCE', actor: 'alice' });
    wait(world, mostAsked);
    expect(world.claims.splice(0)).toEqual(Array(mostAsked - 1).fill(asked));
    expect(world.state).toMatchObject({
      phase: 'BLOCKED',
      reason_codes: ['CLAIM_UNANSWERED'],
      open: { phase: 'FENCING' },
    });
    expect(statusOf(world.state, { version: 1, cases: [] }).waiting_for).toContain('the gatekeeper does not answer');
    world.person('resume');
    expect(world.claims).toEqual([asked]);
    turn(world);
    expect(world.state).toMatchObject({ phase: 'RUNNING', open: { phase: 'WAITING_RETRY' } });
  });

  it('for the end is put to a person as a refusal is', () => {
    const world = running();
    world.person('cancel');
    wait(world, mostAsked);
    expect(world.state).toMatchObject({ phase: 'CLOSING', closing: { refused: ['CLAIM_UNANSWERED'] } });
    expect(world.cases).toMatchObject([{ severity: 'CRITICAL', reason_codes: ['CLAIM_UNANSWERED'] }]);
    world.claims.splice(0);
    world.person('resume');
    turn(world);
    expect(world.state.phase).toBe('CANCELLED');
  });

  it('has no deadline any more once it is answered, and a late one does nothing', () => {
    const world = built();
    turn(world);
    expect([...world.alarms.keys()]).toEqual(['lease:echo-1:1:1']);
    const late = { type: 'alarm' as const, ...key, kind: 'claim' as const, claim: 'ADMIT', asked: mostAsked };
    expect(decide(world.state, { ...late, now: world.now })).toEqual({ ok: true, events: [], sends: [], alarms: [] });
  });
});
