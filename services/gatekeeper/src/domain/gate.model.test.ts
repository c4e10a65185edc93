import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DecisionSend } from './decision.ts';
import { evolveGate } from './evolve.ts';
import type { GateInput } from './facts.ts';
import {
  admitInput,
  build_id,
  claimInput,
  freezeInput,
  pipelineOf,
  replyInput,
  step,
  tenant_id,
} from './gate.fixture.ts';
import { type GateState, initialGate } from './state.ts';
import { gateTable } from './table.ts';

/** What the ring, retries, late adapters and people may throw at a gate, in any order. Stages are those of the echo pipeline. */
const echo = pipelineOf('echo');
const stage = fc.integer({ min: 1, max: 4 }).map((n) => `echo-${n}`);
const epoch = fc.integer({ min: 1, max: 4 });
const move = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('reply' as const),
      stage,
      epoch,
      seed: fc.constantFrom('a', 'a', 'a', 'b'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('next' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('bad' as const),
      stage,
      epoch,
      status: fc.constantFrom('failed' as const, 'error' as const, 'refused' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('FENCE' as const), stage, epoch }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('EXHAUSTED' as const, 'CANCEL' as const, 'SKIP' as const),
      stage,
      epoch,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('freeze' as const),
      outcome: fc.constantFrom('COMPLETED', 'FAILED', 'CANCELLED'),
    }),
  },
);
type Move = typeof move extends fc.Arbitrary<infer T> ? T : never;

function inputOf(state: GateState, m: Move): GateInput {
  switch (m.do) {
    case 'reply':
      return replyInput(state, m);
    case 'next': {
      const open = Object.entries(state.stages).find(([, gate]) => gate.accepted === null);
      return replyInput(state, { stage: open?.[0] ?? 'echo-1', seed: 'a' });
    }
    case 'bad':
      return replyInput(state, { ...m, reply: { reason_codes: ['COMPILE_FAILED'] } });
    case 'freeze':
      return freezeInput(m.outcome);
    default:
      return claimInput({ claim: m.do, stage: m.stage, epoch: m.epoch });
  }
}

test('whatever happens in whatever order, the gate keeps its word', () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
      const first = step(initialGate({ tenant_id, id: build_id }), admitInput(echo));
      let state = first.state;
      const said: DecisionSend[] = [first.send as DecisionSend];
      const events = [...(first.outcome.events ?? [])];
      for (const m of moves) {
        const input = inputOf(state, m);
        const before = state;
        const turn = step(state, input);
        const at = turn.send?.decision;
        for (const event of turn.outcome.events ?? [])
          expect(Object.keys(gateTable[before.phase])).toContain(event.type);
        if (at?.kind === 'STAGE' && at.verdict === 'PASS') {
          // A reply below the fence is never accepted, and nothing passes once the build was stopped.
          expect(at.epoch).toBeGreaterThanOrEqual(before.stages[at.stage ?? '']?.fence ?? Number.POSITIVE_INFINITY);
          expect(before.phase).toBe('OPEN');
        }
        if (at !== undefined && at.authorizations.length > 0) expect(at.verdict).toBe('PASS');
        state = turn.state;
        events.push(...(turn.outcome.events ?? []));
        if (turn.send !== undefined) said.push(turn.send);
      }
      const decisions = said.map((send) => send.decision);

      const accepted = decisions
        .filter((d) => d.kind === 'STAGE' && (d.verdict === 'PASS' || d.verdict === 'FAIL'))
        .map((d) => d.stage);
      expect(new Set(accepted).size).toBe(accepted.length);

      const end = decisions.findIndex((d) => d.verdict === 'FAIL' || d.kind === 'CANCEL');
      if (end >= 0) expect(decisions.slice(end + 1).flatMap((d) => d.authorizations)).toEqual([]);

      const opened = decisions.flatMap((d) => d.authorizations);
      expect(new Set(opened).size).toBe(opened.length);

      expect(state.decisions).toEqual(said.map((send) => send.digest));
      expect(events.reduce(evolveGate, initialGate({ tenant_id, id: build_id }))).toEqual(state);
    }),
    { numRuns: 400 },
  );
});

test('a build that is left alone always reaches its end', () => {
  fc.assert(
    fc.property(
      fc.array(
        move.filter((m) => m.do === 'FENCE' || (m.do === 'reply' && m.seed === 'a')),
        { maxLength: 40 },
      ),
      (moves) => {
        let { state } = step(initialGate({ tenant_id, id: build_id }), admitInput(echo));
        for (const m of moves) state = step(state, inputOf(state, m)).state;
        for (let i = 0; i < echo.stages.length; i++) state = step(state, inputOf(state, { do: 'next' })).state;
        expect(state.phase).toBe('PASSED');
      },
    ),
    { numRuns: 200 },
  );
});
