import type { CommandItem, Envelope, GateDecision, ReceiptItem, StageCommand } from '@orgo/contracts';
import { digestOfBytes, utf8 } from '@orgo/core';
import type { History } from '../kit/history.ts';
import { joinBus } from '../kit/overhear.ts';

export type Ear = {
  /** What was heard about a build, in order. */
  of(build: string): History['heard'][number][];
  /** Resolves when the first command of a stage is heard; never, where that is missed. */
  commanded(build: string, stage: string): Promise<void>;
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
    of: (build) => heard.get(build) ?? [],
    commanded: (build, stage) =>
      new Promise((resolve) => {
        if (ear.of(build).some(isCommandOf(stage))) resolve();
        else awaited.set(`${build} ${stage}`, resolve);
      }),
    close: () => nats.close(),
  };
  const keep = (build: string, one: History['heard'][number]): void => {
    const all = heard.get(build);
    if (all === undefined) heard.set(build, [one]);
    else all.push(one);
  };
  const take = (subject: string, text: string): void => {
    if (subject.includes('.receipt.'))
      for (const { decision } of (JSON.parse(text) as Envelope<ReceiptItem>).items) {
        const { build_id } = JSON.parse(decision.payload) as GateDecision;
        keep(build_id, { type: 'receipt', decision: digest(decision.payload) });
      }
    else
      for (const { command, decision, seal } of (JSON.parse(text) as Envelope<CommandItem>).items) {
        const { build_id, stage, attempt, authorization_digest } = JSON.parse(command.payload) as StageCommand;
        keep(build_id, {
          type: 'command',
          stage,
          attempt,
          decision: digest(decision?.payload ?? ''),
          index: seal?.index ?? -1,
          authorization: authorization_digest,
        });
        awaited.get(`${build_id} ${stage}`)?.();
        awaited.delete(`${build_id} ${stage}`);
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
