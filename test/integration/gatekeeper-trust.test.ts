import { join } from 'node:path';
import { payloadTypes, type SignedItemWire } from '@orgo/contracts';
import { digestOf } from '@orgo/core';
import { createKey } from '@orgo/runtime/signer';
import { createTenant } from '@orgo/runtime/trust';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Driven, type Gatekeeper, startGatekeeper, tenant } from './gatekeeper-instance.ts';

let gate: Gatekeeper;
let build: Driven;
beforeAll(async () => {
  gate = await startGatekeeper();
});
afterAll(() => gate.stop());
beforeEach(async () => {
  build = await gate.echo();
  await gate.admit(build);
  await gate.decision(build, () => true);
});

const counts = () =>
  gate.rows('SELECT (SELECT count(*)::int FROM decision) AS decisions, (SELECT count(*)::int FROM inbox) AS inbox');
const valid = async () => gate.replyItem(build, 'echo-1', { outputs: [await gate.echoText(build, 'echo-1')] });
const stillWaits = async () => {
  expect(await gate.passEcho(build, 'echo-1')).toEqual({ outcome: 'accepted', code: null });
  expect(await gate.stageDecision(build, 'echo-1')).toMatchObject({ verdict: 'PASS' });
};

describe('what nobody can be held to is refused, and leaves nothing behind', () => {
  const flip = (item: SignedItemWire, change: Partial<SignedItemWire>): SignedItemWire => ({ ...item, ...change });

  test.each<[string, (item: Awaited<ReturnType<typeof valid>>) => Promise<SignedItemWire> | SignedItemWire, string]>([
    [
      'a key of no root',
      async () =>
        gate.signAs(
          await createKey(join(gate.instance.home, 'strangers'), tenant, 'adapter.echo'),
          payloadTypes.reply,
          [{}],
        )[0] as SignedItemWire,
      'ADAPTER_KEY_NOT_AUTHORIZED',
    ],
    [
      'a changed word',
      ({ reply }) => flip(reply, { payload: reply.payload.replace('"ok"', '"failed"') }),
      'REPLY_SIGNATURE_INVALID',
    ],
    [
      'a signature made for a command',
      async ({ reply }) => ({
        ...(await gate.sign('orchestrator', payloadTypes.command, JSON.parse(reply.payload))),
        type: payloadTypes.reply,
      }),
      'ADAPTER_KEY_NOT_AUTHORIZED',
    ],
    ['a reply signed as a claim', ({ reply }) => flip(reply, { type: payloadTypes.claim }), 'REPLY_SIGNATURE_INVALID'],
    [
      'something signed that is no reply',
      async () => gate.sign('adapter.echo', payloadTypes.reply, { v: 1 }),
      'REPLY_MALFORMED',
    ],
    [
      'a reply of another tenant',
      async ({ reply }) =>
        gate.sign('adapter.echo', payloadTypes.reply, { ...JSON.parse(reply.payload), tenant_id: 'other' }),
      'TENANT_MISMATCH',
    ],
  ])('%s', async (_, forge, code) => {
    const item = await valid();
    const before = await counts();
    expect(await gate.ask('reply', [{ ...item, reply: await forge(item) }])).toEqual([{ outcome: 'refused', code }]);
    expect(await counts()).toEqual(before);
    await stillWaits();
  });

  test('a claim by the wrong role, with a changed word, or that is none', async () => {
    const claim = gate.claimOf(build, { claim: 'FENCE', stage: 'echo-1', epoch: 2 });
    const of = async (item: SignedItemWire) =>
      (await gate.ask('claim', [{ claim: item, evidence: [], traceparent: null }]))[0];
    const before = await counts();
    const signed = await gate.sign('orchestrator', payloadTypes.claim, claim);
    expect(await of(await gate.sign('release', payloadTypes.claim, claim))).toMatchObject({
      code: 'CLAIM_SIGNER_UNTRUSTED',
    });
    expect(await of(await gate.sign('adapter.echo', payloadTypes.claim, claim))).toMatchObject({
      code: 'CLAIM_SIGNER_UNTRUSTED',
    });
    expect(await of({ ...signed, payload: signed.payload.replace('"epoch":2', '"epoch":9') })).toMatchObject({
      code: 'CLAIM_SIGNER_UNTRUSTED',
    });
    expect(await of(await gate.sign('orchestrator', payloadTypes.claim, { ...claim, claim: 'APPROVE' }))).toMatchObject(
      { code: 'CLAIM_MALFORMED' },
    );
    expect(await of(await gate.sign('orchestrator', payloadTypes.claim, { ...claim, more: 1 }))).toMatchObject({
      code: 'CLAIM_MALFORMED',
    });
    expect(
      await of(await gate.sign('orchestrator', payloadTypes.claim, { ...claim, tenant_id: 'other' })),
    ).toMatchObject({ code: 'TENANT_MISMATCH' });
    expect(await counts()).toEqual(before);
  });

  test('an envelope on another tenant’s subject, and a tenant nobody pinned', async () => {
    const item = await valid();
    expect(await gate.ask('reply', [item], 'other')).toEqual([{ outcome: 'refused', code: 'TENANT_MISMATCH' }]);
    const signed = { ...item, reply: { ...item.reply, proof: { ...item.reply.proof, tenant_id: 'ghost' } } };
    const bytes = Buffer.from(
      JSON.stringify({ v: 1, type: 'orgo.stage.reply.v1', tenant_id: 'ghost', items: [signed] }),
    );
    const answer = JSON.parse(
      Buffer.from(await gate.platform.bus.request('orgo.v1.ghost.gate.reply', bytes)).toString('utf8'),
    );
    expect(answer.results).toEqual([{ outcome: 'refused', code: 'TRUST_ROOT_MISSING' }]);
  });

  test('a key of another tenant in the same home', async () => {
    await createTenant(gate.instance.home, 'other', { adapters: ['echo'] });
    const theirs = await gate.platform.keyring.signer('other', 'adapter.echo');
    const item = await valid();
    const [reply] = gate.signAs({ ...theirs, tenant_id: tenant }, payloadTypes.reply, [JSON.parse(item.reply.payload)]);
    expect(await gate.ask('reply', [{ ...item, reply }])).toEqual([
      { outcome: 'refused', code: 'ADAPTER_KEY_NOT_AUTHORIZED' },
    ]);
  });
});

describe('what a trusted adapter signed is put on record, whatever becomes of it', () => {
  const refused = async (code: string) =>
    expect(
      await gate.decision(build, (decision) => decision.kind === 'REFUSAL' && decision.reason_codes[0] === code),
    ).toMatchObject({
      verdict: 'NOTED',
      final: false,
      authorizations: [],
    });

  test('another adapter’s key', async () => {
    const pin = await gate.platform.keyring.signer(tenant, 'adapter.pin');
    const item = await gate.replyItem(build, 'echo-1', { signer: pin });
    expect(await gate.ask('reply', [item])).toEqual([{ outcome: 'refused', code: 'ADAPTER_KEY_NOT_AUTHORIZED' }]);
    await refused('ADAPTER_KEY_NOT_AUTHORIZED');
    await stillWaits();
  });

  test('a command that the orchestrator never signed', async () => {
    const item = await valid();
    const command = await gate.sign('release', payloadTypes.command, JSON.parse(item.command.payload));
    expect(await gate.ask('reply', [{ ...item, command }])).toEqual([
      { outcome: 'refused', code: 'COMMAND_SIGNER_UNTRUSTED' },
    ]);
    await refused('COMMAND_SIGNER_UNTRUSTED');
    await stillWaits();
  });

  test('a stage that was not opened', async () => {
    const item = await gate.replyItem(build, 'echo-1', { command: { stage: 'echo-2' }, reply: { stage: 'echo-2' } });
    expect(await gate.ask('reply', [item])).toEqual([{ outcome: 'refused', code: 'STAGE_ORDER_VIOLATION' }]);
    await refused('STAGE_ORDER_VIOLATION');
  });

  test('other inputs than authorized', async () => {
    const item = await gate.replyItem(build, 'echo-1', { command: { inputs: [] } });
    expect(await gate.ask('reply', [item])).toEqual([{ outcome: 'refused', code: 'GATE_INPUT_MISMATCH' }]);
    await refused('GATE_INPUT_MISMATCH');
    await stillWaits();
  });

  test('an adapter’s refusal of a forged command, with the digest of that command', async () => {
    const forged = gate.signAs(
      await createKey(join(gate.instance.home, 'strangers'), tenant, 'orchestrator'),
      payloadTypes.command,
      [{ forged: true }],
    )[0] as SignedItemWire;
    const item = await gate.replyItem(build, 'echo-1', {
      status: 'refused',
      reply: { reason_codes: ['COMMAND_SIGNER_UNTRUSTED'], command_digest: digestOf({ forged: true }) },
    });
    expect(await gate.ask('reply', [{ ...item, command: forged }])).toEqual([{ outcome: 'accepted', code: null }]);
    expect(await gate.decision(build, (decision) => decision.kind === 'REFUSAL')).toMatchObject({
      command_digest: digestOf({ forged: true }),
      reason_codes: ['COMMAND_SIGNER_UNTRUSTED'],
    });
    await stillWaits();
  });

  test('a second, different reply: the first stands and the build is not releasable', async () => {
    await gate.passEcho(build, 'echo-1');
    const other = await gate.putJson('echo-text', { other: build.build_id });
    expect(await gate.reply(build, 'echo-1', { outputs: [other] })).toEqual({
      outcome: 'refused',
      code: 'REPLY_EQUIVOCATION',
    });
    await refused('REPLY_EQUIVOCATION');
    expect(await gate.stageDecision(build, 'echo-1')).toMatchObject({ verdict: 'PASS' });
    expect(
      await gate.rows(`SELECT state -> 'quarantined' ->> 'adapter' AS adapter FROM gate WHERE id = $1`, [
        build.build_id,
      ]),
    ).toEqual([{ adapter: 'echo@1.0.0' }]);
  });
});

describe('the database', () => {
  const as = async (role: 'orchestrator' | 'release' | 'audit' | 'gatekeeper', sql: string): Promise<string> => {
    const { default: pg } = await import('pg');
    const client = new pg.Client({ connectionString: gate.instance.serviceUrls[role] });
    await client.connect();
    try {
      await client.query(sql);
      return 'allowed';
    } catch (error) {
      return String((error as { code?: unknown }).code);
    } finally {
      await client.end();
    }
  };
  const insert = `INSERT INTO gatekeeper.decision (tenant_id, digest, build_id, kind, verdict, payload, proof, authorizations) VALUES ('acme', 'sha256:x', 'b', 'STAGE', 'PASS', '{}', '{}', '[]')`;

  test.each(['orchestrator', 'release', 'audit'] as const)('lets %s write no decision and no fence', async (role) => {
    expect(await as(role, insert)).toBe('42501');
    expect(await as(role, 'DELETE FROM gatekeeper.fence')).toBe('42501');
    expect(await as(role, 'SELECT 1 FROM gatekeeper.gate')).toBe('42501');
  });

  test.each(['decision', 'accepted_decision', 'event', 'node_nonce'])(
    'lets the gatekeeper itself change nothing in %s',
    async (table) => {
      expect(await as('gatekeeper', `DELETE FROM ${table}`)).toBe('42501');
      expect(await as('gatekeeper', `TRUNCATE ${table}`)).toBe('42501');
    },
  );
});
