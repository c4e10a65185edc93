import { payloadTypes, type Seal, type SignedItemWire, type StageReply } from '@orgo/contracts';
import { digestOf, digestOfBytes, type JsonValue, signNote, utf8 } from '@orgo/core';
import { encodeEnvelope } from '@orgo/runtime/envelope';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signAs } from '../kit/liar.ts';
import { type LiarsWorld, rival, startLiarsWorld, subjects } from './liars-world.ts';
import { tenant } from './orchestrator-instance.ts';

let world: LiarsWorld;
beforeAll(async () => {
  world = await startLiarsWorld();
});
afterAll(() => world?.stop());

describe('a seal that proves nothing', () => {
  const flip = (hex = '') => (hex.startsWith('0') ? '1' : '0') + hex.slice(1);
  const noted = async (text: string, by: 'gatekeeper' | 'rival' | 'log') => {
    const { trust, keyring } = world.ring.platform;
    const origin = (await trust.root(tenant)).log.origin;
    const signer = await keyring.signer(by === 'rival' ? rival : tenant, by === 'gatekeeper' ? 'gatekeeper' : 'log');
    return signNote(text, { name: origin, public: signer.publicKey }, signer.sign);
  };
  const seals: [string, string, (seal: Seal) => Promise<Seal>][] = [
    [
      'another path',
      'PROOF_INVALID',
      async (s) => ({ ...s, path: [...s.path.slice(0, -1), flip(s.path.at(-1) ?? '00')] }),
    ],
    ['a path too long', 'PROOF_INVALID', async (s) => ({ ...s, path: [...s.path, '0'.repeat(64)] })],
    ['another index', 'PROOF_INVALID', async (s) => ({ ...s, index: s.index === 0 ? 1 : s.index - 1 })],
    ['another size', 'CHECKPOINT_MALFORMED', async (s) => ({ ...s, size: s.size + 1 })],
    [
      'a checkpoint whose text was changed',
      'CHECKPOINT_SIGNATURE_INVALID',
      async (s) => ({ ...s, checkpoint: s.checkpoint.replace(`\n${s.size}\n`, `\n${s.size + 1}\n`) }),
    ],
    [
      'a checkpoint by another role',
      'KEY_UNKNOWN',
      async (s) => ({ ...s, checkpoint: await noted(textOf(s), 'gatekeeper') }),
    ],
    [
      'a checkpoint by the other tenant',
      'KEY_UNKNOWN',
      async (s) => ({ ...s, checkpoint: await noted(textOf(s), 'rival') }),
    ],
    [
      'a checkpoint with a good signature and a bad one by the same key',
      'CHECKPOINT_SIGNATURE_INVALID',
      async (s) => ({ ...s, checkpoint: s.checkpoint + (await noted('another\n', 'log')).split('\n\n')[1] }),
    ],
    ['no checkpoint', 'CHECKPOINT_MALFORMED', async (s) => ({ ...s, checkpoint: 'none' })],
    [
      'a checkpoint of another log, by this log’s key',
      'CHECKPOINT_MALFORMED',
      async (s) => ({ ...s, checkpoint: await noted(textOf(s).replace(/^.*/, 'orgo.local/elsewhere/acme'), 'log') }),
    ],
  ];
  const textOf = (seal: Seal) => seal.checkpoint.slice(0, seal.checkpoint.lastIndexOf('\n\n') + 1);

  test.each(seals)('of a receipt: %s: %s', async (_what, code, spoil) => {
    await world.settled();
    const before = await world.standing();
    const { receipt } = world.genuine;
    expect(await world.ask('receipt', { ...receipt, seal: await spoil(receipt.seal) })).toEqual({
      rows: [{ outcome: 'refused', code }],
    });
    expect(await world.standing()).toEqual(before);
  });

  test('of a receipt: of a decision that was never sealed: PROOF_INVALID', async () => {
    const before = await world.standing();
    const item = {
      ...world.genuine.receipt,
      decision: await world.truth('decision'),
      authorizations: [await world.truth('authorization')],
    };
    expect(await world.ask('receipt', item)).toEqual({ rows: [{ outcome: 'refused', code: 'PROOF_INVALID' }] });
    expect(await world.standing()).toEqual(before);
  });

  test('of a command: any of them: COMMAND_AUTHORIZATION_UNSEALED', async () => {
    const { command } = world.genuine;
    for (const [, , spoil] of seals) {
      const forged = await world.truth('command');
      const item = { ...command, command: forged, seal: await spoil(command.seal as Seal) };
      await world.liar.say(subjects.command, encodeEnvelope('command', tenant, [item]));
      const said = await world.refusalOf(digestOfBytes(utf8(forged.payload)));
      expect(said.reason_codes).toEqual(['COMMAND_AUTHORIZATION_UNSEALED']);
    }
    await world.settled();
  });
});

describe('words that do not fit what they are beside, by a stage whose key was stolen', () => {
  const other = 'bld_0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b';
  const digest = digestOf('another');
  const changes: [string, string, Partial<StageReply>][] = [
    ['a build that was never admitted', 'GATE_SUBJECT_UNKNOWN', { build_id: other }],
    ['a stage that the pipeline does not have', 'STAGE_UNKNOWN', { stage: 'echo-9' }],
    ['another stage', 'REPLY_CORRELATION_MISMATCH', { stage: 'echo-3' }],
    ['a later attempt', 'REPLY_CORRELATION_MISMATCH', { attempt: 2 }],
    ['a later epoch', 'REPLY_CORRELATION_MISMATCH', { epoch: 2 }],
    ['another stage key', 'REPLY_CORRELATION_MISMATCH', { idem_key: digest }],
    ['another command', 'REPLY_CORRELATION_MISMATCH', { command_digest: digest }],
    ['another authorization', 'GATE_INPUT_MISMATCH', { authorization_digest: digest }],
    ['no authorization', 'GATE_INPUT_MISMATCH', { authorization_digest: null }],
    ['another adapter', 'REPLY_CORRELATION_MISMATCH', { adapter: { name: 'pin', version: '1' } }],
  ];
  const onRecord = async (item: object, code: string) => {
    await world.settled();
    const before = await world.standing();
    expect(await world.ask('reply', item)).toEqual({ rows: [{ outcome: 'refused', code }] });
    await expect.poll(async () => (await world.standing()).leaves, world.soon).toBe(before.leaves + 1);
    await world.settled();
    const after = await world.standing();
    expect(after.builds).toBe(before.builds);
    expect(after.stages).toContain(before.stages);
    expect(after.commands).toBe(before.commands);
    const [leaf] = await world.ring.rows<{ entry: string }>(
      `SELECT convert_from(leaf, 'UTF8') AS entry FROM audit.log_leaf ORDER BY idx DESC LIMIT 1`,
    );
    expect(JSON.parse(leaf?.entry ?? '')).toMatchObject({ kind: 'REFUSAL', verdict: 'NOTED', reason_codes: [code] });
  };

  test.each(changes)('%s: %s, on record', async (_what, code, change) => {
    const { rightful } = await world.keysOf('adapter.echo');
    const reply = signAs(rightful, payloadTypes.reply, { ...world.words.reply(), ...change } as unknown as JsonValue);
    await onRecord({ reply, command: world.genuine.command.command, traceparent: null }, code);
  });

  test('the key of another stage, in its own name: ADAPTER_KEY_NOT_AUTHORIZED, on record', async () => {
    const { thief } = await world.keysOf('adapter.echo');
    const reply = signAs(thief, payloadTypes.reply, world.words.reply() as unknown as JsonValue);
    await onRecord({ reply, command: world.genuine.command.command, traceparent: null }, 'ADAPTER_KEY_NOT_AUTHORIZED');
  });

  test('a command that the orchestrator never signed: COMMAND_SIGNER_UNTRUSTED, on record', async () => {
    const { rightful, stranger } = await world.keysOf('adapter.echo');
    const command = signAs({ ...stranger, role: 'orchestrator' }, payloadTypes.command, world.words.command() as never);
    const reply = signAs(rightful, payloadTypes.reply, world.words.reply() as unknown as JsonValue);
    await onRecord({ reply, command, traceparent: null }, 'COMMAND_SIGNER_UNTRUSTED');
  });
});

describe('what was said before, said again by somebody else', () => {
  test.each(['claim', 'reply', 'decision', 'receipt'] as const)('a %s is a duplicate', async (channel) => {
    await world.settled();
    const before = await world.standing();
    expect(await world.ask(channel, world.genuine[channel])).toEqual({ rows: [{ outcome: 'duplicate', code: null }] });
    expect(await world.standing()).toEqual(before);
  });

  test('the same words under another signature are the same message: a duplicate', async () => {
    await world.settled();
    const before = await world.standing();
    const again = async (item: SignedItemWire, role: string) =>
      signAs((await world.keysOf(role)).rightful, item.type, JSON.parse(item.payload) as JsonValue);
    const { claim, reply, decision } = world.genuine;
    const said = [
      await world.ask('claim', { ...claim, claim: await again(claim.claim, 'orchestrator') }),
      await world.ask('reply', { ...reply, reply: await again(reply.reply, 'adapter.echo') }),
      await world.ask('decision', { ...decision, decision: await again(decision.decision, 'gatekeeper') }),
    ];
    expect(said).toEqual(said.map(() => ({ rows: [{ outcome: 'duplicate', code: null }] })));
    expect(await world.standing()).toEqual(before);
  });

  test('with headers that name another tenant it is no other message: headers say nothing here', async () => {
    const bytes = encodeEnvelope('claim', tenant, [world.genuine.claim]);
    const headers = { 'Orgo-Tenant': rival, 'Content-Encoding': 'gzip', 'Content-Type': 'text/plain' };
    expect(await world.liar.ask(subjects.claim, bytes, headers)).toEqual({
      rows: [{ outcome: 'duplicate', code: null }],
    });
  });

  test('the genuine command without its authorization is refused, and does not stop its build', async () => {
    await world.settled();
    const before = await world.standing();
    const { command } = world.genuine;
    const item = { ...command, authorization: null, decision: null, seal: null };
    const digest = digestOfBytes(utf8(command.command.payload));
    await world.liar.say(subjects.command, encodeEnvelope('command', tenant, [item]));
    expect((await world.refusalOf(digest)).reason_codes).toEqual(['COMMAND_AUTHORIZATION_MISSING']);
    await expect.poll(async () => (await world.standing()).leaves, world.soon).toBe(before.leaves + 1);
    await world.settled();
    expect(await world.standing()).toMatchObject({ builds: before.builds, stages: before.stages });
    expect(await world.ring.status(world.build_id)).toMatchObject({ status: 'RUNNING' });
  });

  test('a whole message on the subject of another tenant: TENANT_MISMATCH', async () => {
    await world.settled();
    const before = await world.standing();
    for (const channel of ['claim', 'reply', 'decision', 'receipt'] as const) {
      const subject = subjects[channel].replace(tenant, rival);
      const bytes = encodeEnvelope(channel, tenant, [world.genuine[channel]]);
      expect(await world.liar.ask(subject, bytes)).toEqual({ rows: [{ outcome: 'refused', code: 'TENANT_MISMATCH' }] });
    }
    expect(await world.standing()).toEqual(before);
  });

  test('an item of one tenant in a message of another is none of its', async () => {
    await world.settled();
    const before = await world.standing();
    const codes = {
      claim: 'CLAIM_SIGNER_UNTRUSTED',
      reply: 'REPLY_SIGNATURE_INVALID',
      decision: 'TENANT_MISMATCH',
      receipt: 'TENANT_MISMATCH',
    };
    for (const channel of ['claim', 'reply', 'decision', 'receipt'] as const) {
      const bytes = encodeEnvelope(channel, rival, [world.genuine[channel]]);
      expect(await world.liar.ask(subjects[channel].replace(tenant, rival), bytes)).toEqual({
        rows: [{ outcome: 'refused', code: codes[channel] }],
      });
    }
    expect(await world.standing()).toEqual(before);
  });

  test('a tenant that nobody pinned is believed nothing: TRUST_ROOT_MISSING', async () => {
    const said = { claim: 'refused', reply: 'refused', decision: 'later', receipt: 'later' };
    for (const channel of ['claim', 'reply', 'decision', 'receipt'] as const) {
      const bytes = encodeEnvelope(channel, 'nobody', [world.genuine[channel]]);
      expect(await world.liar.ask(subjects[channel].replace(tenant, 'nobody'), bytes)).toEqual({
        rows: [{ outcome: said[channel], code: 'TRUST_ROOT_MISSING' }],
      });
    }
  });
});

test('after all of that, the build that it was about ends COMPLETED, each stage at its first attempt', async () => {
  const ended = await world.ended();
  expect(ended).toMatchObject({ status: 'COMPLETED', reason_codes: [] });
  expect(ended.stages.map(({ attempt }) => attempt)).toEqual(Array.from({ length: 8 }, () => 1));
});
