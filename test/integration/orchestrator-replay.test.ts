import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Orchestrator, soon, startOrchestrator } from './orchestrator-instance.ts';

let orc: Orchestrator;
beforeEach(async () => {
  orc = await startOrchestrator({ settings: { ORGO_MAX_ACTIVE_BUILDS: '60' } });
});
afterEach(() => orc.stop());

/** Rows in every table of the orchestrator. */
async function counts(): Promise<Record<string, number>> {
  const tables = await orc.rows<{ tablename: string }>(
    "SELECT tablename FROM pg_tables WHERE schemaname = 'orchestrator' ORDER BY 1",
  );
  const counted = await Promise.all(
    tables.map(async ({ tablename }) => [
      tablename,
      (await orc.rows(`SELECT count(*)::int AS n FROM "${tablename}"`))[0].n,
    ]),
  );
  return Object.fromEntries(counted);
}

test('an identical request that is finished is answered by its build and writes nothing', async () => {
  const first = await orc.started('same');
  const end = await orc.ended(first.build_id);
  await expect.poll(async () => (await counts()).outbox, soon).toBe(0);
  const before = await counts();
  const again = await orc.start({ text: 'same' });
  expect(again).toMatchObject({
    status: 202,
    body: { build_id: first.build_id, replayed_from: first.build_id, status: end.status },
  });
  expect(await counts()).toEqual(before);
});

test('a live build of the same subject stops another one, which is told its name', async () => {
  orc.peers.answering = () => null;
  const { build_id } = await orc.started('same');
  const second = await orc.start({ text: 'same' });
  expect(second).toMatchObject({
    status: 409,
    body: { code: 'STOP_REPLAY_CONFLICT', detail: expect.stringContaining(build_id) },
  });
  expect(await orc.rows('SELECT id FROM build')).toEqual([{ id: build_id }]);
});

test('a build that was cancelled or failed may be tried anew', async () => {
  orc.peers.answering = () => 'failed';
  const { build_id } = await orc.started('same');
  expect(await orc.ended(build_id)).toMatchObject({ status: 'FAILED', reason_codes: ['COMPILE_FAILED'] });
  orc.peers.answering = () => 'ok';
  const second = await orc.started('same');
  expect(second.build_id).not.toBe(build_id);
  expect(await orc.ended(second.build_id)).toMatchObject({ status: 'COMPLETED' });
});

test('fifty starts at once on two processes give one build, and every other caller its name', async () => {
  const other = await orc.another({ ORGO_MAX_ACTIVE_BUILDS: '60' });
  orc.peers.answering = () => null;
  // Who wins, and by how much, differs from round to round.
  for (const text of ['one', 'two', 'three', 'four']) {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => orc.start({ text, ...(n % 2 === 0 ? {} : { http: other.http }) })),
    );
    const [started, ...more] = answers.filter(({ status }) => status === 202);
    expect(more).toEqual([]);
    const refused = answers.filter(({ status }) => status === 409);
    expect(refused).toHaveLength(49);
    for (const { body } of refused)
      expect(body).toMatchObject({
        code: 'STOP_REPLAY_CONFLICT',
        detail: expect.stringContaining(started?.body.build_id),
      });
    expect(await orc.rows('SELECT id FROM build ORDER BY id DESC LIMIT 1')).toEqual([{ id: started?.body.build_id }]);
  }
  expect(await orc.rows('SELECT count(*)::int AS n FROM build')).toEqual([{ n: 4 }]);
  expect(orc.peers.claims.filter(({ claim }) => claim === 'ADMIT').length).toBeLessThanOrEqual(4);
});

describe('the unique keys of the database', () => {
  const copy = (id: string, change: string): Promise<unknown> =>
    orc.rows(
      `INSERT INTO build (tenant_id, id, version, phase, state) SELECT tenant_id, 'bld_copy', version, phase, ${change} FROM build WHERE id = $1`,
      [id],
    );

  test('hold one live build per subject', async () => {
    orc.peers.answering = () => null;
    const { build_id } = await orc.started();
    await expect(copy(build_id, `jsonb_set(state, '{run_key}', '"other"')`)).rejects.toMatchObject({
      constraint: 'build_live_subject_key',
    });
  });

  test('hold one build per run, but let a rerun be', async () => {
    const { build_id } = await orc.started();
    await orc.ended(build_id);
    await expect(copy(build_id, 'state')).rejects.toMatchObject({ constraint: 'build_run_key' });
    await copy(build_id, `jsonb_set(state, '{rerun_of}', to_jsonb(id))`);
  });

  test('hold one authorization and one key per stage', async () => {
    const { build_id } = await orc.started();
    await orc.ended(build_id);
    const again = (stage: string): Promise<unknown> =>
      orc.rows(
        `INSERT INTO evidence SELECT tenant_id, build_id, ${stage}, idem_key, items FROM evidence WHERE stage = 'echo-1'`,
      );
    await expect(again('stage')).rejects.toMatchObject({ constraint: 'evidence_pkey' });
    await expect(again(`'echo-9'`)).rejects.toMatchObject({ constraint: 'evidence_idem_key' });
  });
});

describe('an idempotency key', () => {
  const headers = { 'idempotency-key': 'of the caller' };

  test('gives a repeated request its first answer, whatever became of the build', async () => {
    const first = await orc.start({ text: 'one', headers });
    expect((await orc.start({ text: 'one', headers })).body.build_id).toBe(first.body.build_id);
    await orc.ended(first.body.build_id);
    expect(await orc.start({ text: 'one', headers })).toMatchObject({
      status: 202,
      body: { build_id: first.body.build_id, replayed_from: null },
    });
  });

  test('is refused for another request', async () => {
    await orc.start({ text: 'one', headers });
    expect(await orc.start({ text: 'two', headers })).toMatchObject({
      status: 422,
      body: { code: 'IDEMPOTENCY_KEY_REUSED' },
    });
  });

  test('holds between calls that come together', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => orc.start({ text: 'one', headers })));
    expect(new Set(answers.map(({ body }) => body.build_id)).size).toBe(1);
    expect(await orc.rows('SELECT id FROM build')).toHaveLength(1);
  });
});

describe('a rerun', () => {
  test('is a build of its own that is compared with its original', async () => {
    const first = await orc.started('same');
    await orc.ended(first.build_id);
    const rerun = (await orc.start({ text: 'same', rerun_of: first.build_id })).body;
    expect(rerun).toMatchObject({
      status: expect.stringMatching(/^(CREATED|RUNNING|COMPLETED)$/),
      replayed_from: null,
    });
    expect(await orc.ended(rerun.build_id)).toMatchObject({ status: 'COMPLETED', cases: [] });
    const [{ state }] = await orc.rows('SELECT state FROM build WHERE id = $1', [rerun.build_id]);
    expect(state).toMatchObject({ rerun_of: first.build_id, differences: [] });
    const [a, b] = await orc.rows('SELECT idem_key FROM evidence WHERE stage = $1', ['echo-8']);
    expect(a, 'the same chain of keys').toEqual(b);
  });

  test('that differs opens a Case', async () => {
    const first = await orc.started('same');
    await orc.ended(first.build_id);
    orc.peers.outputSalt = 'nondeterministic';
    const rerun = (await orc.start({ text: 'same', rerun_of: first.build_id })).body;
    await orc.ended(rerun.build_id);
    await expect
      .poll(async () => (await orc.call('GET', '/cases')).body.items, soon)
      .toMatchObject([
        { type: 'rerun-diverged', severity: 'CRITICAL', reason_codes: ['RERUN_DIVERGED'], build_id: rerun.build_id },
      ]);
  });

  test('is refused of what did not end by its content, and of other inputs', async () => {
    const first = await orc.started('same');
    await orc.ended(first.build_id);
    expect(await orc.start({ text: 'other', rerun_of: first.build_id })).toMatchObject({
      status: 400,
      body: { code: 'REQUEST_INVALID' },
    });
    expect(await orc.start({ text: 'same', rerun_of: 'bld_0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b' })).toMatchObject({
      status: 404,
      body: { code: 'BUILD_NOT_FOUND' },
    });
    orc.peers.answering = () => null;
    const live = await orc.started('live');
    expect(await orc.start({ text: 'live', rerun_of: live.build_id })).toMatchObject({
      status: 409,
      body: { code: 'BUILD_TRANSITION_ILLEGAL' },
    });
  });
});

test('a tenant has no more active builds than its quota', async () => {
  const small = await orc.another({ ORGO_MAX_ACTIVE_BUILDS: '2' });
  orc.peers.answering = () => null;
  const answers = await Promise.all(['a', 'b', 'c', 'd'].map((text) => orc.start({ text, http: small.http })));
  expect(answers.map(({ status }) => status).sort()).toEqual([202, 202, 409, 409]);
  expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({ code: 'QUOTA_EXCEEDED' });
});

test('a request that cannot be a build is refused before anything is written', async () => {
  const input = await orc.request('x');
  const trigger = { type: 'manual', actor: 'alice', reason: '' };
  const start = (change: object) =>
    orc.call('POST', '/builds', { pipeline: 'echo', inputs: [input], trigger, rerun_of: null, ...change });
  const refused = async (change: object, status: number, code: string) =>
    expect(await start(change)).toMatchObject({ status, body: { code } });
  await refused({ pipeline: 'unknown' }, 400, 'REQUEST_INVALID');
  await refused({ pipeline: 'kristal' }, 409, 'MANDATE_MISSING');
  await refused({ inputs: [input, input] }, 400, 'REQUEST_INVALID');
  await refused({ inputs: [{ ...input, kind: 'mandate' }] }, 400, 'REQUEST_INVALID');
  await refused({ inputs: [{ ...input, ref: `sha256:${'0'.repeat(64)}` }] }, 404, 'ARTIFACT_NOT_FOUND');
  await refused({ inputs: [{ ...input, size: 1 }] }, 400, 'REQUEST_INVALID');
  await refused({ as_of: '2026-11-20T10:00:00.000Z' }, 400, 'REQUEST_INVALID');
  const elsewhere = await fetch(`${orc.url}/v1/tenants/nobody/builds`, { headers: orc.authorized });
  expect([elsewhere.status, await elsewhere.json()]).toMatchObject([404, { code: 'TENANT_NOT_FOUND' }]);
  expect((await counts()).build).toBe(0);
});
