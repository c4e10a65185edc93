import { type Envelope, maxMessageBytes } from '@orgo/contracts';
import { utf8 } from '@orgo/core';
import { expect, test } from 'vitest';
import { ackOf, ackOfRefusal, decodeAck, decodeEnvelope, encodeEnvelope } from './envelope.ts';

const proof = {
  key_id: 'k',
  role: 'adapter.echo',
  tenant_id: 'acme',
  sig: `${'A'.repeat(86)}==`,
  size: 1,
  index: 0,
  path: [],
};
const signed = { type: 't', payload: '{}', proof };
const item = { reply: signed, command: signed, traceparent: null };
const subject = 'orgo.v1.acme.gate.reply';
const bytesOf = (tenant: string, ...items: unknown[]) => encodeEnvelope('reply', tenant, items);

test('an envelope comes back as it was sent', () => {
  const read = decodeEnvelope<typeof item>('reply', bytesOf('acme', item, item), subject);
  expect(read).toMatchObject({
    ok: true,
    value: { tenant_id: 'acme', items: [item, item] } satisfies Partial<Envelope<typeof item>>,
  });
});

test.each([
  ['too many bytes', new Uint8Array(maxMessageBytes + 1), 'MESSAGE_TOO_LARGE', 0],
  ['no JSON', utf8('{'), 'JSON_MALFORMED', 0],
  ['a key twice', utf8('{"v":1,"v":1}'), 'JSON_DUPLICATE_KEY', 0],
  ['another type', encodeEnvelope('claim', 'acme', [item]), 'MESSAGE_MALFORMED', 1],
  ['an item that is none', bytesOf('acme', item, {}), 'MESSAGE_MALFORMED', 2],
  ['no items', bytesOf('acme'), 'MESSAGE_MALFORMED', 0],
  [
    'U+0000 in a signed text',
    bytesOf('acme', { ...item, reply: { ...signed, payload: '{"a":"\\u0000"}' } }),
    'MESSAGE_MALFORMED',
    1,
  ],
  ['another tenant than the subject', bytesOf('beta', item, item), 'TENANT_MISMATCH', 2],
])('refuses %s', (_, bytes, code, items) => {
  const read = decodeEnvelope('reply', bytes, subject);
  expect(read).toMatchObject({ ok: false, code, items });
  if (!read.ok)
    expect(decodeAck(ackOfRefusal(read), items)).toEqual({
      ok: true,
      value: Array(items).fill({ outcome: 'refused', code }),
    });
});

test('an answer has a row per item, else the sender knows nothing', () => {
  const rows = [{ outcome: 'accepted', code: null } as const];
  expect(decodeAck(ackOf(rows), 1)).toEqual({ ok: true, value: rows });
  expect(decodeAck(ackOf(rows), 2)).toMatchObject({ ok: false, code: 'MESSAGE_MALFORMED' });
  expect(decodeAck(utf8('[]'), 0)).toMatchObject({ ok: false, code: 'MESSAGE_MALFORMED' });
});
