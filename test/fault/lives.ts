import { setTimeout as pause } from 'node:timers/promises';
import type { ChannelStatus, ReleaseStatus } from '@orgo/contracts';
import type { GivenTrust } from '@orgo/konnaxion-node';
import { joinRingNode, type RingNode } from '../kit/ring-node.ts';
import type { RollbackRing } from '../kit/rollback-ring.ts';

/** Why a person did it, wherever one is asked. */
const by = { actor: 'ann', reason: 'because' };

/** What a life is lived with: a channel of its own, its nodes, and a person who asks again under the same key where there is no answer. */
export type Stage = Awaited<ReturnType<typeof stageOf>>;

export async function stageOf(ring: RollbackRing, trust: GivenTrust, channel: string) {
  const nodes: RingNode[] = [];
  let asked = 0;
  const key = (): string => `${channel}-${asked++}`;
  const until = async <T>(look: () => Promise<T>, holds: (found: T) => boolean): Promise<T> => {
    for (;;) {
      const found = await look();
      if (holds(found)) return found;
      await pause(120);
    }
  };
  const stage = {
    channel,
    nodes,
    packs: [] as string[],
    async join(name: string): Promise<RingNode> {
      const node = await joinRingNode(ring, trust, `${name}-${channel}`, channel);
      nodes.push(node);
      return node;
    },
    async release(build: 0 | 1 | string, plan: object = {}): Promise<string> {
      const build_id = typeof build === 'string' ? build : ring.builds[build];
      const { release_id } = await ring.call<ReleaseStatus>(
        'POST',
        '/releases',
        { build_id, channel, ...by, ...plan },
        key(),
      );
      return release_id;
    },
    say: (release: string, word: 'promote' | 'pause' | 'resume' | 'abort') =>
      ring.call<ReleaseStatus>('POST', `/releases/${release}/${word}`, by, key()),
    until: (release: string, holds: (status: ReleaseStatus) => boolean) => until(() => ring.releaseOf(release), holds),
    opened: (release: string, step = 0) => stage.until(release, ({ steps }) => steps[step]?.opened_at != null),
    ended: (release: string, status: string) => stage.until(release, (now) => now.status === status),
    /** RELEASED, and known to its channel as one to come back to. */
    async held(release: string): Promise<void> {
      await stage.ended(release, 'RELEASED');
      await stage.shown(({ offers }) => offers.some((one) => one.release_id === release && one.confirmed_at !== null));
    },
    shown: (holds: (status: ChannelStatus) => boolean) => until(() => ring.channelOf(channel), holds),
    change: (change: object) =>
      ring.call<ChannelStatus>('POST', `/channels/${channel}/changes`, { change, ...by }, key()),
    back: (more: object = {}) =>
      ring.call<ChannelStatus>(
        'POST',
        `/channels/${channel}/rollbacks`,
        { mode: 'last_known_good', pack_id: null, trigger: 'operator', ...by, ...more },
        key(),
      ),
    /** Every node that is named does what the channel asks of it now. */
    async follow(release_id: string, ...who: RingNode[]): Promise<void> {
      for (const node of who) await node.until(({ active }) => active?.release_id === release_id);
    },
  };
  return stage;
}

/** Released to all at once, by every node of the channel. */
export async function simply(stage: Stage, build: 0 | 1): Promise<string> {
  const release = await stage.release(build);
  await stage.opened(release);
  await stage.follow(release, ...stage.nodes);
  await stage.held(release);
  return release;
}

/** A pack is left again, and every node runs the one before it. */
export async function gone(stage: Stage): Promise<void> {
  const { index } = await stage.shown(({ rollback }) => rollback !== null);
  await stage.follow(index.current?.release_id as string, ...stage.nodes);
  await stage.shown(
    ({ rollback, changes }) => rollback?.validated_at != null && changes.every(({ status }) => status !== 'ASKED'),
  );
}

const metric = (name: string): object => ({
  analysis: { metrics: [{ name, op: 'lte', threshold: 0 }], interval_ms: 100 },
});
const canary = (node: RingNode): object => ({
  strategy: { mode: 'staged', stages: [{ name: 'canary', cohort: { by: 'ids', ids: [node.id] } }] },
});
const inADay = (): string => new Date(Date.now() + 86_400_000).toISOString();

/** Lives of releases and channels, which between them go through the tables of the machines. Each ends by itself, the same however long things take. */
export const lives: Record<string, (stage: Stage) => Promise<void>> = {
  /** In stages, by a person's word; then the next one, paused and resumed; then back, and on. */
  async whole(stage) {
    const [a, b] = [await stage.join('a'), await stage.join('b')];
    const first = await stage.release(0, { ...canary(a), ...metric('smoke_failures'), auto_promote: false });
    await stage.opened(first);
    await stage.follow(first, a);
    await stage.until(first, ({ steps }) => steps[0]?.state === 'GATE');
    await stage.say(first, 'promote');
    await stage.opened(first, 1);
    await stage.follow(first, b);
    await stage.held(first);
    const second = await stage.release(1);
    await stage.opened(second);
    await stage.say(second, 'pause');
    await stage.say(second, 'resume');
    await stage.follow(second, a, b);
    await stage.held(second);
    await stage.back();
    await gone(stage);
    await stage.ended(second, 'ROLLED_BACK');
    await stage.change({ change: 'unfreeze', override: false });
  },
  /** The canary of the second pack measures ill: nobody else gets it, and it is brought back without a person. */
  async ill(stage) {
    const [a] = [await stage.join('a'), await stage.join('b')];
    await simply(stage, 0);
    a.says([{ name: 'errors', value: 2, samples: 3 }]);
    const second = await stage.release(1, { ...canary(a), ...metric('errors'), soak_ms: 3_600_000 });
    await stage.opened(second);
    await stage.follow(second, a);
    a.says([]);
    await gone(stage);
    await stage.ended(second, 'ROLLED_BACK');
  },
  /** In its soak it is paused, resumed and promoted; the next one is stopped by a person before anybody runs it. */
  async stopped(stage) {
    const a = await stage.join('a');
    const soaks = await stage.release(0, { soak_ms: 3_600_000 });
    const soaking = () => stage.until(soaks, ({ steps }) => steps[0]?.state === 'SOAKING');
    await stage.opened(soaks);
    await stage.follow(soaks, a);
    await soaking();
    await stage.say(soaks, 'pause');
    await stage.say(soaks, 'resume');
    await soaking();
    await stage.say(soaks, 'promote');
    await stage.held(soaks);
    const release = await stage.release(1);
    await stage.opened(release);
    await stage.say(release, 'abort');
    await stage.ended(release, 'CANCELED');
  },
  /** The channel is frozen between two cohorts; the release waits, is paused and resumed there, and goes on when it is let go. */
  async frozen(stage) {
    const [a, b] = [await stage.join('a'), await stage.join('b')];
    const release = await stage.release(0, { ...canary(a), auto_promote: false });
    await stage.opened(release);
    await stage.follow(release, a);
    const { version: before } = await stage.until(release, ({ steps }) => steps[0]?.state === 'GATE');
    await stage.change({ change: 'freeze' });
    // It was told that the channel is frozen.
    await stage.until(release, ({ version }) => version > before);
    await stage.say(release, 'promote');
    await stage.until(
      release,
      ({ steps, waiting_for }) => steps[0]?.state === 'DONE' && /unfrozen/.test(waiting_for ?? ''),
    );
    await stage.say(release, 'pause');
    await stage.say(release, 'resume');
    await stage.change({ change: 'unfreeze', override: false });
    await stage.opened(release, 1);
    await stage.follow(release, b);
    await stage.held(release);
  },
  /** Two wait for one that is on its way: one is stopped there, the other paused and resumed, and is next. */
  async queued(stage) {
    const a = await stage.join('a');
    const first = await stage.release(0);
    await stage.opened(first);
    const waits = (release: string) =>
      stage.until(release, ({ waiting_for }) => waiting_for?.includes('CHANNEL_BUSY') ?? false);
    const second = await stage.release(1);
    await waits(second);
    await stage.say(second, 'abort');
    await stage.ended(second, 'CANCELED');
    const third = await stage.release(1);
    await waits(third);
    await stage.say(third, 'pause');
    await stage.say(third, 'resume');
    await stage.follow(first, a);
    await stage.held(first);
    await stage.opened(third);
    await stage.follow(third, a);
    await stage.held(third);
  },
  /** Every change that a person may ask of a channel, and a release that the gatekeeper lets nobody see. */
  async kept(stage) {
    await stage.join('a');
    await simply(stage, 0);
    await simply(stage, 1);
    const { index, last_known_good } = await stage.shown(() => true);
    await stage.back({ trigger: 'drill' });
    await stage.change({ change: 'pin', pack_id: index.current?.pack_id, until: null });
    await stage.change({ change: 'unpin' });
    await stage.change({ change: 'floor', pack_seq: 1 });
    await stage.change({ change: 'quarantine', pack_id: last_known_good });
    await stage.change({ change: 'revoke', pack_id: last_known_good });
    const barred = await stage.release(0);
    await stage.ended(barred, 'FAILED');
  },
  /** One node is silent and is left out; of the next pack all are, and a person ends it. */
  async silent(stage) {
    const [a] = [await stage.join('a'), await stage.join('b')];
    const first = await stage.release(0, { offline: { deadline_ms: 300, quorum_percent: 50 } });
    await stage.opened(first);
    await stage.follow(first, a);
    await stage.held(first);
    const second = await stage.release(1, { deadlines: { step_ms: 300 } });
    await stage.ended(second, 'PAUSED');
    await stage.say(second, 'abort');
    await stage.ended(second, 'CANCELED');
  },
  /** A metric that nobody measures: paused, looked at again, and gone on with by name. */
  async unmeasured(stage) {
    const a = await stage.join('a');
    const release = await stage.release(0, metric('unheard_of'));
    await stage.opened(release);
    await stage.follow(release, a);
    const paused = await stage.ended(release, 'PAUSED');
    await stage.say(release, 'resume');
    await stage.until(release, ({ status, version }) => status === 'PAUSED' && version > paused.version);
    await stage.say(release, 'promote');
    await stage.held(release);
  },
  /** There is no such build; then one that waits for its hour, and is stopped there. */
  async unborn(stage) {
    await stage.join('a');
    const nothing = await stage.release('bld_01890000-0000-7000-8000-000000000000');
    await stage.ended(nothing, 'FAILED');
    const freezes = [{ from: '2026-01-01T00:00:00.000Z', to: inADay(), reason: 'fair' }];
    const release = await stage.release(0, { freezes });
    const waiting = () => stage.until(release, ({ steps }) => steps[0]?.state === 'WAITING_WINDOW');
    await waiting();
    await stage.say(release, 'pause');
    await stage.say(release, 'resume');
    await waiting();
    await stage.say(release, 'abort');
    await stage.ended(release, 'CANCELED');
  },
};
