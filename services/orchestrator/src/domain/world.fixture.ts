import { isTerminalBuildPhase, type Pipeline, pipelines, type StageCommand } from '@orgo/contracts';
import { after, canonical, digestOf, digestOfNothing, next } from '@orgo/core';
import { expect } from 'vitest';
import { fold } from './decide/outcome.ts';
import { awaitedClaim } from './decide/unanswered.ts';
import { decide } from './decide.ts';
import type { BuildEvent } from './events.ts';
import { evolve } from './evolve.ts';
import { ModelGate } from './gate.fixture.ts';
import { type AlarmFired, type BuildInput, keyOf, type Receipt } from './inputs.ts';
import type { CaseOpening } from './sends.ts';
import { type Admitted, type BuildState, initial } from './state.ts';
import { buildTable, stageTable } from './table.ts';

const echo = pipelines.echo as Pipeline;
/** Three stages of four attempts; the second ends its build when they are used up. */
export const pipeline: Pipeline = {
  ...echo,
  stages: echo.stages
    .slice(0, 3)
    .map((stage, i) => ({ ...stage, on_exhausted: i === 1 ? 'FAIL' : 'BLOCK', max_attempts: 4 })),
};
export const admitted: Admitted = {
  tenant_id: 'acme',
  build_id: 'bld_0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b',
  pipeline,
  pipeline_ref: digestOf(pipeline),
  mandate_ref: digestOfNothing,
  inputs: [],
  trigger: { type: 'manual', actor: 'alice', reason: '' },
  rerun_of: null,
  original: null,
  run_key: digestOf('run'),
  subject_key: digestOf('subject'),
  request: null,
  traceparent: null,
};

const isPhaseEvent = (type: string): boolean => type.startsWith('Build');
const stagePhaseOf = (state: BuildState): string => state.open?.phase ?? 'PENDING';

/** The orchestrator's shell, a road that loses order and doubles messages, adapters and a gate; and what must hold after every step. */
export class World {
  state: BuildState = initial(keyOf({ type: 'start', admitted }));
  events: BuildEvent[] = [];
  now = '2026-11-20T10:00:00.000Z';
  readonly gate = new ModelGate(admitted, this.now);
  readonly claims: Parameters<ModelGate['claim']>[0][] = [];
  readonly commands: StageCommand[] = [];
  readonly cases: CaseOpening[] = [];
  receipts: Receipt[] = [];
  readonly alarms = new Map<
    string,
    { kind: 'lease' | 'retry' | 'claim'; data: Record<string, unknown>; due: string }
  >();

  step(input: BuildInput): void {
    const before = this.state;
    const outcome = decide(before, { ...input, now: this.now });
    expect(decide(before, { ...input, now: this.now }), 'the same arguments, the same outcome').toEqual(outcome);
    if (!outcome.ok) return;
    this.checkTransitions(before, outcome.events);
    this.state = fold(before, outcome.events);
    this.events.push(...outcome.events);
    if (isTerminalBuildPhase(before.phase as never))
      expect(outcome, 'nothing leaves a terminal phase').toEqual({ ok: true, events: [], sends: [], alarms: [] });
    for (const alarm of outcome.alarms) {
      if ('cancel' in alarm) this.alarms.delete(alarm.cancel);
      else this.alarms.set(alarm.id, { kind: alarm.kind, data: alarm.data, due: after(this.now, alarm.due_in_ms) });
    }
    for (const send of outcome.sends) {
      if (send.send === 'claim') this.claims.push(send.claim);
      if (send.send === 'case') this.cases.push(send.opening);
      if (send.send === 'command') this.command(send.command, send.again);
    }
    this.checkState();
  }

  command(command: StageCommand, again: boolean): void {
    const { phase } = this.state;
    if (again) expect(this.commands.map(canonical)).toContain(canonical(command));
    else {
      expect(phase).toBe('RUNNING');
      const earlier = this.commands.filter(({ stage }) => stage === command.stage);
      for (const one of earlier) {
        expect(command.attempt).toBeGreaterThan(one.attempt);
        expect(command.epoch).toBeGreaterThan(one.epoch);
        expect(command.idem_key).toBe(one.idem_key);
      }
      if (earlier.length > 0)
        expect(this.gate.fenceOf(command.stage), 'every earlier attempt is fenced').toBeGreaterThanOrEqual(
          command.epoch,
        );
    }
    const authorization = this.gate.authorizations.get(command.authorization_digest as `sha256:${string}`);
    expect(authorization?.stage).toBe(command.stage);
    expect(authorization?.inputs).toEqual(command.inputs);
    const order = pipeline.stages.map(({ stage }) => stage);
    const passed = this.state.stages.filter(({ status }) => status === 'PASS').map(({ stage }) => stage);
    expect(passed, 'every stage before it has passed').toEqual(order.slice(0, order.indexOf(command.stage)));
    this.commands.push(command);
  }

  checkTransitions(before: BuildState, events: readonly BuildEvent[]): void {
    let state = before;
    for (const event of events) {
      if (isPhaseEvent(event.type))
        expect(next(buildTable, state.phase, event.type as never), `${event.type} in ${state.phase}`).toBeDefined();
      else if (event.type.startsWith('Stage') && state.phase !== 'CLOSING') {
        expect(
          next(stageTable, stagePhaseOf(state) as never, event.type as never),
          `${event.type} on ${stagePhaseOf(state)}`,
        ).toBeDefined();
      }
      state = evolve(state, event);
    }
  }

  checkState(): void {
    const { state } = this;
    const { open } = state;
    expect(canonical(JSON.parse(JSON.stringify(state))), 'folding the events gives the state').toBe(
      canonical(JSON.parse(JSON.stringify(fold(initial(keyOf({ type: 'start', admitted })), this.events)))),
    );
    expect(new Set(state.stages.map(({ stage }) => stage)).size, 'one decision per stage').toBe(state.stages.length);
    expect(open !== null && state.ready !== null, 'one stage at a time').toBe(false);
    const waits = awaitedClaim(state) !== null && state.phase !== 'BLOCKED';
    expect(this.alarms.has('claim'), 'a claim that is waited for has a deadline, and no other').toBe(waits);
    if (state.phase === 'CLOSING' || isTerminalBuildPhase(state.phase as never))
      expect(
        [...this.alarms.keys()].filter((id) => id !== 'claim'),
        'an ended build waits for no stage',
      ).toEqual([]);
    else if (open?.phase === 'COMMANDED')
      expect(this.alarms.has(`lease:${open.stage}:${open.attempt}:${open.epoch}`), 'a command has a deadline').toBe(
        true,
      );
    else if (open?.phase === 'WAITING_RETRY' && !open.due)
      expect(this.alarms.has(`retry:${open.stage}:${open.attempt}:${open.epoch}`), 'a backoff has an end').toBe(true);
  }

  fire(id: string): void {
    const alarm = this.alarms.get(id);
    if (alarm === undefined) return;
    this.alarms.delete(id);
    if (alarm.due > this.now) this.now = alarm.due;
    const of = { type: 'alarm', tenant_id: admitted.tenant_id, build_id: admitted.build_id, kind: alarm.kind };
    this.step({ ...of, ...alarm.data } as AlarmFired);
  }

  person(type: 'cancel' | 'pause' | 'resume'): void {
    const of = { tenant_id: admitted.tenant_id, build_id: admitted.build_id };
    this.step({ type, ...of, request: `${this.events.length}`, actor: 'alice', reason: '' });
  }
}
