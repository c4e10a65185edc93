import { join } from 'node:path';
import {
  type Authorization,
  type ChannelName,
  type ClaimItem,
  type CommandItem,
  type DecisionItem,
  type GateClaim,
  type GateDecision,
  payloadTypes,
  type ReceiptItem,
  type ReplyItem,
  type SignedItemWire,
  type StageCommand,
  type StageReply,
  subjectOf,
} from '@orgo/contracts';
import { canonicalBytes, digestOf, type JsonValue } from '@orgo/core';
import { type Clock, systemClock } from '@orgo/runtime/clock';
import { encodeEnvelope } from '@orgo/runtime/envelope';
import { createLog } from '@orgo/runtime/log';
import { createKey } from '@orgo/runtime/signer';
import { createTenant } from '@orgo/runtime/trust';
import { expect } from 'vitest';
import { Liar, type Said, type Stolen, signAs } from '../kit/liar.ts';
import { itemsOf } from '../kit/overhear.ts';
import { soon, tenant } from './orchestrator-instance.ts';
import { echo, type Ring, startRing } from './orchestrator-ring.ts';

export const rival = 'rival';

/** What a liar has words for. */
export type Words = 'reply' | 'claim' | 'decision' | 'authorization' | 'command';
const signers: Record<Words, string> = {
  reply: 'adapter.echo',
  claim: 'orchestrator',
  command: 'orchestrator',
  decision: 'gatekeeper',
  authorization: 'gatekeeper',
};

/** Genuine messages about a build whose second stage is at work and does not end. */
export type Overheard = {
  claim: ClaimItem;
  command: CommandItem;
  reply: ReplyItem;
  decision: DecisionItem;
  receipt: ReceiptItem;
};

/** What a lie would change if it were believed. */
export type Standing = {
  builds: string;
  gates: string;
  stages: string;
  leaves: number;
  decisions: number;
  inbox: number[];
  commands: number;
};

const standing = `SELECT
(SELECT string_agg(id || ' ' || md5(state::text), ',' ORDER BY id) FROM orchestrator.build) AS builds,
(SELECT string_agg(id || ' ' || md5(state::text), ',' ORDER BY id) FROM gatekeeper.gate) AS gates,
(SELECT string_agg(id || ' ' || phase || ' ' || md5((state -> 'stages')::text), ',' ORDER BY id) FROM gatekeeper.gate) AS stages,
(SELECT count(*)::int FROM audit.log_leaf) AS leaves,
(SELECT count(*)::int FROM gatekeeper.decision) AS decisions,
ARRAY[(SELECT count(*) FROM orchestrator.inbox), (SELECT count(*) FROM gatekeeper.inbox), (SELECT count(*) FROM audit.inbox)]::int[] AS inbox`;
const waiting = `SELECT (SELECT count(*) FROM orchestrator.outbox)::int + (SELECT count(*) FROM gatekeeper.outbox)::int
+ (SELECT count(*) FROM audit.outbox)::int AS rows`;

export const subjects: Record<ChannelName, string> = {
  command: subjectOf('command', { tenant, adapter: 'echo' }),
  reply: subjectOf('reply', { tenant }),
  claim: subjectOf('claim', { tenant }),
  decision: subjectOf('decision', { tenant }),
  receipt: subjectOf('receipt', { tenant, service: 'orchestrator' }),
};

export type LiarsWorld = Awaited<ReturnType<typeof startLiarsWorld>>;

/** The whole ring, a second tenant in the same home, a build that is held in mid-flight, and a liar that has heard it all. */
export async function startLiarsWorld() {
  const lines: { service: string; code?: string; count?: number }[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const log = createLog({ service: 'orchestrator', level: 'info', destination });
  // For an adapter an hour behind the lease of the held build does not end.
  const clock: Clock = { ...systemClock, now: () => new Date(Date.now() - 3_600_000) };
  const ring: Ring = await startRing({ adapters: ['echo', 'pin'], log, clock });
  const { home } = ring.instance;
  await createTenant(home, rival, { adapters: ['echo'] });
  const liar = await Liar.open(ring.instance.urls.NATS_URL);

  const release = Promise.withResolvers<void>();
  ring.run = async (context) => {
    if ((context.config as { step: number }).step === 2) await release.promise;
    return echo(context);
  };
  const { build_id } = await ring.started('held');
  const overheard = async <Item>(ending: string, holds: (item: Item) => boolean): Promise<Item> => {
    const fits = (item: Item) => JSON.stringify(item).includes(build_id) && holds(item);
    const message = await liar.ear.until(
      (m) => m.subject.startsWith(`orgo.v1.${tenant}.`) && m.subject.endsWith(ending) && itemsOf<Item>(m).some(fits),
    );
    return itemsOf<Item>(message).find(fits) as Item;
  };
  const read = <T>(item: SignedItemWire): T => JSON.parse(item.payload) as T;
  const opens = (item: DecisionItem | ReceiptItem) => read<GateDecision>(item.decision).stage === 'echo-1';
  const genuine: Overheard = {
    command: await overheard<CommandItem>('.cmd.echo', (i) => read<StageCommand>(i.command).stage === 'echo-2'),
    claim: await overheard<ClaimItem>('.gate.claim', () => true),
    reply: await overheard<ReplyItem>('.gate.reply', () => true),
    decision: await overheard<DecisionItem>('.audit.decision', opens),
    receipt: await overheard<ReceiptItem>('.receipt.orchestrator', opens),
  };
  // Nor does it for the orchestrator.
  await ring.rows(`UPDATE alarm SET due_at = now() + interval '1 day' WHERE id = $1`, [build_id]);

  const { keyring, artifacts } = ring.platform;
  const keysOf = async (role: string): Promise<Stolen> => ({
    rightful: await keyring.signer(tenant, role),
    stranger: await createKey(join(home, 'strangers'), tenant, role),
    thief: await keyring.signer(tenant, 'adapter.pin'),
    foreign: await keyring.signer(rival, role),
  });

  const output = await artifacts.put(tenant, 'echo-text', 'application/json', canonicalBytes({ of: 'a liar' }));
  const command = read<StageCommand>(genuine.command.command);
  const decision = read<GateDecision>(genuine.decision.decision);
  const authorization = {
    ...read<Authorization>(genuine.decision.authorizations[0] as SignedItemWire),
    stage: 'echo-3',
    inputs: [output],
  };
  let attempts = 100;
  /** The words of a lie: each would move the held build if it were believed. */
  const words = {
    reply: (): StageReply => ({
      ...read<StageReply>(genuine.reply.reply),
      stage: 'echo-2',
      idem_key: command.idem_key,
      command_digest: digestOf(command),
      authorization_digest: command.authorization_digest,
      outputs: [output],
    }),
    claim: (): GateClaim => ({
      ...read<GateClaim>(genuine.claim.claim),
      claim: 'CANCEL',
      inputs: [],
      detail: {},
      actor: 'mallory',
    }),
    decision: (): GateDecision => ({
      ...decision,
      stage: 'echo-2',
      outputs: [output],
      authorizations: [digestOf(authorization)],
    }),
    authorization: (): Authorization => authorization,
    /** Another command each time, so that its refusal is known by its digest. */
    command: (): StageCommand => ({
      ...command,
      attempt: attempts++,
      not_after: new Date(Date.now() + 600_000).toISOString(),
    }),
  };

  const refuses = ({ reply }: ReplyItem, digest: string): boolean =>
    reply.payload.includes(`"command_digest":"${digest}"`) && reply.payload.includes('"status":"refused"');
  const settled = async (): Promise<void> => {
    await expect.poll(async () => (await ring.rows<{ rows: number }>(waiting))[0]?.rows, { timeout: 30_000 }).toBe(0);
  };
  return {
    ring,
    liar,
    lines,
    genuine,
    words,
    build_id,
    read,
    keysOf,
    settled,
    async standing(): Promise<Standing> {
      const [row] = await ring.rows<Omit<Standing, 'commands'>>(standing);
      return { ...(row as Standing), commands: liar.ear.of(tenant, '.cmd.echo').length };
    },
    /** The same words, signed by who may say them. */
    truth: async (what: Words): Promise<SignedItemWire> =>
      signAs(await keyring.signer(tenant, signers[what]), payloadTypes[what], words[what]() as unknown as JsonValue),
    ask: (channel: ChannelName, item: unknown): Promise<Said> =>
      liar.ask(subjects[channel], encodeEnvelope(channel, tenant, [item])),
    /** Lets the held build go on, and answers how it ends. */
    async ended() {
      release.resolve();
      return ring.ended(build_id);
    },
    /** Waits for a refusal of the command with this digest. */
    refusalOf: async (digest: string): Promise<StageReply> => {
      const message = await liar.ear.until(
        (m) => m.subject === subjects.reply && itemsOf<ReplyItem>(m).some((item) => refuses(item, digest)),
      );
      const found = itemsOf<ReplyItem>(message).find((item) => refuses(item, digest)) as ReplyItem;
      return read<StageReply>(found.reply);
    },
    soon,
    async stop() {
      release.resolve();
      await liar.close();
      await ring.stop();
    },
  };
}
