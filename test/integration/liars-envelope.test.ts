import { gzipSync } from 'node:zlib';
import { type ChannelName, maxMessageBytes } from '@orgo/contracts';
import { utf8 } from '@orgo/core';
import { decodeEnvelope, encodeEnvelope } from '@orgo/runtime/envelope';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LiarsWorld, rival, startLiarsWorld, subjects } from './liars-world.ts';
import { tenant } from './orchestrator-instance.ts';

let world: LiarsWorld;
beforeAll(async () => {
  world = await startLiarsWorld();
});
afterAll(() => world?.stop());

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
/** The message with one thing changed in its text. */
const edited =
  (from: string | RegExp, to: string) =>
  (good: Uint8Array): Uint8Array =>
    utf8(text(good).replace(from, () => to));
const inserted = (member: string) => edited(/^\{/, `{${member},`);
const joined = (...parts: (Uint8Array | string)[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));

/** What is wrong with a message, the code, and the message. */
const spoils: [string, string, (good: Uint8Array) => Uint8Array][] = [
  ['nothing at all', 'JSON_MALFORMED', () => new Uint8Array()],
  ['half of it', 'JSON_MALFORMED', (good) => good.subarray(0, good.length >> 1)],
  ['something after it', 'JSON_MALFORMED', (good) => joined(good, '{}')],
  ['a byte order mark', 'JSON_MALFORMED', (good) => joined(new Uint8Array([0xef, 0xbb, 0xbf]), good)],
  ['UTF-16', 'JSON_MALFORMED', (good) => Buffer.from(text(good), 'utf16le')],
  [
    'an overlong UTF-8 form',
    'JSON_MALFORMED',
    (good) => joined('{"x":"', new Uint8Array([0xc0, 0xaf]), '",', good.subarray(1)),
  ],
  ['a compressed body', 'JSON_MALFORMED', (good) => gzipSync(good)],
  ['a key twice', 'JSON_DUPLICATE_KEY', inserted('"v":1')],
  ['a key twice, once escaped', 'JSON_DUPLICATE_KEY', inserted('"\\u0076":1')],
  ['a key that reaches a prototype', 'JSON_FORBIDDEN_KEY', inserted('"__proto__":{"v":1}')],
  ['a half of a surrogate pair', 'JSON_INVALID_UNICODE', inserted('"x":"\\ud800"')],
  ['a number beyond doubles', 'JSON_NUMBER_RANGE', inserted('"x":1e400')],
  ['a number that doubles round', 'JSON_NUMBER_RANGE', inserted('"x":9007199254740993')],
  ['a hundred thousand brackets', 'JSON_TOO_DEEP', inserted(`"x":${'['.repeat(100_000)}${']'.repeat(100_000)}`)],
  ['a quarter of a million members', 'JSON_TOO_DEEP', inserted(`"x":[${'1,'.repeat(250_000)}1]`)],
  ['a byte over the limit', 'MESSAGE_TOO_LARGE', (good) => joined(good, ' '.repeat(maxMessageBytes + 1 - good.length))],
  ['four times the limit', 'MESSAGE_TOO_LARGE', (good) => joined(good, ' '.repeat(4 * maxMessageBytes))],
  ['a member that nobody knows', 'MESSAGE_MALFORMED', inserted('"more":true')],
  ['another version', 'MESSAGE_MALFORMED', edited('"v":1', '"v":2')],
  ['another type', 'MESSAGE_MALFORMED', edited(/"type":"orgo\.[^"]*"/, '"type":"orgo.other.v1"')],
  ['no items', 'MESSAGE_MALFORMED', edited(/"items":\[.*\]/s, '"items":[]')],
  ['1,025 items', 'MESSAGE_MALFORMED', edited(/"items":\[.*\]/s, `"items":[${'{},'.repeat(1024)}{}]`)],
  ['a zero character', 'MESSAGE_MALFORMED', edited('"traceparent":null', '"traceparent":"\\u0000"')],
  ['a tenant of no form', 'MESSAGE_MALFORMED', edited(`"tenant_id":"${tenant}"`, '"tenant_id":"аcme"')],
  ['another tenant than its subject', 'TENANT_MISMATCH', edited(`"tenant_id":"${tenant}"`, `"tenant_id":"${rival}"`)],
];

const good = (channel: ChannelName): Uint8Array =>
  encodeEnvelope(channel, tenant, [{ ...world.genuine[channel], traceparent: null }]);
const heard = (service: string): Set<string | undefined> =>
  new Set(world.lines.filter((line) => line.service === service).map(({ code }) => code));
const receivers = { reply: 'gatekeeper', claim: 'gatekeeper', decision: 'audit', receipt: 'orchestrator' } as const;

test.each(['reply', 'claim', 'decision', 'receipt'] as const)(
  'a %s in no readable form is refused as a whole with its code, counted, and moves nothing',
  async (channel) => {
    await world.settled();
    const before = await world.standing();
    for (const [what, code, spoil] of spoils) {
      const bytes = spoil(good(channel));
      expect(decodeEnvelope(channel, bytes, subjects[channel]), what).toMatchObject({ ok: false, code });
      const said = await world.liar.ask(subjects[channel], bytes);
      const rows = 'rows' in said ? said.rows : [];
      expect(said, what).toHaveProperty('rows');
      expect(
        rows.filter((row) => row.outcome !== 'refused' || row.code !== code),
        what,
      ).toEqual([]);
    }
    expect(await world.standing()).toEqual(before);
    expect([...heard(receivers[channel])]).toEqual(expect.arrayContaining(spoils.map(([, code]) => code)));
    expect(await world.liar.ask(subjects[channel], good(channel)), 'and it was genuine').toEqual({
      rows: [{ outcome: 'duplicate', code: null }],
    });
  },
);

test('a command in no readable form is dropped and counted, and moves nothing', async () => {
  await world.settled();
  const before = await world.standing();
  // The work queue itself takes nothing over the limit.
  const taken = spoils.filter(([, code]) => code !== 'MESSAGE_TOO_LARGE');
  for (const [, , spoil] of taken) await world.liar.say(subjects.command, spoil(good('command')));
  for (const [, code] of taken)
    await expect.poll(() => world.lines.some((line) => line.code === code && 'adapter' in line), world.soon).toBe(true);
  const after = { ...before, commands: before.commands + taken.length };
  await expect.poll(() => world.standing(), world.soon).toEqual(after);
});

test('a question to audit in no readable form is told so', async () => {
  for (const subject of ['fold', 'sealed'].map((name) => `orgo.v1.${tenant}.audit.${name}`))
    for (const bytes of [new Uint8Array([0xff]), utf8('{"v":1,"v":1}'), utf8('{"v":1}'), utf8('[]')])
      expect(await world.liar.hear(subject, bytes)).toMatchObject({ ok: false, code: 'MESSAGE_MALFORMED' });
});

test('after all of that the build that stood in the middle of it ends COMPLETED', async () => {
  expect(await world.ended()).toMatchObject({ status: 'COMPLETED', reason_codes: [] });
});
