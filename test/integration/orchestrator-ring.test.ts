import { once } from 'node:events';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { commandStream } from '@orgo/contracts';
import { canonicalBytes } from '@orgo/core';
import { natsOptions } from '@orgo/runtime/bus-address';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { echoStages, soon } from './orchestrator-instance.ts';
import { echo, type Ring, startRing } from './orchestrator-ring.ts';

let ring: Ring;
beforeEach(async () => {
  ring = await startRing();
});
afterEach(() => ring.stop());

const act = (build: string, what: string) =>
  ring.call('POST', `/builds/${build}/${what}`, { actor: 'alice', reason: 'a test' });
/** What an answer may say of a build that goes on, or ends: the ring may be further than it. */
const going = expect.stringMatching(/^(RUNNING|COMPLETED)$/);
const ending = expect.stringMatching(/^(CLOSING|CANCELLED)$/);
const hurry = (build: string): Promise<unknown> => ring.rows('UPDATE alarm SET due_at = now() WHERE id = $1', [build]);
/** What the log says about a build, in order. */
const sealed = async (
  build: string,
): Promise<{ kind: string; verdict: string; stage: string | null; epoch: number; reason_codes: string[] }[]> => {
  const rows = await ring.rows<{ entry: string }>(
    `SELECT convert_from(leaf, 'UTF8') AS entry FROM audit.log_leaf ORDER BY idx`,
  );
  return rows.map(({ entry }) => JSON.parse(entry)).filter(({ build_id }) => build_id === build);
};

/** How many commands lie in the queue, also those that are taken and not acknowledged. */
async function queued(): Promise<number> {
  const nc = await connect(natsOptions(ring.instance.urls.NATS_URL, 'counter'));
  const { state } = await (await jetstreamManager(nc)).streams.info(commandStream.name);
  await nc.close();
  return state.messages;
}

test('a build goes round the ring to its sealed record', async () => {
  const { build_id } = await ring.started();
  const end = await ring.ended(build_id);
  expect(end).toMatchObject({ status: 'COMPLETED', reason_codes: [] });
  expect(end.stages.map(({ stage, status }) => [stage, status])).toEqual(echoStages.map((stage) => [stage, 'PASS']));
  const record = JSON.parse(
    new TextDecoder().decode(await ring.platform.artifacts.get('acme', end.record_ref as never)),
  );
  expect(record).toMatchObject({ build_id, outcome: 'COMPLETED', as_of: end.as_of, trigger: { actor: 'alice' } });
  expect(record.stages.map(({ idem_key }: { idem_key: string }) => idem_key)).toEqual(
    (await ring.rows('SELECT idem_key FROM evidence ORDER BY stage')).map(({ idem_key }) => idem_key),
  );
});

test('an attempt that is silent is fenced; what it says after that moves nothing', async () => {
  const [silent, noted] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let calls = 0;
  ring.run = async (context) => {
    if (calls++ === 0) await silent.promise;
    if ((context.config as { step: number }).step === 2) await noted.promise;
    return echo(context);
  };
  const { build_id } = await ring.started();
  await expect.poll(() => calls, soon).toBe(1);
  await hurry(build_id);
  await ring.until(build_id, ({ stages }) => stages.length > 1);
  silent.resolve();
  const said = async () =>
    (await sealed(build_id))
      .filter(({ stage }) => stage === 'echo-1')
      .map(({ kind, verdict, epoch, reason_codes }) => [kind, verdict, epoch, ...reason_codes]);
  await expect.poll(said, soon).toEqual([
    ['FENCE', 'FENCED', 2, 'STAGE_TIMEOUT'],
    ['STAGE', 'PASS', 2],
    ['REFUSAL', 'NOTED', 1, 'REPLY_STALE_ATTEMPT'],
  ]);
  noted.resolve();
  const end = await ring.ended(build_id);
  expect(end.status).toBe('COMPLETED');
  expect(end.stages.map(({ attempt }) => attempt)).toEqual([2, 1, 1, 1, 1, 1, 1, 1]);
});

test('an adapter whose clock is hours ahead refuses what is in its lease, and one hours behind works on past its end: neither moves anything', async () => {
  const late = Promise.withResolvers<void>();
  let calls = 0;
  ring.run = async (context) => {
    if (calls++ === 0) await late.promise;
    return echo(context);
  };
  const said = async () =>
    (await sealed(build_id))
      .filter(({ stage }) => stage === 'echo-1')
      .map(({ kind, verdict, epoch, reason_codes }) => [kind, verdict, epoch, ...reason_codes]);
  ring.hoursAhead = 2;
  const { build_id } = await ring.started();
  const refused = ['REFUSAL', 'NOTED', 1, 'COMMAND_LEASE_EXPIRED'];
  await expect.poll(said, soon).toEqual([refused]);
  expect(calls).toBe(0);
  const read = async () => (await ring.call('GET', `/builds/${build_id}`)).body;
  expect(await read()).toMatchObject({ status: 'RUNNING', stages: [{ status: 'RUNNING', attempt: 1 }] });

  // The clock of the database ends the attempts.
  ring.hoursAhead = -2;
  await hurry(build_id);
  await expect.poll(() => calls, soon).toBe(1);
  await hurry(build_id);
  await ring.until(build_id, ({ stages }) => stages.length > 1);
  late.resolve();
  await expect
    .poll(said, soon)
    .toEqual([
      refused,
      ['FENCE', 'FENCED', 2, 'STAGE_TIMEOUT'],
      ['FENCE', 'FENCED', 3, 'STAGE_TIMEOUT'],
      ['STAGE', 'PASS', 3],
      ['REFUSAL', 'NOTED', 2, 'REPLY_STALE_ATTEMPT'],
    ]);
  const end = await ring.ended(build_id);
  expect([end.status, end.stages[0]?.attempt]).toEqual(['COMPLETED', 3]);
});

describe('attempts that are used up', () => {
  test('block the build, and a person’s resume goes on with the same stage', async () => {
    let broken = true;
    ring.run = async (context) => {
      if (broken) throw new Error('the disk is full');
      return echo(context);
    };
    const { build_id } = await ring.started();
    const blocked = await ring.until(build_id, ({ status }) => status === 'BLOCKED');
    expect(blocked).toMatchObject({
      reason_codes: ['STAGE_ATTEMPTS_EXHAUSTED', 'STAGE_INTERNAL_ERROR'],
      stages: [{ stage: 'echo-1', status: 'ERROR', attempt: 3 }],
    });
    broken = false;
    expect(await act(build_id, 'resume')).toMatchObject({ status: 202, body: { status: going } });
    const end = await ring.ended(build_id);
    expect([end.status, end.stages[0]?.attempt]).toEqual(['COMPLETED', 4]);
    const passes = (await sealed(build_id)).filter(({ stage, verdict }) => stage === 'echo-1' && verdict === 'PASS');
    expect(passes, 'one authoritative result').toHaveLength(1);
  });

  test('block the build, and a person’s cancellation ends it with a record', async () => {
    ring.run = () => Promise.reject(new Error('for ever'));
    const { build_id } = await ring.started();
    await ring.until(build_id, ({ status }) => status === 'BLOCKED');
    expect(await act(build_id, 'cancel')).toMatchObject({ status: 202, body: { status: ending } });
    expect(await ring.ended(build_id)).toMatchObject({
      status: 'CANCELLED',
      record_ref: expect.stringMatching(/^sha256:/),
    });
  });
});

test('a stage that fails by its content ends the build with its code, a record and a Case', async () => {
  ring.run = async (context) =>
    (context.config as { step: number }).step === 3
      ? { ok: false, code: 'COMPILE_FAILED', detail: 'no' }
      : echo(context);
  const { build_id } = await ring.started();
  const end = await ring.ended(build_id);
  expect(end).toMatchObject({
    status: 'FAILED',
    reason_codes: ['COMPILE_FAILED'],
    stages: [{}, {}, { stage: 'echo-3', status: 'FAIL' }],
  });
  await expect.poll(async () => (await ring.status(build_id)).cases, soon).toHaveLength(1);
});

test('a cancellation while a stage works stops it before its lease ends, and nothing of it is taken', async () => {
  const begun = Promise.withResolvers<AbortSignal>();
  ring.run = async (context) => {
    if ((context.config as { step: number }).step !== 2) return echo(context);
    await context.put({ kind: 'echo-text', media_type: 'application/json', bytes: canonicalBytes('half') });
    begun.resolve(context.signal);
    return new Promise(() => undefined);
  };
  const { build_id } = await ring.started();
  const signal = await begun.promise;
  const stopped = signal.aborted ? Promise.resolve() : once(signal, 'abort');
  await act(build_id, 'cancel');
  await stopped;
  expect(signal.reason, 'not the end of its lease').toMatchObject({ code: 'BUILD_CANCELLED' });
  expect(await ring.ended(build_id)).toMatchObject({ status: 'CANCELLED', stages: [{ stage: 'echo-1' }] });
  // Its command has left the queue without a reply.
  await expect.poll(queued, soon).toBe(0);
  expect((await sealed(build_id)).map(({ kind }) => kind)).toEqual(['ADMISSION', 'STAGE', 'CANCEL', 'RECORD']);
});

test('a cancellation that the adapter does not hear of shuts the gate all the same: its late result is refused on record', async () => {
  ring.deaf = true;
  const late = Promise.withResolvers<void>();
  ring.run = async (context) => {
    if ((context.config as { step: number }).step === 2) await late.promise;
    return echo(context);
  };
  const { build_id } = await ring.started();
  await ring.until(build_id, ({ stages }) => stages.at(-1)?.stage === 'echo-2');
  await act(build_id, 'cancel');
  const end = await ring.ended(build_id);
  expect(end).toMatchObject({ status: 'CANCELLED', stages: [{ stage: 'echo-1', status: 'PASS' }] });
  late.resolve();
  const kinds = ['ADMISSION', 'STAGE', 'CANCEL', 'RECORD', 'REFUSAL'];
  await expect.poll(async () => (await sealed(build_id)).map(({ kind }) => kind), soon).toEqual(kinds);
  expect((await sealed(build_id)).at(-1)).toMatchObject({ stage: 'echo-2', reason_codes: ['GATE_SUBJECT_CLOSED'] });
});

test('a cancellation right after the start ends the build with a record', async () => {
  const { build_id } = await ring.started();
  expect(await act(build_id, 'cancel')).toMatchObject({ status: 202, body: { status: ending } });
  expect(await ring.ended(build_id)).toMatchObject({
    status: 'CANCELLED',
    record_ref: expect.stringMatching(/^sha256:/),
  });
});

test('a cancellation that crosses a failure on its way has the last word; both are on record', async () => {
  const failing = Promise.withResolvers<void>();
  ring.run = async () => {
    await failing.promise;
    return { ok: false, code: 'COMPILE_FAILED', detail: 'no' };
  };
  const { build_id } = await ring.started();
  await ring.until(build_id, ({ stages }) => stages.length === 1);
  await ring.down('audit');
  failing.resolve();
  const decided = `SELECT state -> 'stopped' AS stopped FROM gatekeeper.gate WHERE id = $1`;
  await expect.poll(async () => (await ring.rows(decided, [build_id]))[0]?.stopped, soon).not.toBeNull();
  await act(build_id, 'cancel');
  await ring.up('audit');
  expect(await ring.ended(build_id)).toMatchObject({
    status: 'CANCELLED',
    stages: [{ stage: 'echo-1', status: 'FAIL' }],
  });
  expect((await sealed(build_id)).map(({ kind, verdict }) => `${kind} ${verdict}`)).toEqual([
    'ADMISSION PASS',
    'STAGE FAIL',
    'CANCEL PASS',
    'RECORD PASS',
  ]);
});

test('a pause lets the running stage end and holds the next', async () => {
  const working = Promise.withResolvers<void>();
  ring.run = async (context) => {
    if ((context.config as { step: number }).step === 2) await working.promise;
    return echo(context);
  };
  const { build_id } = await ring.started();
  await ring.until(build_id, ({ stages }) => stages.at(-1)?.stage === 'echo-2');
  await act(build_id, 'pause');
  working.resolve();
  await ring.until(build_id, ({ waiting_for }) => waiting_for === 'a person to resume it: echo-3 is authorized');
  await act(build_id, 'resume');
  expect(await ring.ended(build_id)).toMatchObject({ status: 'COMPLETED' });
});

test.each(['gatekeeper', 'audit'] as const)(
  'with the %s stopped nothing advances; back again the build ends as usual',
  async (name) => {
    let calls = 0;
    const held = Promise.withResolvers<void>();
    ring.run = async (context) => {
      calls++;
      if (calls === 3) await held.promise;
      return echo(context);
    };
    const { build_id } = await ring.started();
    await expect.poll(() => calls, soon).toBe(3);
    await ring.down(name);
    held.resolve();
    const [before] = await ring.rows('SELECT version FROM build');
    // Long enough for several tries of everybody who waits.
    await new Promise((resume) => setTimeout(resume, 1500));
    expect((await ring.rows('SELECT version FROM build'))[0]).toEqual(before);
    await ring.up(name);
    expect(await ring.ended(build_id)).toMatchObject({ status: 'COMPLETED' });
    expect(
      new Set(
        (await sealed(build_id))
          .filter(({ verdict }) => verdict === 'PASS')
          .map(({ kind, stage }) => `${kind} ${stage}`),
      ).size,
    ).toBe(10);
  },
);

test('a rerun gives the same', async () => {
  const first = await ring.started('same');
  await ring.ended(first.build_id);
  const rerun = (await ring.start({ text: 'same', rerun_of: first.build_id })).body;
  expect(await ring.ended(rerun.build_id)).toMatchObject({ status: 'COMPLETED', cases: [] });
  const [{ state }] = await ring.rows('SELECT state FROM build WHERE id = $1', [rerun.build_id]);
  expect(state).toMatchObject({ rerun_of: first.build_id, differences: [] });
});
