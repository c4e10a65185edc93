import {
  type Ack,
  ackSchema,
  type ChannelName,
  channels,
  type Envelope,
  maxMessageBytes,
  tenantOfSubject,
} from '@orgo/contracts';
import { ok, parseStrict, type Refusal, type Result, refuse, utf8 } from '@orgo/core';

/** An envelope holds up to 1,024 items of some forty members each; one payload text is at most 65,535 bytes. */
const limits = { maxBytes: maxMessageBytes, maxMembers: 200_000 };

/** An envelope that is no message. `items` is how many rows its Ack needs; 0 when not even that can be read. */
export type EnvelopeRefusal = Refusal & { items: number };

const countOf = (value: unknown): number =>
  typeof value === 'object' && value !== null && 'items' in value && Array.isArray(value.items)
    ? Math.min(value.items.length, 1024)
    : 0;

const nul = Buffer.from('\\u0000');
/** True for an escaped U+0000, also inside a text that is itself JSON: what cannot be stored must not be accepted. */
export const holdsNul = (bytes: Uint8Array): boolean =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(nul);

/**
 * Reads an envelope from the bus: size, strict JSON, the channel's schema, and the same tenant in subject and body.
 * Refuses with `MESSAGE_TOO_LARGE`, a `JSON_…` code, `MESSAGE_MALFORMED` or `TENANT_MISMATCH`. Signatures are not looked at.
 */
export function decodeEnvelope<Item>(
  channel: ChannelName,
  bytes: Uint8Array,
  subject: string,
): { ok: true; value: Envelope<Item> } | EnvelopeRefusal {
  if (bytes.length > maxMessageBytes) return { ...refuse('MESSAGE_TOO_LARGE', `${bytes.length} bytes`), items: 0 };
  const json = parseStrict(bytes, limits);
  if (!json.ok) return { ...json, items: 0 };
  const items = countOf(json.value);
  if (holdsNul(bytes)) return { ...refuse('MESSAGE_MALFORMED', 'U+0000, which PostgreSQL cannot keep'), items };
  const parsed = channels[channel].schema.safeParse(json.value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return {
      ...refuse('MESSAGE_MALFORMED', issue?.message ?? 'not an envelope', `/${(issue?.path ?? []).join('/')}`),
      items,
    };
  }
  const envelope = parsed.data as Envelope<Item>;
  if (envelope.tenant_id !== tenantOfSubject(subject)) {
    return { ...refuse('TENANT_MISMATCH', 'subject and body name different tenants'), items };
  }
  return ok(envelope);
}

/** Bytes of an envelope. The items must already match the channel's schema. */
export const encodeEnvelope = (channel: ChannelName, tenant_id: string, items: readonly unknown[]): Uint8Array =>
  joinEnvelope(
    channel,
    tenant_id,
    items.map((item) => JSON.stringify(item)),
  );

/** The same from items that are JSON text already: they are joined and not written anew. */
export const joinEnvelope = (channel: ChannelName, tenant_id: string, items: readonly string[]): Uint8Array =>
  utf8(`{"v":1,"type":"${channels[channel].type}","tenant_id":"${tenant_id}","items":[${items.join(',')}]}`);

/** Answer to an envelope: one row per item, in order. Give it only after the commit. */
export const ackOf = (results: Ack['results']): Uint8Array => utf8(JSON.stringify({ v: 1, results }));

/** Answer to an envelope that is no message: every item is refused with the same code. */
export const ackOfRefusal = ({ code, items }: EnvelopeRefusal): Uint8Array =>
  ackOf(Array.from({ length: items }, () => ({ outcome: 'refused' as const, code })));

/**
 * Reads an answer. Refuses with a `JSON_…` code, or `MESSAGE_MALFORMED` also when it has not one row per item: the sender then knows
 * nothing and keeps its items.
 */
export function decodeAck(bytes: Uint8Array, items: number): Result<Ack['results']> {
  const json = parseStrict(bytes, limits);
  if (!json.ok) return json;
  const parsed = ackSchema.safeParse(json.value);
  if (!parsed.success || parsed.data.results.length !== items)
    return refuse('MESSAGE_MALFORMED', 'not an answer to that envelope');
  return ok(parsed.data.results);
}
