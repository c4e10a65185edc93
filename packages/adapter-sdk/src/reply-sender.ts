import { maxMessageBytes, type ReplyItem, subjectOf } from '@orgo/contracts';
import type { Bus } from '@orgo/runtime/bus';
import { decodeAck, joinEnvelope } from '@orgo/runtime/envelope';
import { Fault } from '@orgo/runtime/errors';

type Waiting = { text: string; size: number; resolve(): void; reject(error: unknown): void };

/** Room for the envelope around its items. */
const overhead = 1024;
const maxItems = 1024;

/** Takes from the front of a queue what one message can carry; at least one item. */
const takeBatch = (queue: Waiting[]): Waiting[] => {
  let size = overhead;
  let count = 0;
  for (const { size: more } of queue.slice(0, maxItems)) {
    if (count > 0 && size + more > maxMessageBytes) break;
    size += more;
    count++;
  }
  return queue.splice(0, count);
};

/**
 * Sends replies to the gatekeeper and waits for its word, given after its commit. Whatever queues while a message is on its way goes with the next one,
 * so a busy gatekeeper gets large messages and an idle one gets them at once.
 *
 * Resolves when the gatekeeper has the reply for good (accepted, duplicate or refused). Rejects with a Fault when it has not said so: the caller sends the
 * same bytes again.
 */
export function replySender(bus: Bus, timeoutMs = 10_000): (tenant: string, item: ReplyItem) => Promise<void> {
  const queues = new Map<string, Waiting[]>();

  const sendBatch = async (tenant: string, batch: Waiting[]): Promise<void> => {
    try {
      const bytes = joinEnvelope(
        'reply',
        tenant,
        batch.map(({ text }) => text),
      );
      const answer = await bus.request(subjectOf('reply', { tenant }), bytes, { timeoutMs });
      // crash: if we die here the gatekeeper has the replies and the commands come again; they are duplicates then.
      const ack = decodeAck(answer, batch.length);
      if (!ack.ok) throw new Fault('GATE_UNAVAILABLE', ack.detail);
      for (const [i, { resolve, reject }] of batch.entries()) {
        if (ack.value[i]?.outcome === 'later') reject(new Fault('GATE_UNAVAILABLE', ack.value[i]?.code ?? 'later'));
        else resolve();
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };
  const drainQueue = async (tenant: string, queue: Waiting[]): Promise<void> => {
    while (queue.length > 0) await sendBatch(tenant, takeBatch(queue));
    queues.delete(tenant);
  };
  return (tenant, item) =>
    new Promise((resolve, reject) => {
      const text = JSON.stringify(item);
      const waiting = { text, size: Buffer.byteLength(text) + 1, resolve, reject };
      const queue = queues.get(tenant);
      if (queue !== undefined) {
        queue.push(waiting);
        return;
      }
      const started = [waiting];
      queues.set(tenant, started);
      void drainQueue(tenant, started);
    });
}
