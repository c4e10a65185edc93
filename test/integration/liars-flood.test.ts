import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type BuildStatus, commandStream, maxMessageBytes, payloadTypes, type SignedItemWire } from '@orgo/contracts';
import { type JsonValue, utf8 } from '@orgo/core';
import { natsOptions } from '@orgo/runtime/bus-address';
import { encodeEnvelope } from '@orgo/runtime/envelope';
import { newId } from '@orgo/runtime/ids';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Stolen, signAs, signatureLies } from '../kit/liar.ts';
import { type LiarsWorld, startLiarsWorld, subjects } from './liars-world.ts';
import { tenant } from './orchestrator-instance.ts';
import { echo } from './orchestrator-ring.ts';

let world: LiarsWorld;
let nats: NatsConnection;
beforeAll(async () => {
  world = await startLiarsWorld();
  nats = await connect(natsOptions(world.ring.instance.urls.NATS_URL, 'test'));
});
afterAll(async () => {
  await nats?.close();
  await world?.stop();
});

const sizes = async () => {
  const [row] = await world.ring.rows<Record<string, number>>(`SELECT
(SELECT count(*)::int FROM audit.log_leaf) AS leaves,
(SELECT count(*)::int FROM gatekeeper.gate) AS gates,
(SELECT count(*)::int FROM gatekeeper.inbox) AS gatekeeper,
(SELECT count(*)::int FROM orchestrator.inbox) AS orchestrator,
(SELECT count(*)::int FROM audit.inbox) AS audit`);
  return row as Record<'leaves' | 'gates' | 'gatekeeper' | 'orchestrator' | 'audit', number>;
};
const collected = (): number => {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
};
const outputsOf = ({ stages }: BuildStatus) => stages.map(({ outputs }) => outputs);

/** What a liar shoots with, as often as it is asked: what anybody can say, and what a stage’s stolen key can sign. */
async function shots(): Promise<(() => { subject: string; bytes: Uint8Array })[]> {
  const [claimer, stolen] = await Promise.all(['orchestrator', 'adapter.echo'].map((role) => world.keysOf(role)));
  const one = (channel: 'claim' | 'reply' | 'decision' | 'receipt', item: unknown) => ({
    subject: subjects[channel],
    bytes: encodeEnvelope(channel, tenant, [item]),
  });
  const told = signatureLies
    .filter(({ fault }) => fault !== 'role')
    .flatMap(({ tell }) => {
      const claim = tell(world.words.claim() as unknown as JsonValue, payloadTypes.claim, claimer as never);
      const reply = tell(world.words.reply() as unknown as JsonValue, payloadTypes.reply, stolen as never);
      return [
        one('claim', { claim, evidence: [], traceparent: null }),
        one('reply', { reply, command: world.genuine.command.command, traceparent: null }),
      ];
    });
  const again = (['claim', 'reply', 'decision', 'receipt'] as const).map((channel) =>
    one(channel, world.genuine[channel]),
  );
  const large = { subject: subjects.reply, bytes: utf8(' '.repeat(maxMessageBytes + 1)) };
  const none = { subject: subjects.decision, bytes: utf8('{"v":1,"v":1}') };
  let n = 0;
  const signed = (change: object): SignedItemWire =>
    signAs((stolen as Stolen).rightful, payloadTypes.reply, {
      ...world.read<object>(world.genuine.reply.reply),
      metrics: { n: n++ },
      ...change,
    } as unknown as JsonValue);
  const beside = (reply: SignedItemWire) => one('reply', { ...world.genuine.reply, reply, traceparent: null });
  return [
    ...[...told, ...again, none].map((shot) => () => shot),
    () => large,
    // About builds that nobody admitted, and about a stage that is decided: signed, so that each could be put on record.
    () => beside(signed({ build_id: newId('bld') })),
    () => beside(signed({})),
  ];
}

/** Commands that nobody signed, about builds that do not exist, as fast as the adapter takes them from the queue. */
async function forgeCommands(count: number): Promise<void> {
  const manager = await jetstreamManager(nats);
  const { command } = world.genuine;
  for (let sent = 0; sent < count; ) {
    for (let burst = 0; burst < 32; burst++, sent++) {
      const payload = command.command.payload.replace(/bld_[0-9a-f-]{36}/, newId('bld'));
      const item = { ...command, command: { ...command.command, payload }, traceparent: null };
      nats.publish(subjects.command, encodeEnvelope('command', tenant, [item]));
    }
    await nats.flush();
    await expect
      .poll(async () => (await manager.streams.info(commandStream.name)).state.messages, {
        timeout: 25_000,
        interval: 10,
      })
      .toBeLessThan(16);
  }
}

test('a flood of lies grows no log, no inbox and no memory without bound, and honest builds go on beneath it', async () => {
  world.ring.run = echo;
  const texts = ['one', 'two', 'three', 'four'];
  const build = async (text: string, rerun_of: string | null = null): Promise<BuildStatus> => {
    const { status, body } = await world.ring.start({ text, rerun_of });
    expect([status, body.code]).toEqual([202, undefined]);
    return world.ring.ended(body.build_id);
  };
  await world.settled();
  const nothing = await sizes();
  const quiet = await Promise.all(texts.map((text) => build(text)));
  await world.settled();
  const before = await sizes();
  const grown = (name: keyof typeof before): number => before[name] - nothing[name];
  // The ear keeps what it hears; here it would be the leak.
  await world.liar.ear.close();
  world.lines.length = 0;
  const heap = collected();
  const startedAt = performance.now();

  let shotsFired = 0;
  let ended = false;
  const odd = new Set<string>();
  const all = await shots();
  const enough = (): boolean => ended && shotsFired >= 8_000;
  const shooting = Array.from({ length: 16 }, async (_, lane) => {
    for (let i = lane; !enough(); i += 16) {
      const { subject, bytes } = (all[i % all.length] as (typeof all)[number])();
      const said = await world.liar.ask(subject, bytes);
      if (!('rows' in said) || said.rows.some(({ outcome }) => outcome !== 'refused' && outcome !== 'duplicate'))
        odd.add(JSON.stringify(said));
      shotsFired++;
    }
  });
  const forging = forgeCommands(800);
  const building = texts.map((text, at) => build(text, quiet[at]?.build_id));
  const builds = await Promise.all(building).finally(() => {
    ended = true;
  });
  await Promise.all([forging, ...shooting]);
  await world.settled();

  expect([...odd], 'answers other than refused and duplicate').toEqual([]);
  for (const one of builds) expect(one).toMatchObject({ status: 'COMPLETED', reason_codes: [] });
  expect(builds.map(outputsOf)).toEqual(quiet.map(outputsOf));

  const after = await sizes();
  // Room for 256 refusals that prove nothing and one more each ten seconds; 64 of the stage that is decided, and those under way when it shut.
  const fenced = builds.flatMap(({ stages }) => stages).reduce((sum, { attempt }) => sum + attempt - 1, 0);
  const refused = 256 + 64 + 16 + Math.ceil((performance.now() - startedAt) / 10_000) + 3 * fenced;
  for (const name of ['leaves', 'gatekeeper', 'orchestrator', 'audit'] as const) {
    expect(after[name] - before[name], name).toBeLessThanOrEqual(grown(name) + refused);
    expect(after[name] - before[name], `${name}: there was a flood`).toBeGreaterThan(grown(name) + 256);
  }
  expect(after.gates - before.gates).toBeLessThanOrEqual(texts.length + refused);
  expect(shotsFired + 800).toBeGreaterThan(20 * refused);
  expect(world.lines.length, 'lines of the log').toBeLessThan(4 * refused);
  world.lines.length = 0;
  expect(collected() - heap, 'bytes of heap').toBeLessThan(64 * 1024 * 1024);
}, 120_000);

test('after the flood the build that stood in the middle of it ends COMPLETED', async () => {
  const end = await world.ended();
  expect(end).toMatchObject({ status: 'COMPLETED', reason_codes: [] });
  expect(end.stages.map(({ attempt }) => attempt)).toEqual(Array.from({ length: 8 }, () => 1));
});
