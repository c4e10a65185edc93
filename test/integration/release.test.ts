import fs from 'node:fs';
import { nodeSchema, releaseStatusSchema, releaseTargetSchema } from '@orgo/contracts';
import { canonical } from '@orgo/core';
import { evolve, initial } from '@orgo/release/domain';
import { newId } from '@orgo/runtime/ids';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeNode, type Release, startRelease, tenant, told } from './release-instance.ts';

let rel: Release;
beforeEach(async () => {
  rel = await startRelease();
});
afterEach(() => rel.stop());

const released = async (node = makeNode('n1')) => {
  await rel.join(node);
  const { build_id, pack } = await rel.build();
  const { body } = await rel.create(build_id);
  await rel.opened(body.release_id);
  return { node, build_id, pack, id: body.release_id as string };
};

describe('a release', () => {
  test('goes from a sealed record to RELEASED by sealed decisions, and leaves nothing waiting', async () => {
    const node = makeNode('n1');
    expect((await rel.join(node)).status).toBe(201);
    const { build_id, pack, evidence } = await rel.build();
    const begun = await rel.create(build_id);
    // How far it is by the time it answers is not said: it does not wait.
    expect(begun.status).toBe(202);
    const id = begun.body.release_id;
    const releasing = await rel.until(id, 'RELEASING');
    expect(releaseStatusSchema.parse(releasing)).toEqual(releasing);
    expect(releasing).toMatchObject({
      build_id,
      channel: 'stable',
      release_seq: 1,
      kristal_id: pack.kristal_id,
      pack_id: pack.pack_id,
      generation: 1,
      steps: [{ name: 'all' }],
    });
    expect((await rel.opened(id)).waiting_for).toContain('0 of 1 nodes that all needs');
    const asked = rel.peers.claims.find(({ claim }) => claim.claim === 'RELEASE');
    expect(asked?.item.evidence).toEqual([evidence]);
    expect(asked?.claim).toMatchObject({
      build_id: id,
      actor: 'ann',
      detail: { build_id, channel: 'stable', pack_id: pack.pack_id },
    });
    expect(asked?.claim.inputs).toHaveLength(3 + pack.files.length);

    expect((await rel.report(node, id)).status).toBe(202);
    const end = await rel.until(id, 'RELEASED');
    expect(end).toMatchObject({
      waiting_for: null,
      reason_codes: [],
      counts: { total: 1, CONFIRMED: 1 },
    });
    expect(end.events.map(({ type }) => type)).toEqual([
      'ReleaseCreated',
      'VerifyRequested',
      'ReleaseVerified',
      'ReleasePublished',
      'StepAuthorized',
      'StepOpened',
      'StepConfirmed',
      'StepPassed',
      'StepDone',
      'ReleaseCompleted',
    ]);
    const { body: ledger } = await rel.call('GET', `/releases/${id}/targets`);
    expect(ledger.items.map((target: unknown) => releaseTargetSchema.parse(target))).toMatchObject([
      { instance_id: 'n1', step: 0, late: false, state: 'CONFIRMED', active_pack_id: pack.pack_id, reason_code: null },
    ]);
    // Sealed one after the other: the pack, the cohort, the node's report, the end.
    expect(rel.peers.claims.map(({ claim }) => claim.claim).slice(1)).toEqual([
      'RELEASE',
      'RELEASE_STEP',
      'NODE_REPORT',
      'RELEASE_CLOSE',
    ]);
    const [row] = await rel.rows('SELECT * FROM release');
    const events = await rel.rows(`SELECT data FROM event WHERE machine = 'release' ORDER BY seq`);
    const folded = events.reduce((state, { data }) => evolve(state, data), initial({ tenant_id: tenant, id }));
    expect(canonical(row.state), 'folding the stored events gives the stored state').toBe(canonical(folded));
    await expect.poll(() => rel.rows('SELECT * FROM outbox')).toEqual([]);
    expect(await rel.rows("SELECT * FROM alarm WHERE machine <> 'channel_files'")).toEqual([]);
    expect((await rel.call('GET', '/nodes')).body.items.map((view: unknown) => nodeSchema.parse(view))).toMatchObject([
      { instance_id: 'n1', channel: 'stable', key_id: node.key_id, active_pack_id: pack.pack_id, health: 'HEALTHY' },
    ]);
  });

  test('without a node waits for the first, which may join later', async () => {
    const { build_id } = await rel.build();
    const { body } = await rel.create(build_id);
    expect((await rel.opened(body.release_id)).waiting_for).toBe('the first node of stable');
    const node = makeNode('late');
    await rel.join(node);
    await rel.report(node, body.release_id);
    await rel.until(body.release_id, 'RELEASED');
    const { body: ledger } = await rel.call('GET', `/releases/${body.release_id}/targets`);
    expect(ledger.items).toMatchObject([{ instance_id: 'late', late: true, state: 'CONFIRMED' }]);
  });

  test.each([
    ['of a build that the log has no record of', async () => newId('bld') as string],
    [
      'of a build that failed',
      async () => {
        const build_id = newId('bld');
        const { pack } = await rel.build();
        await rel.peers.sealRecord(build_id, rel.record(build_id, pack), { detail: { outcome: 'FAILED' } });
        return build_id;
      },
    ],
    [
      'of a build whose adapter contradicted itself',
      async () => {
        const build_id = newId('bld');
        const { pack } = await rel.build();
        await rel.peers.sealRecord(build_id, rel.record(build_id, pack), {
          detail: { outcome: 'COMPLETED', releasable: false },
        });
        return build_id;
      },
    ],
    [
      'by the record of another build',
      async () => {
        const build_id = newId('bld');
        rel.peers.answers.set(build_id, (await rel.build()).evidence);
        return build_id;
      },
    ],
  ])('%s fails with BUILD_NOT_ELIGIBLE and nobody is asked', async (_, build) => {
    const { body } = await rel.create(await build());
    expect(await rel.until(body.release_id, 'FAILED')).toMatchObject({ reason_codes: ['BUILD_NOT_ELIGIBLE'] });
    expect(rel.peers.claims).toEqual([]);
    expect(await rel.rows('SELECT * FROM channel')).toEqual([]);
  });

  test('whose evidence does not verify fails with the code of what is wrong', async () => {
    const { build_id, evidence } = await rel.build();
    const root = (await rel.build()).evidence;
    rel.peers.answers.set(build_id, { decision: evidence.decision, seal: root.seal });
    const moved = await rel.create(build_id);
    expect(await rel.until(moved.body.release_id, 'FAILED')).toMatchObject({ reason_codes: ['PROOF_INVALID'] });
    const other = await rel.platform.keyring.signer(tenant, 'orchestrator');
    const decision = JSON.parse(evidence.decision.payload);
    const forged = await rel.peers.sealed(decision, { decision: other });
    rel.peers.answers.set(build_id, { decision: forged.decision, seal: forged.seal });
    const { body } = await rel.create(build_id);
    expect(await rel.until(body.release_id, 'FAILED')).toMatchObject({ reason_codes: ['KEY_NOT_TRUSTED_FOR_ROLE'] });
    expect(rel.peers.claims).toEqual([]);
  });

  test.each([
    ['the mandate does not allow the channel', 'CHANNEL_NOT_ALLOWED', { channels: ['beta'] }],
    ['a byte of the pack has changed', 'HASH_MISMATCH', { broken: true }],
  ])('that the gatekeeper refuses because %s fails, and nothing is published', async (_, code, spoilt) => {
    const { build_id, pack } = await rel.build();
    if ('channels' in spoilt) rel.peers.channels = spoilt.channels;
    else rel.peers.broken.add(pack.manifest.ref);
    const { body } = await rel.create(build_id);
    expect(await rel.until(body.release_id, 'FAILED')).toMatchObject({ reason_codes: [code] });
    expect(await rel.rows('SELECT * FROM channel')).toEqual([]);
    expect((await rel.call('GET', '/tuf/metadata/timestamp.json')).status).toBe(404);
  });

  test('is begun once per idempotency key, and the key is not lent to another request', async () => {
    const { build_id } = await rel.build();
    const key = { 'idempotency-key': 'k1' };
    const both = await Promise.all([rel.create(build_id, 'stable', key), rel.create(build_id, 'stable', key)]);
    const again = await rel.create(build_id, 'stable', key);
    expect(new Set([...both, again].map(({ body }) => body.release_id)).size).toBe(1);
    expect((await rel.create(build_id, 'beta', key)).body).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    expect(await rel.rows('SELECT id FROM release')).toHaveLength(1);
  });

  test('waits while audit does not answer with a record, and goes on when it does', async () => {
    const { build_id } = await rel.build();
    const answer = rel.peers.answers.get(build_id);
    rel.peers.answers.set(build_id, 'gibberish' as never);
    const { release_id } = (await rel.create(build_id)).body;
    await expect
      .poll(() => told.some((line) => line.includes('"code":"AUDIT_UNAVAILABLE"')), { timeout: 20_000 })
      .toBe(true);
    expect((await rel.call('GET', `/releases/${release_id}`)).body.status).toBe('QUEUED');
    rel.peers.answers.set(build_id, answer as never);
    await rel.until(release_id, 'RELEASING');
  });

  test('is listed newest first, by pages', async () => {
    const { build_id } = await rel.build();
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.unshift((await rel.create(build_id)).body.release_id);
    const first = (await rel.call('GET', '/releases?limit=2')).body;
    const second = (await rel.call('GET', `/releases?limit=2&cursor=${first.next_cursor}`)).body;
    expect([...first.items, ...second.items].map(({ release_id }) => release_id)).toEqual(ids);
    expect(second.next_cursor).toBeNull();
    expect((await rel.call('GET', `/releases/${newId('rel')}`)).body).toMatchObject({ code: 'RELEASE_NOT_FOUND' });
    expect((await rel.create(build_id, 'timestamp')).body).toMatchObject({ code: 'REQUEST_INVALID' });
  });
});

describe('nodes', () => {
  test('join by a sealed decision; the first key of a name stands', async () => {
    const node = makeNode('n1');
    expect((await rel.join(node)).body).toMatchObject({
      instance_id: 'n1',
      key_id: node.key_id,
      active_pack_id: null,
      health: 'UNKNOWN',
    });
    expect((await rel.join(node)).status).toBe(201);
    expect(rel.peers.claims.map(({ claim }) => claim.claim)).toEqual(['NODE_JOIN']);
    expect((await rel.join(makeNode('n1'))).body).toMatchObject({ code: 'KEY_NOT_TRUSTED_FOR_ROLE' });
    expect((await rel.call('POST', '/nodes', { ...node.joining, public_key: 'AAAA' })).body).toMatchObject({
      code: 'REQUEST_INVALID',
    });
    expect((await rel.call('POST', '/nodes', node.joining, { headers: { authorization: '' } })).status).toBe(401);
  });

  test('are numbered as they are enrolled, and anew where a label changes', async () => {
    const names = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'];
    const nodes = names.map((name) => makeNode(name, name < 'n4' ? 'stable' : 'beta'));
    const joined = await Promise.all(nodes.map((node) => rel.join(node)));
    const numbers = joined.map(({ body }) => body.enrollment as number);
    expect([...numbers].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6]);
    const [first] = nodes as [(typeof nodes)[number]];
    expect((await rel.join(first)).body).toMatchObject({ enrollment: numbers[0], labels: {} });
    const labels = { site: 'north' };
    expect((await rel.call('POST', '/nodes', { ...first.joining, labels })).body).toMatchObject({
      labels,
      enrollment: 7,
    });
    expect((await rel.call('POST', '/nodes', { ...first.joining, labels: { 'A B': '' } })).status).toBe(400);
  });

  test('a failure stops the release with its code, and with what it was held against', async () => {
    const other = makeNode('n2');
    await rel.join(other);
    const { node, id } = await released();
    const failed = {
      attempt: { type: 'ACTIVATE' as const, status: 'FAILED' as const, reason_code: 'SMOKE_FAILED' },
      active_pack_id: null,
    };
    expect((await rel.report(node, id, failed)).status).toBe(202);
    expect(await rel.until(id, 'FAILED')).toMatchObject({
      reason_codes: ['ANALYSIS_FAILED', 'SMOKE_FAILED'],
      finding: { name: 'targets_failed', outcome: 'fail', value: 1, op: 'lte', threshold: 0, samples: 2 },
      counts: { total: 2, FAILED: 1 },
    });
    expect(await rel.rows("SELECT state -> 'candidate' AS candidate FROM channel")).toEqual([{ candidate: null }]);
  });

  test('a nonce is fresh each time, good for one report, and for its own node', async () => {
    const { node, id } = await released();
    const other = makeNode('n2', 'beta');
    await rel.join(other);
    const nonces = new Set([await rel.nonce(node), await rel.nonce(node), await rel.nonce(other)]);
    expect(nonces.size).toBe(3);
    for (const nonce of nonces) expect(nonce).toMatch(/^[0-9a-f]{64}$/);
    const report = await rel.reportOf(node, id);
    expect((await rel.send(node, report)).status).toBe(202);
    expect((await rel.send(node, report)).status, 'the same report again').toBe(202);
    const another = { ...report, health: 'DEGRADED' };
    expect((await rel.send(node, another)).body).toMatchObject({ status: 403, code: 'REPORT_REPLAYED' });
    const stolen = await rel.reportOf(node, id, { nonce: await rel.nonce(other) });
    expect((await rel.send(node, stolen)).body).toMatchObject({ code: 'REPORT_REPLAYED' });
    const made = await rel.reportOf(node, id, { nonce: 'a'.repeat(64) });
    expect((await rel.send(node, made)).body).toMatchObject({ code: 'REPORT_REPLAYED' });
    await rel.rows('UPDATE nonce SET expires_at = now()');
    const late = { ...(await rel.reportOf(node, id)), nonce: [...nonces][1] };
    expect((await rel.send(node, late)).body).toMatchObject({ code: 'REPORT_REPLAYED' });
    await rel.until(id, 'RELEASED');
    expect(rel.peers.claims.filter(({ claim }) => claim.claim === 'NODE_REPORT')).toHaveLength(1);
  });

  test('a flood of questions takes no nonce from the node', async () => {
    const { node, id } = await released();
    const report = await rel.reportOf(node, id);
    const asked = await Promise.all(Array.from({ length: 60 }, () => rel.nonce(node)));
    expect(new Set(asked).size).toBeLessThanOrEqual(24);
    expect((await rel.rows('SELECT count(*)::int AS n FROM nonce'))[0].n).toBeLessThanOrEqual(24);
    expect((await rel.send(node, report)).status).toBe(202);
  });

  test.each([
    ['nothing', '', 'JSON_MALFORMED', 400],
    ['no envelope', { a: 1 }, 'REPORT_MALFORMED', 400],
    ['too much', 'x'.repeat(20_000), 'ARTIFACT_TOO_LARGE', 422],
  ])('a body that is %s is refused at the door', async (_, body, code, status) => {
    const { node } = await released();
    const answer = await rel.call('POST', `/nodes/${node.instance_id}/reports`, body === '' ? ' ' : body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  test('what the node did not sign, or what speaks of another, is refused at the door', async () => {
    const { node, id } = await released();
    const report = await rel.reportOf(node, id);
    const eve = makeNode('n1');
    expect((await rel.send(eve, report)).body).toMatchObject({ code: 'KEY_UNKNOWN' });
    const posing = eve.signed(report);
    posing.signatures = [{ keyid: node.key_id, sig: posing.signatures[0]?.sig ?? '' }];
    expect((await rel.call('POST', '/nodes/n1/reports', posing)).body).toMatchObject({ code: 'SIGNATURE_INVALID' });
    expect((await rel.send(node, { ...report, instance_id: 'n2' })).body).toMatchObject({ code: 'REPORT_MALFORMED' });
    expect((await rel.send(node, { ...report, tenant_id: 'other' })).body).toMatchObject({ code: 'REPORT_MALFORMED' });
    expect((await rel.send(node, { ...report, pack_id: 'x' })).body).toMatchObject({ code: 'REPORT_MALFORMED' });
    expect((await rel.send(makeNode('ghost'), report)).body).toMatchObject({ status: 404, code: 'NODE_NOT_FOUND' });
    expect((await rel.call('GET', '/nodes/ghost/nonce')).body).toMatchObject({ status: 404, code: 'NODE_NOT_FOUND' });
    expect(rel.peers.claims.filter(({ claim }) => claim.claim === 'NODE_REPORT')).toEqual([]);
    expect((await rel.send(node, report)).status, 'its nonce was not spent by any of them').toBe(202);
  });
});

describe('when parts are away', () => {
  test('the deadline pauses a release whose nodes are silent, by the database clock', async () => {
    await rel.join(makeNode('n1'));
    const { build_id } = await rel.build();
    const { body } = await rel.create(build_id, 'stable', {}, { deadlines: { step_ms: 200 } });
    expect(await rel.until(body.release_id, 'PAUSED')).toMatchObject({ reason_codes: ['ACTIVATION_NOT_CONFIRMED'] });
  });

  test('without audit a release waits, and goes on when it is back', async () => {
    const { build_id, evidence } = await rel.build();
    rel.peers.answers.set(build_id, 'nonsense');
    const { body } = await rel.create(build_id);
    await expect.poll(() => rel.rows('SELECT subject FROM outbox')).toEqual([{ subject: 'release.verify' }]);
    expect((await rel.status(body.release_id)).status).toBe('QUEUED');
    rel.peers.answers.set(build_id, evidence);
    await rel.until(body.release_id, 'RELEASING');
  });

  test('a receipt counts once, and one that cannot be believed not at all', async () => {
    const { node, id } = await released();
    await rel.report(node, id);
    await rel.until(id, 'RELEASED');
    const { version } = await rel.status(id);
    await rel.peers.settled();
    const again = await rel.peers.send(rel.peers.receipts);
    expect(again.map(({ outcome }) => outcome)).toEqual(again.map(() => 'duplicate'));
    const last = rel.peers.receipts.at(-1);
    if (last === undefined) throw new Error('no receipt');
    const decision = JSON.parse(last.decision.payload);
    const [other, log] = await Promise.all([
      rel.platform.keyring.signer(tenant, 'release'),
      rel.platform.keyring.signer(tenant, 'snapshot'),
    ]);
    const forged = [
      await rel.peers.sealed({ ...decision, at: '2026-11-21T00:00:00.000Z' }, { decision: other }),
      await rel.peers.sealed({ ...decision, at: '2026-11-22T00:00:00.000Z' }, { log }),
      { ...last, seal: { ...last.seal, index: 0 } },
      await rel.peers.sealed({ ...decision, tenant_id: 'other' }),
    ];
    expect((await rel.peers.send(forged)).map(({ code }) => code)).toEqual([
      'KEY_NOT_TRUSTED_FOR_ROLE',
      'CHECKPOINT_SIGNATURE_INVALID',
      'PROOF_INVALID',
      'TENANT_MISMATCH',
    ]);
    expect((await rel.status(id)).version).toBe(version);
  });

  test('another process takes over where one ends: nothing is lost, and it is published once', async () => {
    const { build_id } = await rel.build();
    const held = Promise.withResolvers<void>();
    rel.peers.gate = held.promise;
    const { body } = await rel.create(build_id);
    await rel.until(body.release_id, 'VERIFYING');
    await rel.replace();
    held.resolve();
    const { events } = await rel.opened(body.release_id);
    expect(
      await rel.rows(`SELECT o ->> 'release_id' AS release_id FROM channel, jsonb_array_elements(state -> 'offers') o`),
    ).toEqual([{ release_id: body.release_id }]);
    expect(events.map(({ type }) => type)).toEqual([
      'ReleaseCreated',
      'VerifyRequested',
      'ReleaseVerified',
      'ReleasePublished',
      'StepAuthorized',
      'StepOpened',
    ]);
  });

  test('a file that clients may have and that would have to change ends the release', async () => {
    const { node, id } = await released();
    await rel.report(node, id);
    await rel.until(id, 'RELEASED');
    const file = `${rel.instance.home}/channels/${tenant}/metadata/1.targets.json`;
    fs.rmSync(file);
    fs.writeFileSync(file, '{}');
    const { build_id } = await rel.build();
    const { body } = await rel.create(build_id);
    expect(await rel.until(body.release_id, 'FAILED')).toMatchObject({ reason_codes: ['HASH_MISMATCH'] });
  });
});
