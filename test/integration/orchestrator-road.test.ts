import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { type BuildStarted, commandStream } from '@orgo/contracts';
import { digestOfBytes, utf8 } from '@orgo/core';
import { natsOptions } from '@orgo/runtime/bus-address';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Orchestrator, soon, startOrchestrator, tenant } from './orchestrator-instance.ts';
import { startPeers } from './orchestrator-peers.ts';

let orc: Orchestrator;
beforeEach(async () => {
  orc = await startOrchestrator({ adapter: false });
});
afterEach(() => orc.stop());

/** How many command messages lie in the stream; 0 when it is gone. */
async function queued(): Promise<number> {
  const nc = await connect(natsOptions(orc.instance.urls.NATS_URL, 'counter')).catch(() => undefined);
  if (nc === undefined) return 0;
  try {
    const { state } = await (await jetstreamManager(nc)).streams.info(commandStream.name);
    return state.messages;
  } catch {
    return 0;
  } finally {
    await nc.close();
  }
}

const adapter = async () => {
  const { bus, keyring, trust } = orc.platform;
  await orc.peers.stop();
  return startPeers({ bus, keyring, trust, tenant, after: orc.peers });
};

test('commands that the server lost with its store are said again, word for word, when it is back', async () => {
  // Without an exporter a trace is passed on as it came.
  const traceOf = (n: number) => `00-${String(n).repeat(32)}-${'b'.repeat(16)}-01`;
  const builds = [];
  for (const n of [1, 2]) builds.push(await orc.started(undefined, { traceparent: traceOf(n) }));
  // Both are commanded before the road is lost: in one message or in two.
  const commanded = () => orc.rows(`SELECT id, state -> 'open' ->> 'command_digest' AS digest FROM build ORDER BY id`);
  await expect.poll(async () => (await commanded()).filter(({ digest }) => digest !== null).length, soon).toBe(2);
  await expect.poll(queued, soon).toBeGreaterThan(0);
  const [before] = await orc.rows('SELECT created FROM road');
  const open = await commanded();

  await orc.instance.servers.restart('nats', { signal: 'SIGKILL', wipe: true });
  await expect.poll(queued, soon).toBeGreaterThan(0);
  const [after] = await orc.rows('SELECT created FROM road');
  expect(after.created).not.toBe(before.created);

  const peers = await adapter();
  for (const { build_id } of builds) expect(await orc.ended(build_id)).toMatchObject({ status: 'COMPLETED' });
  const first = peers.commands.filter(({ command }) => command.stage === 'echo-1');
  // The road says a thing at least once: said twice it is still the same words.
  const said = first.map(({ item }) => {
    const { payload } = item.command;
    return `${JSON.parse(payload).build_id} ${digestOfBytes(utf8(payload))}`;
  });
  expect([...new Set(said)].sort()).toEqual(open.map(({ id, digest: of }) => `${id} ${of}`));
  expect(first.every(({ command }) => command.attempt === 1 && command.epoch === 1)).toBe(true);
  const traces = builds.map(({ build_id }, at) => [build_id, [traceOf(at + 1)]]);
  const of = ({ build_id }: BuildStarted) => peers.commands.filter(({ command }) => command.build_id === build_id);
  expect(
    builds.map((build) => [build.build_id, [...new Set(of(build).map(({ item }) => item.traceparent))]]),
    'what is said again, and what follows from it, is in the trace of its build',
  ).toEqual(traces);
  await peers.stop();
}, 60_000);

test('a process that starts on a new stream says again what was open, also beside a build that cannot be read', async () => {
  const { build_id } = await orc.started();
  const { build_id: broken } = await orc.started();
  await expect.poll(queued, soon).toBeGreaterThan(0);
  const commanded = `SELECT 1 FROM build WHERE state -> 'open' ->> 'phase' = 'COMMANDED'`;
  await expect.poll(() => orc.rows(commanded), soon).toHaveLength(2);
  const [{ pipeline_ref }] = await orc.rows(`SELECT state ->> 'pipeline_ref' AS pipeline_ref FROM build`);
  const refer = 'UPDATE build SET state = jsonb_set(state, $1, to_jsonb($2::text)) WHERE id = $3';
  await orc.rows(refer, ['{pipeline_ref}', 'none', broken]);
  const road = () => orc.rows('SELECT created FROM road');
  const before = await road();
  const nc = await connect(natsOptions(orc.instance.urls.NATS_URL, 'eraser'));
  await (await jetstreamManager(nc)).streams.delete(commandStream.name);
  await nc.close();
  await orc.another();
  await expect.poll(queued, soon).toBe(1);
  expect(await road(), 'not all was said again').toEqual(before);
  await orc.rows(refer, ['{pipeline_ref}', pipeline_ref, broken]);
  await orc.another();
  await expect.poll(queued, soon).toBe(2);
  await orc.another();
  expect(await queued(), 'and once only').toBe(2);
  const peers = await adapter();
  for (const id of [build_id, broken]) expect(await orc.ended(id)).toMatchObject({ status: 'COMPLETED' });
  await peers.stop();
});

test('while nobody answers claims nothing is lost', async () => {
  await orc.peers.stop();
  const { build_id } = await orc.started();
  expect(await orc.status(build_id)).toMatchObject({ status: 'CREATED', waiting_for: "the gatekeeper's admission" });
  const peers = await adapter();
  expect(await orc.ended(build_id)).toMatchObject({ status: 'COMPLETED' });
  await peers.stop();
});
