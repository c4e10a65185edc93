import type { GateClaim, NodeMetric, TargetState } from '@orgo/contracts';
import { after, digestOf } from '@orgo/core';
import { decide } from './decide.ts';
import type { ReleaseEvent } from './events.ts';
import { evolve, isAllowed } from './evolve.ts';
import type { Look, Person, Receipt, ReleaseInput } from './inputs.ts';
import { type Counts, noCounts, type Observed } from './rollout/counts.ts';
import { isIntegrityCode } from './rollout/integrity-codes.ts';
import type { Measures } from './rollout/measure.ts';
import type { Alarm, ChannelWish, RollbackWish, Send } from './sends.ts';
import { initial, type ReleaseState } from './state.ts';
import * as world from './world.fixture.ts';

type Target = { step: number; state: TargetState; code: string | null; active: boolean; metrics: NodeMetric[] };
type Outstanding = { claim: GateClaim } | { wish: ChannelWish } | { rollback: RollbackWish };
type Channel = { index_seq: number; place: 'candidate' | 'current' | 'none'; open: number; frozen: boolean };

/** A release that lives through inputs in a small world: a ledger, a channel and a gatekeeper that answer when the test lets them. */
export class World {
  now: string = world.noon;
  state: ReleaseState = initial({ tenant_id: world.of.tenant_id, id: world.of.release_id });
  readonly events: ReleaseEvent[] = [];
  readonly sends: Send[] = [];
  readonly alarms = new Map<string, string>();
  readonly targets = new Map<string, Target>();
  /** What was asked and not answered. */
  readonly outstanding: Outstanding[] = [];
  readonly codes: string[] = [];
  /** What the tables would not have let happen. */
  readonly illegal: string[] = [];
  channel: Channel = { index_seq: 0, place: 'none', open: 0, frozen: false };
  wayBack = true;
  stranded = false;
  unmet: string[] = [];
  circle: string[] | null = null;
  brokenMeasures = false;
  last: ReleaseInput | null = null;

  step(...inputs: ReleaseInput[]): this {
    for (const input of inputs) {
      this.last = input;
      const outcome = decide(this.state, { ...input, now: this.now });
      if (!outcome.ok) {
        this.codes.push(outcome.code);
        continue;
      }
      for (const event of outcome.events) {
        if (!isAllowed(this.state, event)) this.illegal.push(`${event.type} in ${this.state.phase}`);
        this.state = evolve(this.state, event);
        this.project(event);
      }
      this.events.push(...outcome.events);
      this.sends.push(...outcome.sends);
      for (const send of outcome.sends) this.ask(send);
      for (const alarm of outcome.alarms) this.setAlarm(alarm);
    }
    return this;
  }

  private setAlarm(alarm: Alarm): void {
    if ('cancel' in alarm) this.alarms.delete(alarm.cancel);
    else this.alarms.set(alarm.id, after(this.now, alarm.due_in_ms));
  }

  private ask(send: Send): void {
    if (send.send === 'claim') this.outstanding.push({ claim: send.claim });
    if (send.send !== 'job' || send.job === 'verify') return;
    this.outstanding.push(send.job === 'channel' ? { wish: send.wish } : { rollback: send.wish });
  }

  /** What the ledger's projection does. */
  private project(event: ReleaseEvent): void {
    const blank = { code: null, active: false, metrics: [] };
    if (event.type === 'VerifyRequested')
      for (const { instance_id, step } of event.members)
        this.targets.set(instance_id, { ...blank, step, state: 'PENDING' });
    if (!('step' in event)) return;
    const everyone = this.state.steps[event.step]?.kind === 'prefetch';
    const own = [...this.targets.values()].filter(({ step }) => everyone || step === event.step);
    const change = (from: TargetState[], to: TargetState): void => {
      for (const target of own) if (from.includes(target.state)) target.state = to;
    };
    if (event.type === 'StepOpened') change(['PENDING'], 'OFFERED');
    if (event.type === 'TargetsLeftOut' && event.silent > 0) change(['PENDING', 'OFFERED'], 'OFFLINE_EXCLUDED');
    if (event.type === 'TargetsTimedOut') change(['PENDING', 'OFFERED', 'VERIFIED', 'ACTIVATED'], 'TIMED_OUT');
  }

  /** A node's sealed report, as the ledger takes it. */
  report(instance_id: string, state: TargetState, more: { code?: string; metrics?: NodeMetric[] } = {}): this {
    const step = this.targets.get(instance_id)?.step ?? Math.max(0, this.state.steps.length - 1);
    const active = state === 'CONFIRMED' || state === 'ACTIVATED';
    this.targets.set(instance_id, { step, state, code: more.code ?? null, active, metrics: more.metrics ?? [] });
    return this;
  }

  observed(): Observed {
    const all = [...this.targets];
    const counts = this.state.steps.map(({ step, kind }): Counts => {
      const own = { ...noCounts };
      for (const [, target] of all) {
        if (target.step !== step && kind !== 'prefetch') continue;
        own[target.state]++;
        own.total++;
      }
      return own;
    });
    const failed = all.flatMap(([instance_id, { state, code }]) =>
      state === 'FAILED' && code ? [{ instance_id, code }] : [],
    );
    return {
      counts,
      failures: [...new Set(failed.map(({ code }) => code))],
      tampered: failed.find(({ code }) => isIntegrityCode(code)) ?? null,
      activated: all.filter(([, { active }]) => active).length,
      measures: this.measures(),
      way_back: this.wayBack,
      stranded: this.stranded,
      unmet: this.unmet,
      circle: this.circle,
    };
  }

  private measures(): Measures {
    if (this.brokenMeasures) return { ok: false };
    const all = [...this.targets.values()].flatMap(({ active, metrics }) => (active ? metrics : []));
    const names = [...new Set(all.map(({ name }) => name))];
    const metrics = names.map((name) => {
      const own = all.filter((one) => one.name === name);
      const values = own.map(({ value }) => Number(value));
      const sum = values.reduce((a, b) => a + b, 0);
      const samples = own.reduce((a, one) => a + one.samples, 0);
      return [
        name,
        { sum: `${sum}`, max: `${Math.max(...values)}`, mean: `${Math.trunc(sum / values.length)}`, samples },
      ] as const;
    });
    return { ok: true, metrics: Object.fromEntries(metrics) };
  }

  look(): this {
    const look: Look = { type: 'look', ...world.of, current: this.state.current, observed: this.observed() };
    this.alarms.delete('now');
    const [due] = [...this.alarms].filter(([, at]) => at <= this.now);
    if (due !== undefined) this.alarms.delete(due[0]);
    return this.step(look);
  }

  person(action: Person['action'], more: Partial<Person> = {}): this {
    return this.step({
      type: 'person',
      ...world.of,
      action,
      actor: 'bob',
      reason: 'says so',
      version: null,
      request: null,
      ...more,
    });
  }

  tick(ms: number): this {
    this.now = after(this.now, ms);
    return this;
  }

  /** The channel's files are out again. */
  published(): this {
    this.channel = { ...this.channel, index_seq: this.channel.index_seq + 1 };
    const seq = this.channel.place === 'none' ? null : 3;
    return this.step({
      type: 'channel-published',
      ...world.of,
      channel: 'stable',
      ...this.channel,
      release_seq: seq,
      pack_seq: seq,
    });
  }

  private toChannel(wish: ChannelWish): void {
    const { place, frozen } = this.channel;
    const refused = (code: 'CHANNEL_FROZEN' | 'RELEASE_TRANSITION_ILLEGAL'): void => {
      this.step({ type: 'channel-refused', ...world.of, wanted: wish.wanted, code, detail: 'refused' });
    };
    if (wish.op === 'confirmed' || wish.op === 'pin') return;
    if (wish.op === 'withdraw') {
      if (place === 'candidate') this.channel = { ...this.channel, place: 'none', open: 0 };
      this.step({ type: 'channel-withdrew', ...world.of });
      if (place === 'candidate') this.published();
      return;
    }
    if (frozen) {
      refused('CHANNEL_FROZEN');
      return;
    }
    if (wish.op !== 'offer' && place !== 'candidate') {
      refused('RELEASE_TRANSITION_ILLEGAL');
      return;
    }
    if (wish.op === 'offer') this.channel = { ...this.channel, place: 'candidate', open: 0 };
    else if (wish.op === 'open') this.channel = { ...this.channel, open: wish.cohorts.length };
    else this.channel = { ...this.channel, place: 'current', open: 0 };
    this.published();
  }

  /** Somebody answers the oldest question. `verdict` is the gatekeeper's. */
  serve(verdict: 'PASS' | 'FAIL' = 'PASS', code = 'ACTIVATION_NOT_CONFIRMED'): this {
    const one = this.outstanding.shift();
    if (one === undefined) return this;
    if ('wish' in one) this.toChannel(one.wish);
    else if ('claim' in one) this.step(answerOf(one.claim, mayFail(one.claim) ? verdict : 'PASS', code));
    else if (verdict === 'FAIL') this.rolledBack(false);
    else this.rolledBack(true);
    return this;
  }

  private rolledBack(done: boolean): void {
    if (done) this.channel = { ...this.channel, place: 'none', open: 0, frozen: true };
    const rollback_id = 'chg_0198c0de-0000-7000-8000-00000000000a';
    const detail = { rollback_id, trigger: 'operator', reason: '', to: { pack_id: 'd'.repeat(64) } };
    if (done) this.step(world.receipt(world.decision({ kind: 'ROLLBACK', verdict: 'PASS', detail })));
    else this.step({ type: 'rollback-refused', ...world.of, rollback_id, code: 'ROLLBACK_TARGET_MISSING' });
    if (done) this.published();
  }

  /** Everybody answers, and the release looks, until nothing moves. */
  calm(): this {
    for (let rounds = 0; rounds < 100 && (this.outstanding.length > 0 || this.alarms.has('now')); rounds++) {
      if (this.outstanding.length > 0) this.serve();
      else this.look();
    }
    return this;
  }

  types(): string[] {
    return this.events.map(({ type }) => type);
  }
}

/** The gatekeeper's sealed word about a claim. */
export function answerOf(claim: GateClaim, verdict: 'PASS' | 'FAIL', code: string): Receipt {
  const reason_codes = verdict === 'PASS' ? [] : [code];
  if (claim.claim === 'RELEASE') return verdict === 'PASS' ? world.pass() : world.fail;
  const detail =
    claim.claim === 'RELEASE_STEP' ? { step_hash: stepHashOf(claim) } : { status: claim.detail.status as string };
  return world.receipt(world.decision({ kind: claim.claim as 'RELEASE_STEP', verdict, reason_codes, detail }));
}

/** Only an end as RELEASED has to be proved. */
const mayFail = ({ claim, detail }: GateClaim): boolean => claim !== 'RELEASE_CLOSE' || detail.status === 'RELEASED';

const stepHashOf = ({ detail, build_id }: GateClaim): string =>
  digestOf(['orgo.release-step.v1', build_id, detail.generation, detail.facts]);

/** A release with this plan over so many nodes, up to where its first cohort is open. */
export const opened = (plan: object = {}, nodes = 4, circle: string[] | null = null): World => {
  const live = new World();
  live.circle = circle;
  const asked = { ...world.asked, plan: world.planOf(plan) };
  const members = world.nodesOf(nodes);
  live.step({ type: 'create', asked, nodes: members }, { ...world.found, nodes: members } as ReleaseInput);
  return live.calm();
};
