import { isTerminalBuildPhase, type StageCommand } from '@orgo/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Answer } from './gate.fixture.ts';
import { admitted, pipeline, World } from './world.fixture.ts';

type Move =
  | { do: 'claim' }
  | { do: 'reply'; which: number; answer: Answer }
  | { do: 'receipt'; which: number; keep: boolean }
  | { do: 'alarm'; which: number }
  | { do: 'cancel' | 'pause' | 'resume' | 'resend' };

const moves = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.constant({ do: 'claim' } as Move) },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('reply' as const),
        which: fc.nat(5),
        answer: fc.constantFrom<Answer>('ok', 'ok', 'ok', 'ok', 'error', 'error', 'lease', 'untrusted', 'failed'),
      }),
    },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('receipt' as const), which: fc.nat(5), keep: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('alarm' as const), which: fc.nat(5) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom('pause' as const, 'resume' as const, 'resume' as const, 'resend' as const),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('cancel' as const) }) },
  ),
  { maxLength: 80 },
);

const pick = <T>(from: readonly T[], which: number): T | undefined => from[which % Math.max(1, from.length)];

function move(world: World, one: Move): void {
  switch (one.do) {
    case 'claim': {
      const claim = world.claims.shift();
      if (claim !== undefined) world.receipts.push(...world.gate.claim(claim));
      return;
    }
    case 'reply': {
      const command = pick([...world.commands].reverse(), one.which);
      if (command !== undefined) world.receipts.push(...world.gate.reply(command, one.answer));
      return;
    }
    case 'receipt': {
      const receipt = pick(world.receipts, one.which);
      if (receipt === undefined) return;
      if (!one.keep) world.receipts = world.receipts.filter((other) => other !== receipt);
      world.step(receipt);
      return;
    }
    case 'alarm':
      world.fire(pick([...world.alarms.keys()], one.which) ?? '');
      return;
    case 'resend':
      world.step({ type: 'resend', tenant_id: admitted.tenant_id, build_id: admitted.build_id });
      return;
    default:
      world.person(one.do);
  }
}

/** Everybody does their work from now on: the build has to end. */
function settle(world: World): void {
  for (let turn = 0; turn < 200 && !isTerminalBuildPhase(world.state.phase as never); turn++) {
    for (const claim of world.claims.splice(0)) world.receipts.push(...world.gate.claim(claim));
    for (const receipt of world.receipts.splice(0)) world.step(receipt);
    const { open } = world.state;
    if (world.state.phase === 'PAUSED' || world.state.phase === 'BLOCKED') world.person('resume');
    else if (open?.phase === 'COMMANDED') {
      const command = world.commands.findLast(({ stage }) => stage === open.stage) as StageCommand;
      world.receipts.push(...world.gate.reply(command, 'ok'));
      // An answer below a fence that is already up is refused: then the lease ends and the stage is tried again.
      if (world.receipts.at(-1)?.decision.kind === 'REFUSAL')
        world.fire(`lease:${open.stage}:${open.attempt}:${open.epoch}`);
    } else for (const id of [...world.alarms.keys()]) world.fire(id);
  }
}

describe('a build on a bad road', () => {
  it('keeps its rules whatever arrives, twice, late or out of order, and ends once everybody works', () => {
    const ends = new Map<string, number>();
    fc.assert(
      fc.property(moves, (walk) => {
        const world = new World();
        world.step({ type: 'start', admitted });
        for (const one of walk) move(world, one);
        settle(world);
        expect(
          isTerminalBuildPhase(world.state.phase as never),
          `stuck in ${world.state.phase} ${JSON.stringify(world.state.open)}`,
        ).toBe(true);
        ends.set(world.state.phase, (ends.get(world.state.phase) ?? 0) + 1);
        for (const receipt of world.receipts) world.step(receipt);
        if (world.state.phase === 'COMPLETED')
          expect(world.state.stages.map(({ stage }) => stage)).toEqual(pipeline.stages.map(({ stage }) => stage));
      }),
      { numRuns: 2000 },
    );
    expect([...ends.keys()].sort(), 'the walks reach every end').toEqual(['CANCELLED', 'COMPLETED', 'FAILED']);
  });
});
