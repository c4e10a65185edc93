import { type ChannelName, isReasonCode, type ReasonCode, reasons } from '@orgo/contracts';
import { digestHex, digestOf, utf8 } from '@orgo/core';
import type { Bus } from '@orgo/runtime/bus';
import { decodeAck, joinEnvelope } from '@orgo/runtime/envelope';
import { Fault } from '@orgo/runtime/errors';
import type { Log } from '@orgo/runtime/log';
import type { ItemResult } from '../machine.ts';
import type { OutboxRow } from '../outbox-row.ts';
import type { Answer, Batch } from './window.ts';

/** Takes rows of transport `local`, which stay in this process. One result per row; durable when it answers other than `later`. */
export type LocalHandler = (rows: readonly LocalRow[]) => Promise<readonly Pick<ItemResult, 'outcome'>[]>;
/** `item` is JSON text. */
export type LocalRow = { tenant_id: string; aggregate: string; message_id: string; item: string };

/**
 * Told of a message that its receiver refused, before its row is gone: what follows from that must be durable when it resolves, and may happen twice. Where it
 * throws, the row stays and is sent again.
 */
export type OnRefused = (row: OutboxRow, code: ReasonCode | null) => Promise<void>;

export type Road = {
  bus: Bus;
  /** By subject. */
  local: Readonly<Record<string, LocalHandler>>;
  requestTimeoutMs: number;
  log: Log;
  refused?: OnRefused | undefined;
};

const envelope = ({ channel, tenant_id, rows }: Batch): Uint8Array =>
  joinEnvelope(
    channel as ChannelName,
    tenant_id,
    rows.map((row) => row.item),
  );

/** A receiver refuses an envelope it cannot read as a whole, and so every item of it. */
const refusedAsAWhole = (results: readonly { outcome: string; code: string | null }[]): boolean => {
  const code = results[0]?.code ?? '';
  const malformed = isReasonCode(code) && reasons[code].http === 400;
  return malformed && results.every((result) => result.outcome === 'refused' && result.code === code);
};

/** Asks the receiver; a row is gone when it is durable there, as accepted, duplicate or refused. */
async function ask({ bus, requestTimeoutMs, log, refused }: Road, batch: Batch): Promise<Answer[]> {
  const bytes = await bus.request(batch.subject, envelope(batch), { timeoutMs: requestTimeoutMs });
  const ack = decodeAck(bytes, batch.rows.length);
  const several = batch.rows.length > 1;
  // One unreadable item must not take the others with it: each is asked about by itself.
  if (several && (!ack.ok || refusedAsAWhole(ack.value))) return batch.rows.map(() => 'alone');
  if (!ack.ok) throw new Fault('MESSAGE_MALFORMED', `${batch.subject} answers no ack: ${ack.detail}`);
  const answered = ack.value.map(async ({ outcome, code }, index): Promise<Answer> => {
    const row = batch.rows[index] as OutboxRow;
    if (outcome !== 'refused') return outcome === 'later' ? 'later' : 'gone';
    const { subject, message_id, aggregate } = row;
    log.warn({ code, subject, message_id, aggregate }, 'message refused');
    await refused?.(row, code as ReasonCode | null);
    return 'gone';
  });
  return Promise.all(answered);
}

async function handOver(road: Road, batch: Batch): Promise<Answer[]> {
  const handler = road.local[batch.subject];
  if (handler === undefined) throw new Fault('INTERNAL_ERROR', `no local handler for ${batch.subject}`);
  const results = await handler(batch.rows);
  return batch.rows.map((_, index) => ((results[index]?.outcome ?? 'later') === 'later' ? 'later' : 'gone'));
}

/**
 * Sends one message and answers what became of each row. @throws Fault when nobody knows: everything is to be sent again, which
 * receivers take for duplicates.
 */
export async function deliver(road: Road, batch: Batch): Promise<Answer[]> {
  switch (batch.transport) {
    case 'request':
      return ask(road, batch);
    case 'local':
      return handOver(road, batch);
    case 'work-queue':
      await road.bus.publishCommand(batch.subject, envelope(batch), {
        // Names exactly these messages: in another batch the stream stores them again, and receivers drop them by their ids.
        msgId: digestHex(digestOf(batch.rows.map((row) => row.message_id))),
      });
      return batch.rows.map(() => 'gone');
    case 'event':
      if (!road.bus.isConnected()) throw new Fault('BUS_UNAVAILABLE', 'not connected');
      for (const row of batch.rows) road.bus.publishEvent(batch.subject, utf8(row.item));
      return batch.rows.map(() => 'gone');
  }
}
