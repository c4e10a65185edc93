import { type ChannelName, payloadTypes, type SignedItemWire } from '@orgo/contracts';
import { digestOfBytes, type JsonValue, utf8 } from '@orgo/core';
import { encodeEnvelope } from '@orgo/runtime/envelope';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Fault, type Lie, type Stolen, signAs, signatureLies } from '../kit/liar.ts';
import { type LiarsWorld, startLiarsWorld, subjects, type Words } from './liars-world.ts';
import { tenant } from './orchestrator-instance.ts';

let world: LiarsWorld;
beforeAll(async () => {
  world = await startLiarsWorld();
});
afterAll(() => world?.stop());

/** Where a signed part stands in a message, and what its receiver says to each kind of lie about it. */
type Place = {
  part: string;
  channel: ChannelName;
  role: string;
  type: string;
  words: Words;
  item(lie: SignedItemWire, truth: (words: Words) => Promise<SignedItemWire>): Promise<object>;
  codes: Record<Fault, string>;
};

const receiptCodes = {
  type: 'PAYLOAD_TYPE_MISMATCH',
  role: 'KEY_NOT_TRUSTED_FOR_ROLE',
  tenant: 'TENANT_MISMATCH',
  path: 'PROOF_INVALID',
  key: 'KEY_UNKNOWN',
  signature: 'SIGNATURE_INVALID',
  form: 'DECISION_MALFORMED',
  body: 'TENANT_MISMATCH',
};
const decisionCodes = {
  type: 'DECISION_MALFORMED',
  role: 'DECISION_SIGNER_UNTRUSTED',
  tenant: 'TENANT_MISMATCH',
  path: 'DECISION_SIGNER_UNTRUSTED',
  key: 'DECISION_SIGNER_UNTRUSTED',
  signature: 'DECISION_SIGNER_UNTRUSTED',
  form: 'DECISION_MALFORMED',
  body: 'TENANT_MISMATCH',
};
const commandCodes = {
  type: 'COMMAND_MALFORMED',
  role: 'COMMAND_SIGNER_UNTRUSTED',
  tenant: 'COMMAND_SIGNER_UNTRUSTED',
  path: 'COMMAND_SIGNER_UNTRUSTED',
  key: 'COMMAND_SIGNER_UNTRUSTED',
  signature: 'COMMAND_SIGNER_UNTRUSTED',
  form: 'COMMAND_MALFORMED',
  body: 'COMMAND_BUILD_MISMATCH',
};

/** Parts whose receiver answers the sender. */
const answered: Place[] = [
  {
    part: 'reply',
    channel: 'reply',
    role: 'adapter.echo',
    type: payloadTypes.reply,
    words: 'reply',
    item: async (reply) => ({ reply, command: world.genuine.command.command, traceparent: null }),
    codes: {
      type: 'REPLY_SIGNATURE_INVALID',
      role: 'ADAPTER_KEY_NOT_AUTHORIZED',
      tenant: 'REPLY_SIGNATURE_INVALID',
      path: 'REPLY_SIGNATURE_INVALID',
      key: 'ADAPTER_KEY_NOT_AUTHORIZED',
      signature: 'REPLY_SIGNATURE_INVALID',
      form: 'REPLY_MALFORMED',
      body: 'TENANT_MISMATCH',
    },
  },
  {
    part: 'claim',
    channel: 'claim',
    role: 'orchestrator',
    type: payloadTypes.claim,
    words: 'claim',
    item: async (claim) => ({ claim, evidence: [], traceparent: null }),
    codes: {
      type: 'CLAIM_SIGNER_UNTRUSTED',
      role: 'CLAIM_SIGNER_UNTRUSTED',
      tenant: 'CLAIM_SIGNER_UNTRUSTED',
      path: 'CLAIM_SIGNER_UNTRUSTED',
      key: 'CLAIM_SIGNER_UNTRUSTED',
      signature: 'CLAIM_SIGNER_UNTRUSTED',
      form: 'CLAIM_MALFORMED',
      body: 'TENANT_MISMATCH',
    },
  },
  {
    part: 'decision',
    channel: 'decision',
    role: 'gatekeeper',
    type: payloadTypes.decision,
    words: 'decision',
    item: async (decision, truth) => ({ decision, authorizations: [await truth('authorization')], traceparent: null }),
    codes: decisionCodes,
  },
  {
    part: 'authorization in a decision',
    channel: 'decision',
    role: 'gatekeeper',
    type: payloadTypes.authorization,
    words: 'authorization',
    item: async (authorization, truth) => ({
      decision: await truth('decision'),
      authorizations: [authorization],
      traceparent: null,
    }),
    // It is another one than the decision gives.
    codes: { ...decisionCodes, body: 'DECISION_MALFORMED' },
  },
  {
    part: 'decision in a receipt',
    channel: 'receipt',
    role: 'gatekeeper',
    type: payloadTypes.decision,
    words: 'decision',
    item: async (decision, truth) => ({
      ...world.genuine.receipt,
      decision,
      authorizations: [await truth('authorization')],
    }),
    codes: receiptCodes,
  },
  {
    part: 'authorization in a receipt',
    channel: 'receipt',
    role: 'gatekeeper',
    type: payloadTypes.authorization,
    words: 'authorization',
    item: async (authorization) => ({ ...world.genuine.receipt, authorizations: [authorization] }),
    codes: receiptCodes,
  },
];

/** Parts of a command: the adapter signs that it refuses. */
const commanded: Place[] = [
  {
    part: 'command',
    channel: 'command',
    role: 'orchestrator',
    type: payloadTypes.command,
    words: 'command',
    item: async (command) => ({ ...world.genuine.command, command }),
    codes: commandCodes,
  },
  {
    part: 'authorization in a command',
    channel: 'command',
    role: 'gatekeeper',
    type: payloadTypes.authorization,
    words: 'authorization',
    item: async (authorization, truth) => ({
      ...world.genuine.command,
      command: await truth('command'),
      authorization,
    }),
    codes: { ...commandCodes, body: 'COMMAND_PAYLOAD_MISMATCH' },
  },
  {
    part: 'decision in a command',
    channel: 'command',
    role: 'gatekeeper',
    type: payloadTypes.decision,
    words: 'decision',
    item: async (decision, truth) => ({ ...world.genuine.command, command: await truth('command'), decision }),
    codes: { ...commandCodes, body: 'COMMAND_AUTHORIZATION_UNSEALED' },
  },
];

const told = async ({ role, type, words, item }: Place, { tell }: Lie): Promise<object> => {
  const keys: Stolen = await world.keysOf(role);
  return item(tell(world.words[words]() as unknown as JsonValue, type, keys), world.truth);
};
const rowsOf = (places: Place[]) =>
  places.flatMap((place) =>
    signatureLies
      // What an adapter of the tenant signs in its own name is put on record: see below.
      .filter(({ fault }) => !(place.part === 'reply' && fault === 'role'))
      // The authorization of a receipt names its tenant nowhere but in its signature.
      .filter(({ fault }) => !(place.part === 'authorization in a receipt' && fault === 'body'))
      .map((lie) => [place.part, lie.lie, place.codes[lie.fault], place, lie] as const),
  );

describe('a message with one lie in it is refused with its code, and moves nothing', () => {
  test.each(rowsOf(answered))('%s: %s: %s', async (_part, _lie, code, place, lie) => {
    await world.settled();
    const before = await world.standing();
    expect(await world.ask(place.channel, await told(place, lie))).toEqual({ rows: [{ outcome: 'refused', code }] });
    expect(await world.standing()).toEqual(before);
  });
});

describe('a command with one lie in it is refused on record, and moves nothing', () => {
  test.each(commanded.map((place) => [place.part, place] as const))('%s', async (_part, place) => {
    await world.settled();
    const before = await world.standing();
    const rows = rowsOf([place]);
    const asked: [string, string, string][] = [];
    for (const [, lie, code, , how] of rows) {
      const item = (await told(place, how)) as { command: SignedItemWire };
      await world.liar.say(subjects.command, encodeEnvelope('command', tenant, [item]));
      // One that does not say what it is about cannot be answered.
      if (item.command.payload !== '{"v":1}') asked.push([lie, code, digestOfBytes(utf8(item.command.payload))]);
    }
    const codes = await Promise.all(
      asked.map(async ([lie, , digest]) => [lie, (await world.refusalOf(digest)).reason_codes]),
    );
    expect(codes).toEqual(asked.map(([lie, code]) => [lie, [code]]));
    await expect.poll(async () => (await world.standing()).leaves, world.soon).toBe(before.leaves + asked.length);
    await world.settled();
    const after = await world.standing();
    expect(after).toMatchObject({ builds: before.builds, stages: before.stages });
    expect(after.commands - before.commands).toBe(rows.length);
  });
});

describe('after all of that', () => {
  test('the words of the liar, by the right keys, would have been believed', async () => {
    await world.settled();
    const { build_id } = await world.ring.started('control');
    await world.ring.until(build_id, ({ stages }) => stages.at(-1)?.stage === 'echo-2');
    const { rightful } = await world.keysOf('orchestrator');
    const claim = { ...world.words.claim(), build_id };
    const item = {
      claim: signAs(rightful, payloadTypes.claim, claim as unknown as JsonValue),
      evidence: [],
      traceparent: null,
    };
    expect(await world.ask('claim', item)).toEqual({ rows: [{ outcome: 'accepted', code: null }] });
  });

  test('the build that all lies were about ends COMPLETED, with the outputs of one that nobody lied about', async () => {
    const ended = await world.ended();
    expect(ended).toMatchObject({ status: 'COMPLETED', reason_codes: [] });
    expect(ended.stages.map(({ attempt }) => attempt)).toEqual(Array.from({ length: 8 }, () => 1));
    const rerun = (await world.ring.start({ text: 'held', rerun_of: world.build_id })).body as { build_id: string };
    const again = await world.ring.ended(rerun.build_id);
    expect(again.stages.map(({ outputs }) => outputs)).toEqual(ended.stages.map(({ outputs }) => outputs));
  });
});
