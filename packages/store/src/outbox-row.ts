/** A row of the outbox as it is read. `id` is the text of a bigint, `item` JSON text. */
export type OutboxRow = {
  id: string;
  tenant_id: string;
  aggregate: string;
  subject: string;
  transport: 'work-queue' | 'request' | 'event' | 'local';
  channel: string;
  message_id: string;
  item: string;
};
