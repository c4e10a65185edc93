import { buildPhases, type GateDecision } from '@orgo/contracts';
import { digestOf } from '@orgo/core';
import { describe, expect, it } from 'vitest';
import { leaseGraceMs } from './decide/issue.ts';
import { decide } from './decide.ts';
import type { BuildInput, Receipt } from './inputs.ts';
import type { BuildState } from './state.ts';
import { statusOf } from './view.ts';
import { admitted, World } from './world.fixture.ts';
import { built, ended, running, turn, useUp } from './world-steps.fixture.ts';

const key = { tenant_id: admitted.tenant_id, build_id: admitted.build_id };

/** A build in each phase that has a way in. */
const worlds: Record<string, () => World> = {
  NEW: () => new World(),
  CREATED: built,
  RUNNING: running,
  PAUSED: () => {
    const world = running();
    world.person('pause');
    return world;
  },
  BLOCKED: () => {
    const world = running();
    useUp(world);
    return world;
  },
  CLOSING: () => {
    const world = running();
    world.person('cancel');
    return world;
  },
  COMPLETED: () => ended(['ok', 'ok', 'ok']),
  FAILED: () => ended(['failed']),
  CANCELLED: () => {
    const world = running();
    world.person('cancel');
    turn(world);
    return world;
  },
  VALIDATION_FAILED: () => {
    const world = ended(['ok', 'ok', 'ok']);
    world.state = { ...world.state, phase: 'VALIDATION_FAILED' };
    return world;
  },
  VOIDED: () => {
    const world = ended(['ok', 'ok', 'ok']);
    world.state = { ...world.state, phase: 'VOIDED' };
    return world;
  },
};

/** A decision of each kind that answers nothing this build has asked. */
const stray = (world: World, part: Partial<GateDecision>): Receipt => {
  const [sample] = new World().gate.claim({ claim: 'CANCEL' } as never);
  if (sample === undefined) throw new Error('no sample');
  const decision = { ...sample.decision, ...part };
  return { ...sample, decision, decision_digest: digestOf(decision), log_index: 900 + world.events.length };
};

/** The gatekeeper does not grant a claim. */
const refusalOf = (world: World, code: string, claim: unknown): Receipt =>
  stray(world, { kind: 'REFUSAL', verdict: 'NOTED', reason_codes: [code], subject_digest: digestOf(claim) });

const inputs: Record<string, (world: World) => BuildInput> = {
  start: () => ({ type: 'start', admitted }),
  cancel: () => ({ type: 'cancel', ...key, request: 'r', actor: 'alice', reason: '' }),
  pause: () => ({ type: 'pause', ...key, request: 'r', actor: 'alice', reason: '' }),
  resume: () => ({ type: 'resume', ...key, request: 'r', actor: 'alice', reason: '' }),
  resend: () => ({ type: 'resend', ...key }),
  'lease alarm': ({ state }) => ({
    type: 'alarm',
    ...key,
    kind: 'lease',
    stage: 'echo-1',
    attempt: 1,
    epoch: state.open?.epoch ?? 1,
  }),
  'stale alarm': () => ({ type: 'alarm', ...key, kind: 'retry', stage: 'echo-1', attempt: 9, epoch: 9 }),
  'stage of another pipeline': (world) =>
    stray(world, { kind: 'STAGE', verdict: 'PASS', stage: 'render', final: true }),
  'stage out of order': (world) => stray(world, { kind: 'STAGE', verdict: 'PASS', stage: 'echo-3', final: true }),
  'refusal of a foreign command': (world) =>
    stray(world, {
      kind: 'REFUSAL',
      verdict: 'NOTED',
      stage: 'echo-1',
      command_digest: digestOf('forged'),
      reason_codes: ['COMMAND_SIGNER_UNTRUSTED'],
    }),
  'late fence': (world) => stray(world, { kind: 'FENCE', verdict: 'FENCED', stage: 'echo-1', epoch: 7 }),
  'release decision': (world) => stray(world, { kind: 'RELEASE', verdict: 'PASS' }),
};

const illegal = 'BUILD_TRANSITION_ILLEGAL';
const live = ['CREATED', 'RUNNING', 'PAUSED', 'BLOCKED'];
const terminal = ['COMPLETED', 'VALIDATION_FAILED', 'FAILED', 'CANCELLED', 'VOIDED'];

/** What each input does in each phase: a code it is refused with, `moves`, or `nothing`. */
const expected = (input: string, phase: string): string => {
  const absent = phase === 'NEW';
  switch (input) {
    case 'start':
      return absent ? 'moves' : 'nothing';
    case 'cancel':
      return absent ? 'BUILD_NOT_FOUND' : live.includes(phase) ? 'moves' : illegal;
    case 'pause':
      return absent ? 'BUILD_NOT_FOUND' : phase === 'RUNNING' ? 'moves' : illegal;
    case 'resume':
      return absent ? 'BUILD_NOT_FOUND' : phase === 'PAUSED' || phase === 'BLOCKED' ? 'moves' : illegal;
    case 'resend':
      return phase === 'RUNNING' || phase === 'PAUSED' || phase === 'CLOSING' ? 'says again' : 'nothing';
    case 'lease alarm':
      return phase === 'RUNNING' || phase === 'PAUSED' ? 'moves' : 'nothing';
    case 'stale alarm':
      return 'nothing';
    case 'stage of another pipeline':
      return absent ? 'BUILD_NOT_FOUND' : terminal.includes(phase) ? 'nothing' : 'STAGE_UNKNOWN';
    case 'stage out of order':
      return absent ? 'BUILD_NOT_FOUND' : terminal.includes(phase) ? 'nothing' : 'STAGE_ORDER_VIOLATION';
    case 'release decision':
      return absent
        ? 'BUILD_NOT_FOUND'
        : terminal.includes(phase) || phase === 'CLOSING'
          ? 'nothing'
          : 'STAGE_ORDER_VIOLATION';
    default:
      return absent ? 'BUILD_NOT_FOUND' : 'nothing';
  }
};

describe.each(['NEW', ...buildPhases])('a build that is %s', (phase) => {
  it.each(Object.keys(inputs))('and gets: %s', (input) => {
    const world = (worlds[phase] as () => World)();
    expect(world.state.phase).toBe(phase);
    const outcome = decide(world.state, { ...(inputs[input] as (world: World) => BuildInput)(world), now: world.now });
    const did = outcome.ok
      ? outcome.events.length > 0
        ? 'moves'
        : outcome.sends.length > 0
          ? 'says again'
          : 'nothing'
      : outcome.code;
    expect(did).toBe(expected(input, phase));
  });
});

describe('attempts', () => {
  it('are fenced when their lease is over, and issued again behind the fence with the same key', () => {
    const world = running();
    const [first] = world.commands;
    expect([...world.alarms]).toMatchObject([['lease:echo-1:1:1', { kind: 'lease' }]]);
    expect(Date.parse(world.alarms.get('lease:echo-1:1:1')?.due ?? '')).toBe(
      Date.parse(first?.not_after ?? '') + leaseGraceMs,
    );
    world.fire('lease:echo-1:1:1');
    expect(world.claims).toMatchObject([
      { claim: 'FENCE', stage: 'echo-1', attempt: 1, epoch: 2, reason_codes: ['STAGE_TIMEOUT'] },
    ]);
    turn(world);
    world.fire('retry:echo-1:1:2');
    expect(world.commands.at(-1)).toMatchObject({
      attempt: 2,
      epoch: 2,
      idem_key: first?.idem_key,
      authorization_digest: first?.authorization_digest,
    });
  });

  it('wait for their own fence: an earlier one that comes again opens nothing', () => {
    const world = running();
    world.fire('lease:echo-1:1:1');
    const [fenced] = world.gate.claim(world.claims.shift() as never);
    world.step(fenced as Receipt);
    world.fire('retry:echo-1:1:2');
    world.fire('lease:echo-1:2:2');
    world.step(fenced as Receipt);
    expect(world.state.open).toMatchObject({ phase: 'FENCING', attempt: 2, epoch: 2, fence: 3 });
  });

  it('are not ended by a refusal of their command that anyone can bring about: its lease ends them', () => {
    const world = running();
    turn(world, 'untrusted');
    turn(world, 'lease');
    expect(world.state).toMatchObject({ phase: 'RUNNING', open: { phase: 'COMMANDED', attempt: 1 } });
    expect(world.claims).toEqual([]);
    world.now = world.state.open?.not_after as string;
    turn(world, 'lease');
    expect(world.state).toMatchObject({ phase: 'RUNNING', open: { phase: 'WAITING_RETRY', attempt: 1 } });
  });

  it('whose fence is not granted are left to a person', () => {
    const world = running();
    world.fire('lease:echo-1:1:1');
    const [asked] = world.claims.splice(0);
    world.step(refusalOf(world, 'GATE_SUBJECT_CLOSED', asked));
    expect(world.state).toMatchObject({
      phase: 'BLOCKED',
      open: { phase: 'ERROR', reason_codes: ['GATE_SUBJECT_CLOSED'] },
    });
  });

  it('that are used up leave the build to a person, who starts a new budget behind a new fence', () => {
    const world = running();
    useUp(world);
    expect(world.state).toMatchObject({
      phase: 'BLOCKED',
      reason_codes: ['STAGE_ATTEMPTS_EXHAUSTED'],
      open: { phase: 'ERROR', attempt: 4 },
    });
    expect(statusOf(world.state, { version: 1, cases: [] })).toMatchObject({
      stages: [{ stage: 'echo-1', status: 'ERROR', attempt: 4, reason_codes: ['STAGE_ATTEMPTS_EXHAUSTED'] }],
      waiting_for: 'a person: echo-1 stopped with STAGE_ATTEMPTS_EXHAUSTED; fix the cause and resume, or cancel',
    });
    world.person('resume');
    turn(world);
    world.fire([...world.alarms.keys()][0] ?? '');
    expect(world.commands.at(-1)).toMatchObject({ attempt: 5, epoch: 6 });
    turn(world, 'ok');
    expect(world.state.stages).toMatchObject([{ stage: 'echo-1', status: 'PASS', attempt: 5 }]);
  });

  it('that are used up end the build where the pipeline says so', () => {
    const world = running();
    turn(world, 'ok');
    useUp(world);
    expect(world.state.phase).toBe('FAILED');
  });

  it('are said again word for word, but not when their lease is over', () => {
    const world = running();
    const [command] = world.commands;
    const again = decide(world.state, { type: 'resend', ...key, now: world.now });
    expect(again).toMatchObject({
      ok: true,
      events: [],
      alarms: [],
      sends: [{ send: 'command', again: true, command }],
    });
    const late = decide(world.state, { type: 'resend', ...key, now: command?.not_after ?? '' });
    expect(late).toMatchObject({ ok: true, sends: [] });
  });
});

describe('a hold', () => {
  it('lets a running stage end and keeps what it authorized until a person resumes', () => {
    const world = running();
    world.person('pause');
    turn(world, 'ok');
    expect(world.state).toMatchObject({ phase: 'PAUSED', open: null, ready: { stage: 'echo-2' } });
    expect(world.commands).toHaveLength(1);
    world.person('resume');
    expect(world.commands).toHaveLength(2);
  });

  it('does nothing about a decision that comes again', () => {
    const world = running();
    const [passed] = world.gate.reply(world.commands[0] as never, 'ok');
    world.step(passed as Receipt);
    expect(decide(world.state, { ...(passed as Receipt), now: world.now })).toEqual({
      ok: true,
      events: [],
      sends: [],
      alarms: [],
    });
  });

  it('refuses to resume on a key that its inputs do not give', () => {
    const world = running();
    useUp(world);
    const open = world.state.open as NonNullable<BuildState['open']>;
    world.state = { ...world.state, open: { ...open, idem_key: digestOf('edited') } };
    expect(
      decide(world.state, { type: 'resume', ...key, request: 'r', actor: 'alice', reason: '', now: world.now }),
    ).toMatchObject({
      ok: false,
      code: 'KEY_REVALIDATION_FAILED',
    });
  });
});

describe('the end', () => {
  it('without a valid authorization is a failure: nothing can run', () => {
    const world = built();
    const [claim] = world.claims;
    const [receipt] = world.gate.claim(claim as NonNullable<typeof claim>);
    const forged = {
      ...(receipt as Receipt),
      authorizations: (receipt as Receipt).authorizations.map((a) => ({ ...a, digest: digestOf('other') })),
    };
    const outcome = decide(world.state, { ...forged, now: world.now });
    expect(outcome).toMatchObject({
      ok: true,
      events: [
        { type: 'BuildAdmitted' },
        { type: 'BuildClosing', outcome: 'FAILED', reason_codes: ['STAGE_ORDER_VIOLATION'] },
        { type: 'ClaimAsked' },
      ],
    });
    expect(outcome.ok && outcome.sends.filter(({ send }) => send === 'command')).toEqual([]);
  });

  it('that the gatekeeper does not grant waits for a person, who asks again', () => {
    const world = running();
    world.person('cancel');
    const [asked] = world.claims.splice(0);
    world.step(refusalOf(world, 'GATE_SUBJECT_UNKNOWN', 'another claim'));
    expect(world.state.closing).toMatchObject({ refused: [] });
    world.step(refusalOf(world, 'GATE_SUBJECT_UNKNOWN', asked));
    expect(world.state).toMatchObject({ phase: 'CLOSING', closing: { refused: ['GATE_SUBJECT_UNKNOWN'] } });
    expect(world.cases).toMatchObject([{ severity: 'CRITICAL', reason_codes: ['GATE_SUBJECT_UNKNOWN'] }]);
    world.person('resume');
    expect(world.claims).toEqual([{ ...asked, attempt: 2 }]);
    turn(world);
    expect(world.state.phase).toBe('CANCELLED');
  });

  it('of a failed stage opens a Case with its report', () => {
    const world = running();
    turn(world, 'failed');
    const closing = world.events.findIndex(({ type }) => type === 'BuildFailed');
    expect(closing).toBeGreaterThan(0);
    expect(world.cases).toMatchObject([
      { type: 'build-failed', reason_codes: ['COMPILE_FAILED'], refs: [{ kind: 'stage-report' }] },
    ]);
  });

  it('of a cancellation keeps a stage that was decided before it, and opens nothing', () => {
    const world = running();
    const late = world.gate.reply(world.commands[0] as never, 'ok');
    world.person('cancel');
    for (const receipt of late) world.step(receipt);
    expect(world.commands).toHaveLength(1);
    turn(world);
    expect(world.state).toMatchObject({
      phase: 'CANCELLED',
      stages: [{ stage: 'echo-1', status: 'PASS' }],
      ready: null,
      open: null,
    });
  });
});

describe('a rerun', () => {
  const original = ended(['ok', 'ok', 'ok']).state;
  const again = (payloads: string[]): World => {
    const world = new World();
    const of = { outcome: 'COMPLETED' as const, kristal_id: null, pack_id: null, payloads: payloads as never };
    world.step({ type: 'start', admitted: { ...admitted, rerun_of: admitted.build_id, original: of } });
    for (const answer of [undefined, 'ok', 'ok', 'ok'] as const) turn(world, answer);
    return world;
  };

  it('that gives the same says so', () => {
    const world = again(original.stages.at(-1)?.outputs.map(({ ref }) => ref) ?? []);
    expect(world.state).toMatchObject({ phase: 'COMPLETED', differences: [] });
    expect(world.cases).toEqual([]);
  });

  it('that differs opens a Case that says in what', () => {
    const world = again([digestOf('other')]);
    expect(world.state.differences).toHaveLength(2);
    expect(world.cases).toMatchObject([
      { type: 'rerun-diverged', severity: 'CRITICAL', reason_codes: ['RERUN_DIVERGED'] },
    ]);
  });
});
