import { connect } from '@nats-io/transport-node';
import { type BuildStatus, buildEventSchema, buildStatusSchema } from '@orgo/contracts';
import { canonical } from '@orgo/core';
import { evolve, initial, mostAsked } from '@orgo/orchestrator/domain';
import { natsOptions } from '@orgo/runtime/bus-address';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { echoStages, type Orchestrator, soon, startOrchestrator, tenant } from './orchestrator-instance.ts';

let orc: Orchestrator;
beforeEach(async () => {
  orc = await startOrchestrator();
});
afterEach(() => orc.stop());

/** Makes every alarm of a build due now. */
const hurry = (build: string): Promise<unknown> => orc.rows('UPDATE alarm SET due_at = now() WHERE id = $1', [build]);

test('a build goes through its spine by sealed decisions, is told to the public and leaves nothing waiting', async () => {
  const nc = await connect(natsOptions(orc.instance.urls.NATS_URL, 'listener'));
  const heard: { subject: string; id: string; data?: unknown }[] = [];
  nc.subscribe(`orgo.v1.${tenant}.evt.>`, {
    callback: (_, message) => {
      heard.push({ ...message.json<{ id: string }>(), subject: message.subject });
    },
  });
  await nc.flush();

  const { build_id, status } = await orc.started();
  // The ring may be further than its answer.
  expect(status).toMatch(/^(CREATED|RUNNING|COMPLETED)$/);
  const end = await orc.ended(build_id);
  expect(buildStatusSchema.parse(end)).toEqual(end);
  expect(end).toMatchObject({
    status: 'COMPLETED',
    reason_codes: [],
    waiting_for: null,
    validation: { status: 'NOT_RUN' },
  });
  expect(end.record_ref).toMatch(/^sha256:/);
  expect(end.stages.map(({ stage, status: of, attempt }) => [stage, of, attempt])).toEqual(
    echoStages.map((stage) => [stage, 'PASS', 1]),
  );
  expect(end.stages.map(({ log_index }) => log_index)).toEqual(echoStages.map((_, index) => index + 1));

  const [row] = await orc.rows('SELECT * FROM build');
  const events = await orc.rows('SELECT data FROM event WHERE id = $1 ORDER BY seq', [build_id]);
  const { pipeline: _pipeline, ...folded } = events.reduce(
    (state, { data }) => evolve(state, data),
    initial({ tenant_id: tenant, id: build_id }),
  );
  expect(canonical(row.state), 'folding the stored events gives the stored state').toBe(
    canonical(JSON.parse(JSON.stringify(folded))),
  );
  expect(await orc.rows('SELECT stage FROM evidence ORDER BY stage')).toHaveLength(8);
  expect(await orc.rows('SELECT * FROM alarm')).toEqual([]);
  await expect.poll(() => orc.rows('SELECT * FROM outbox'), soon).toEqual([]);
  expect(heard.map(({ subject }) => subject.split('.').at(-1))).toEqual(['created', 'running', 'closing', 'completed']);
  for (const { subject: _subject, ...event } of heard)
    expect(buildEventSchema.safeParse({ ...event, subject: build_id }).error).toBeUndefined();
  expect(heard.at(-1)).toMatchObject({
    specversion: '1.0',
    type: 'orgo.build.completed.v1',
    data: { build_id, status: 'COMPLETED', record_ref: end.record_ref },
  });
  expect(new Set(heard.map(({ id }) => id)).size).toBe(4);
  await nc.close();
});

test('every command carries the sealed decision it rests on, and no stage is commanded twice without a fence', async () => {
  const { build_id } = await orc.started();
  await orc.ended(build_id);
  expect(orc.peers.commands.map(({ command }) => command.stage)).toEqual(echoStages);
  for (const { command, item } of orc.peers.commands) {
    const authorization = JSON.parse(item.authorization?.payload ?? '{}');
    expect(authorization).toMatchObject({ build_id, stage: command.stage, inputs: command.inputs });
    expect(JSON.parse(item.decision?.payload ?? '{}').authorizations).toEqual([command.authorization_digest]);
    expect(item.seal?.index).toBe(echoStages.indexOf(command.stage));
  }
  expect(orc.peers.claims.map(({ claim }) => claim)).toEqual(['ADMIT', 'CLOSE']);
});

describe('an attempt', () => {
  test('without an answer is fenced when its lease is over, and issued again under the same authorization and key', async () => {
    orc.peers.answering = ({ attempt }) => (attempt === 1 ? null : 'ok');
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const { build_id } = await orc.started(undefined, { traceparent });
    await orc.until(build_id, ({ stages }) => stages[0]?.status === 'RUNNING');
    for (const attempt of [1, 2]) {
      await expect
        .poll(() => orc.peers.commands.filter(({ command }) => command.stage === 'echo-1').length, soon)
        .toBe(attempt);
      // An open command without a lease alarm would wait for ever.
      const open = await orc.rows(
        `SELECT b.id FROM build b WHERE b.state -> 'open' ->> 'phase' = 'COMMANDED' AND NOT EXISTS (SELECT FROM alarm a WHERE a.id = b.id AND a.kind = 'lease')`,
      );
      expect(open).toEqual([]);
      if (attempt === 1) await hurry(build_id);
    }
    const [first, second] = orc.peers.commands.map(({ command }) => command);
    expect(second).toMatchObject({
      attempt: 2,
      epoch: 2,
      idem_key: first?.idem_key,
      authorization_digest: first?.authorization_digest,
    });
    expect(orc.peers.claims[1]).toMatchObject({ claim: 'FENCE', epoch: 2, reason_codes: ['STAGE_TIMEOUT'] });
    const traces = orc.peers.commands.slice(0, 2).map(({ item }) => item.traceparent);
    expect(traces, 'the alarm goes on in the trace').toEqual([traceparent, traceparent]);
  });

  test('that fails for good leaves the build to a person, whose resume goes on behind a new fence', async () => {
    orc.peers.answering = ({ attempt }) => (attempt <= 3 ? 'error' : 'ok');
    const { build_id } = await orc.started();
    const blocked = await orc.until(build_id, ({ status }) => status === 'BLOCKED');
    expect(blocked).toMatchObject({
      reason_codes: ['STAGE_ATTEMPTS_EXHAUSTED'],
      stages: [{ status: 'ERROR', attempt: 3 }],
    });
    await expect
      .poll(async () => (await orc.call('GET', '/cases')).body.items, soon)
      .toMatchObject([{ build_id, type: 'build-blocked', reason_codes: ['STAGE_ATTEMPTS_EXHAUSTED'] }]);
    const resumed = await orc.call('POST', `/builds/${build_id}/resume`, { actor: 'alice', reason: 'disk replaced' });
    expect(resumed).toMatchObject({ status: 202, body: { status: 'RUNNING' } });
    orc.peers.answering = () => 'ok';
    const end = await orc.ended(build_id);
    expect(end).toMatchObject({
      status: 'COMPLETED',
      stages: [{ stage: 'echo-1', attempt: 4 }, ...Array(7).fill({ attempt: 1 })],
    });
    expect(end.cases).toHaveLength(1);
  });
});

describe('a person', () => {
  test('pauses: the running stage ends, the next waits for the resume', async () => {
    orc.peers.answering = () => null;
    const { build_id } = await orc.started();
    await expect.poll(() => orc.peers.commands.length, soon).toBe(1);
    const tooEarly = () =>
      orc.call('POST', `/builds/${build_id}/resume`, { actor: 'alice', reason: 'early' }, { 'idempotency-key': 'k' });
    const refused = { status: 409, body: { code: 'BUILD_TRANSITION_ILLEGAL' } };
    expect(await tooEarly()).toMatchObject(refused);
    expect(await orc.call('POST', `/builds/${build_id}/pause`, { actor: 'alice', reason: 'night' })).toMatchObject({
      status: 202,
      body: { status: 'PAUSED' },
    });
    const [{ command }] = orc.peers.commands as [(typeof orc.peers.commands)[0]];
    for (const receipt of orc.peers.gateOf(build_id).reply(command, 'ok'))
      await orc.peers.send([await orc.peers.sealed(receipt)]);
    expect(await orc.status(build_id)).toMatchObject({
      status: 'PAUSED',
      waiting_for: 'a person to resume it: echo-2 is authorized',
    });
    expect(orc.peers.commands).toHaveLength(1);
    // It could be done by now, and is not: who was told no is told no again.
    expect(await tooEarly()).toMatchObject(refused);
    expect(await orc.status(build_id)).toMatchObject({ status: 'PAUSED' });
    expect(
      await orc.rows(`SELECT data ->> 'actor' AS actor, data ->> 'code' AS code FROM event WHERE type = 'ActRefused'`),
    ).toEqual([{ actor: 'alice', code: 'BUILD_TRANSITION_ILLEGAL' }]);
    orc.peers.answering = () => 'ok';
    await orc.call('POST', `/builds/${build_id}/resume`, { actor: 'alice', reason: 'morning' });
    expect(await orc.ended(build_id)).toMatchObject({ status: 'COMPLETED' });
  });

  test('cancels: the gate is shut, the record is asked for, nothing is commanded any more', async () => {
    orc.peers.answering = ({ stage }) => (stage === 'echo-3' ? null : 'ok');
    const { build_id } = await orc.started();
    await orc.until(build_id, ({ stages }) => stages.at(-1)?.stage === 'echo-3');
    const key = { 'idempotency-key': 'once' };
    const cancelled = await orc.call(
      'POST',
      `/builds/${build_id}/cancel`,
      { actor: 'alice', reason: 'wrong input' },
      key,
    );
    // What follows may have been faster than the look at the build that answers.
    const status = expect.stringMatching(/^(CLOSING|CANCELLED)$/);
    expect(cancelled).toMatchObject({ status: 202, body: { status, reason_codes: ['BUILD_CANCELLED'] } });
    expect(await orc.ended(build_id)).toMatchObject({
      status: 'CANCELLED',
      stages: [{ stage: 'echo-1' }, { stage: 'echo-2' }],
    });
    expect(orc.peers.claims.map(({ claim, actor }) => [claim, actor])).toEqual([
      ['ADMIT', 'alice'],
      ['CANCEL', 'alice'],
      ['CLOSE', 'alice'],
    ]);
    expect(
      (await orc.call('POST', `/builds/${build_id}/cancel`, { actor: 'alice', reason: 'wrong input' }, key)).status,
      'the same act again',
    ).toBe(202);
    expect(await orc.call('POST', `/builds/${build_id}/cancel`, { actor: 'alice', reason: 'again' })).toMatchObject({
      status: 409,
      body: { code: 'BUILD_TRANSITION_ILLEGAL' },
    });
    expect(await orc.rows('SELECT * FROM alarm')).toEqual([]);
  });

  test('gets the same answer for what is absent and what is another’s', async () => {
    const absent = 'bld_0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b';
    for (const [method, path, body] of [
      ['GET', ''],
      ['GET', '/events'],
      ['POST', '/cancel', { actor: 'a', reason: '' }],
    ] as const) {
      expect(await orc.call(method, `/builds/${absent}${path}`, body)).toMatchObject({
        status: 404,
        body: { code: 'BUILD_NOT_FOUND' },
      });
    }
    expect(await orc.call('GET', '/builds/bld_1')).toMatchObject({ status: 404, body: { code: 'BUILD_NOT_FOUND' } });
    expect(await orc.call('GET', `/artifacts/sha256:${'0'.repeat(64)}`)).toMatchObject({
      status: 404,
      body: { code: 'ARTIFACT_NOT_FOUND' },
    });
  });

  test('pages through builds, newest first', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) ids.push((await orc.started()).build_id);
    const first = (await orc.call('GET', '/builds?limit=3')).body;
    const second = (await orc.call('GET', `/builds?limit=3&cursor=${first.next_cursor}`)).body;
    expect([...first.items, ...second.items].map(({ build_id }) => build_id)).toEqual(ids.toReversed());
    expect(second.next_cursor).toBeNull();
    expect(await orc.call('GET', '/builds?cursor=nonsense')).toMatchObject({
      status: 400,
      body: { code: 'REQUEST_INVALID' },
    });
  });
});

test('a watcher goes on from the version it saw last', async () => {
  const { build_id } = await orc.started();
  const end = await orc.ended(build_id);
  const seen: BuildStatus[] = [];
  await orc.until(build_id, (status) => {
    seen.push(status);
    return status.version >= end.version;
  });
  const versions = seen.map(({ version }) => version);
  expect(versions).toEqual([...versions].sort((a, b) => a - b));
});

describe('a claim that the gatekeeper turns away at its door', () => {
  test('is asked again when its deadline is over, the same words, and the build goes on', async () => {
    orc.peers.atDoor = ({ claim }) => orc.peers.turnedAway.some((one) => one.claim === claim);
    const { build_id } = await orc.started();
    for (const claim of ['ADMIT', 'CLOSE']) {
      await expect.poll(() => orc.peers.turnedAway.map((one) => one.claim), soon).toContain(claim);
      await expect.poll(() => orc.rows("SELECT kind FROM alarm WHERE kind = 'claim'"), soon).toHaveLength(1);
      await hurry(build_id);
    }
    const end = await orc.ended(build_id);
    expect(end).toMatchObject({ status: 'COMPLETED', reason_codes: [] });
    expect(orc.peers.claims).toEqual(orc.peers.turnedAway);
    expect(await orc.rows('SELECT * FROM alarm')).toEqual([]);
  });

  test('again and again leaves the build to a person, who is told and asks once more', async () => {
    orc.peers.atDoor = () => false;
    const { build_id } = await orc.started();
    await expect.poll(() => orc.peers.turnedAway.length, soon).toBe(1);
    await orc.rows("UPDATE alarm SET due_at = now(), data = jsonb_set(data, '{asked}', $2) WHERE id = $1", [
      build_id,
      `${mostAsked}`,
    ]);
    const blocked = await orc.until(build_id, ({ status }) => status === 'BLOCKED');
    expect(blocked).toMatchObject({
      reason_codes: ['CLAIM_UNANSWERED'],
      stages: [],
      waiting_for: expect.stringContaining('the gatekeeper does not answer'),
    });
    await expect
      .poll(async () => (await orc.call('GET', '/cases')).body.items, soon)
      .toMatchObject([{ build_id, type: 'build-blocked', reason_codes: ['CLAIM_UNANSWERED'] }]);
    orc.peers.atDoor = () => true;
    const resumed = await orc.call('POST', `/builds/${build_id}/resume`, { actor: 'alice', reason: 'key enrolled' });
    const going = expect.stringMatching(/^(CREATED|RUNNING|COMPLETED)$/);
    expect(resumed).toMatchObject({ status: 202, body: { status: going } });
    expect(await orc.ended(build_id)).toMatchObject({ status: 'COMPLETED' });
  });
});
