import {
  type CommandItem,
  payloadTypes,
  type ReplyItem,
  replySchema,
  roleOfAdapter,
  type StageReply,
  subjectOf,
} from '@orgo/contracts';
import { type Refusal, refuse, type SignedItem, verifyItem } from '@orgo/core';
import type { Bus } from '@orgo/runtime/bus';
import { ackOf, ackOfRefusal, decodeEnvelope } from '@orgo/runtime/envelope';
import { verifySignature } from '@orgo/runtime/signer';
import type { Root } from '@orgo/runtime/trust';

/** A reply as it arrived: the exact signed item, and what it says when it can be believed, else why not. */
export type Heard = { item: SignedItem; command: SignedItem; reply: StageReply | null; problem: Refusal | null };

/** The place of the gatekeeper: hears every reply, verifies it, and answers `accepted`, or `later` while a command is put off. */
export type Gate = {
  heard: readonly Heard[];
  /** Messages on the reply subject that are none. */
  strays: readonly Refusal[];
  /** Replies to a command, in the order of their arrival. */
  to(command: CommandItem): Heard[];
  /** Called with everything that arrives. Answers how to stop listening. */
  onArrival(listener: () => void): () => void;
  /** Answers the next `times` replies to this command with `later`, which asks for them again. */
  putOff(command: CommandItem, times: number): void;
  stop(): Promise<void>;
};

const readReply = (item: SignedItem, adapter: string, root: Root): Pick<Heard, 'reply' | 'problem'> => {
  const role = roleOfAdapter(adapter);
  const verified = verifyItem(item, {
    type: payloadTypes.reply,
    role,
    tenant_id: root.tenant_id,
    keys: root.keysOf(role),
    verify: verifySignature,
  });
  if (!verified.ok)
    return { reply: null, problem: refuse('REPLY_SIGNATURE_INVALID', `not signed as ${role}: ${verified.detail}`) };
  const parsed = replySchema.safeParse(verified.value.payload);
  if (parsed.success) return { reply: parsed.data as StageReply, problem: null };
  const [issue] = parsed.error.issues;
  return {
    reply: null,
    problem: refuse('REPLY_MALFORMED', `/${(issue?.path ?? []).join('/')} ${issue?.message ?? ''}`),
  };
};

/** Opens the gate of a tenant. */
export async function openGate(bus: Bus, root: Root, adapter: string): Promise<Gate> {
  const heard: Heard[] = [];
  const strays: Refusal[] = [];
  const listeners = new Set<() => void>();
  const later = new Map<string, number>();
  const tenant = root.tenant_id;

  const serving = await bus.serve(subjectOf('reply', { tenant }), 'conformance', async (bytes, { subject }) => {
    const envelope = decodeEnvelope<ReplyItem>('reply', bytes, subject);
    if (!envelope.ok) strays.push(envelope);
    const outcomes = (envelope.ok ? envelope.value.items : []).map(({ reply, command }) => {
      heard.push({ item: reply, command, ...readReply(reply, adapter, root) });
      const left = later.get(command.payload) ?? 0;
      later.set(command.payload, left - 1);
      return { outcome: left > 0 ? ('later' as const) : ('accepted' as const), code: null };
    });
    for (const listener of [...listeners]) listener();
    return envelope.ok ? ackOf(outcomes) : ackOfRefusal(envelope);
  });
  return {
    heard,
    strays,
    to: ({ command }) => heard.filter((one) => one.command.payload === command.payload),
    onArrival(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    putOff(command, times) {
      later.set(command.command.payload, times);
    },
    stop: () => serving.stop(0),
  };
}
