import { payloadTypes, roleOfAdapter, type StageReply } from '@orgo/contracts';
import { canonical, type SignedItem, signBatch } from '@orgo/core';
import type { Keyring } from '@orgo/runtime/signer';

type Waiting = { payload: string; resolve(item: SignedItem): void; reject(error: unknown): void };

/**
 * Signs replies with the adapter's key of their tenant. Replies that finish in the same turn of the event loop share one signature.
 * A missing key rejects with Fault SIGNER_UNAVAILABLE: nothing is ever sent unsigned.
 */
export function replySigner(keyring: Keyring, adapter: string): (reply: StageReply) => Promise<SignedItem> {
  const queues = new Map<string, Waiting[]>();

  const flush = async (tenant: string): Promise<void> => {
    const batch = queues.get(tenant) ?? [];
    queues.delete(tenant);
    try {
      const signer = await keyring.signer(tenant, roleOfAdapter(adapter));
      const items = await signBatch(
        batch.map(({ payload }) => ({ type: payloadTypes.reply, payload })),
        signer,
        signer.sign,
      );
      for (const [i, { resolve }] of batch.entries()) resolve(items[i] as SignedItem);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };
  return (reply) =>
    new Promise((resolve, reject) => {
      const tenant = reply.tenant_id;
      const queue = queues.get(tenant);
      const waiting = { payload: canonical(reply), resolve, reject };
      if (queue !== undefined) {
        queue.push(waiting);
        return;
      }
      queues.set(tenant, [waiting]);
      setImmediate(() => void flush(tenant));
    });
}
