import { type CommandItem, type Envelope, type ReceiptItem, type StageCommand, tenantOfSubject } from '@orgo/contracts';
import { digestOfBytes, utf8 } from '@orgo/core';
import type { History } from '../kit/history.ts';
import { joinBus } from '../kit/overhear.ts';

export type Ear = {
  /** What was heard about the builds of a tenant, in order. */
  of(tenant: string): History['heard'][number][];
  /** Resolves when the first command of a stage is heard; never, where that is missed. */
  commanded(tenant: string, stage: string): Promise<void>;
  close(): Promise<void>;
};

const digest = (payload: string) => digestOfBytes(utf8(payload));

/** Hears receipts and commands on the bus, in the order in which the server had them. */
export async function listen(url: string): Promise<Ear> {
  const nats = await joinBus(url);
  const heard = new Map<string, History['heard'][number][]>();
  const awaited = new Map<string, () => void>();
  const isCommandOf = (stage: string) => (one: History['heard'][number]) =>
    one.type === 'command' && one.stage === stage;
  const ear: Ear = {
    of: (tenant) => heard.get(tenant) ?? [],
    commanded: (tenant, stage) =>
      new Promise((resolve) => {
        if (ear.of(tenant).some(isCommandOf(stage))) resolve();
        else awaited.set(`${tenant} ${stage}`, resolve);
      }),
    close: () => nats.close(),
  };
  const take = (subject: string, text: string): void => {
    const tenant = tenantOfSubject(subject);
    const all = heard.get(tenant) ?? [];
    heard.set(tenant, all);
    if (subject.includes('.receipt.'))
      for (const { decision } of (JSON.parse(text) as Envelope<ReceiptItem>).items)
        all.push({ type: 'receipt', decision: digest(decision.payload) });
    else
      for (const { command, decision, seal } of (JSON.parse(text) as Envelope<CommandItem>).items) {
        const { stage, attempt, authorization_digest } = JSON.parse(command.payload) as StageCommand;
        all.push({
          type: 'command',
          stage,
          attempt,
          decision: digest(decision?.payload ?? ''),
          index: seal?.index ?? -1,
          authorization: authorization_digest,
        });
        awaited.get(`${tenant} ${stage}`)?.();
        awaited.delete(`${tenant} ${stage}`);
      }
  };
  // One subscription, so that the order among subjects is the server's.
  nats.subscribe('orgo.v1.>', {
    callback: (_, m) => {
      if (m.subject.includes('.receipt.') || m.subject.includes('.cmd.')) take(m.subject, m.string());
    },
  });
  await nats.flush();
  return ear;
}
