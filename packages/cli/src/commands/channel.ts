import type { ChannelChange, ChannelStatus } from '@orgo/contracts';
import type { Command } from 'commander';
import { channelDone, describeChannel, packOf } from '../channel-view.ts';
import { CliError } from '../cli-error.ts';
import { type Client, createClient } from '../client.ts';
import { findInstance } from '../home.ts';
import { createOutput, status, table } from '../output.ts';
import { actor } from './build-actions.ts';

type Act = {
  reason: string;
  actor?: string;
  key?: string;
  pack?: string;
  until?: string;
  override?: boolean;
  packSeq?: string;
};

/** Who acts and why, as every change says it. */
const saidOf = ({ reason, actor: given }: Act): { actor: string; reason: string } => {
  if (reason.trim() === '') throw new CliError('USAGE_INVALID', '--reason says why, for the record: it is not empty');
  return { actor: given ?? actor(), reason };
};

const keyed = ({ key }: Act): { headers?: Record<string, string> } =>
  key === undefined ? {} : { headers: { 'idempotency-key': key } };

/** The pack that a person means: written whole, or the first digits of one that the channel knows. */
async function withPack<A extends Act>(client: Client, channel: string, act: A): Promise<A> {
  if (act.pack === undefined || /^[0-9a-f]{64}$/.test(act.pack)) return act;
  if (!/^[0-9a-f]{6,63}$/.test(act.pack))
    throw new CliError(
      'USAGE_INVALID',
      '--pack is a pack id, or its first digits (6 at least), as `orgo channel show` has them',
    );
  const known = await client.call<ChannelStatus>('getChannel', { params: { channel } });
  return { ...act, pack: packOf(known, act.pack) };
}

/** A time as the wire has it, from any that a person may write; null where none is given. */
const untilOf = ({ until }: Act): string | null => {
  if (until === undefined) return null;
  const at = new Date(until);
  if (Number.isNaN(at.getTime())) throw new CliError('USAGE_INVALID', `${until} is no time`);
  return at.toISOString();
};

const seqOf = ({ packSeq: seq }: Act): number => {
  if (seq === undefined || !/^[1-9]\d{0,14}$/.test(seq))
    throw new CliError('USAGE_INVALID', '--pack-seq is a pack_seq of `orgo channel show`');
  return Number(seq);
};

type Option = 'pack' | 'until' | 'override' | 'seq';
type Change = { name: string; help: string; options: Option[]; example: string; change(act: Act): ChannelChange };

const changes: Change[] = [
  {
    name: 'pin',
    help: 'hold the channel at one pack: nothing else is promoted',
    options: ['pack', 'until'],
    example: '--pack 4f… --until 2027-01-01 --reason "exam week"',
    change: (act) => ({ change: 'pin', pack_id: act.pack ?? '', until: untilOf(act) }),
  },
  {
    name: 'unpin',
    help: 'let go of the pin',
    options: [],
    example: '--reason "exams are over"',
    change: () => ({ change: 'unpin' }),
  },
  {
    name: 'freeze',
    help: 'promote nothing until it is lifted; rollbacks go on',
    options: [],
    example: '--reason "holiday"',
    change: () => ({ change: 'freeze' }),
  },
  {
    name: 'unfreeze',
    help: 'let promotions go on; after a rollback only when its nodes have validated it, or with --override',
    options: ['override'],
    example: '--reason "the old pack is stable"',
    change: ({ override = false }) => ({ change: 'unfreeze', override }),
  },
  {
    name: 'revoke',
    help: 'no node activates the pack again, ever',
    options: ['pack'],
    example: '--pack 4f… --reason "leaked key"',
    change: ({ pack = '' }) => ({ change: 'revoke', pack_id: pack }),
  },
  {
    name: 'quarantine',
    help: 'put a pack aside while it is looked at',
    options: ['pack'],
    example: '--pack 4f… --reason "wrong answers"',
    change: ({ pack = '' }) => ({ change: 'quarantine', pack_id: pack }),
  },
  {
    name: 'floor',
    help: 'nothing below is activated; a floor only rises',
    options: ['seq'],
    example: '--pack-seq 7 --reason "CVE fixed in 7"',
    change: (act) => ({ change: 'floor', pack_seq: seqOf(act) }),
  },
];

const flags: Record<Option, (command: Command) => Command> = {
  pack: (command) => command.requiredOption('--pack <pack>', 'pack id, or its first digits'),
  until: (command) => command.option('--until <time>', 'when the pin ends by itself'),
  override: (command) => command.option('--override', 'before the rollback is validated; sealed with your name'),
  seq: (command) => command.requiredOption('--pack-seq <number>', 'lowest pack_seq that may run'),
};

const signed = (command: Command): Command =>
  command
    .requiredOption('--reason <text>', 'why, for the record')
    .option('--actor <name>', 'who acts; by default ORGO_ACTOR, or you')
    .option('--key <key>', 'idempotency key: the same again is the same one, and gets the same answer');

/** `orgo channel show|list|pin|unpin|freeze|unfreeze|revoke|quarantine|floor|rollback|drill`: what channels tell their nodes. */
export function channel(program: Command): void {
  const area = program
    .command('channel')
    .description('channels: what nodes are told, what limits it, and the way back');
  area
    .command('list')
    .description('channels by name')
    .option('--cursor <cursor>', 'page to go on with')
    .addHelpText('after', '\nExample:\n  orgo channel list --json')
    .action(async (options: { cursor?: string }) => {
      const page = await createClient(findInstance()).call<{ items: ChannelStatus[]; next_cursor: string | null }>(
        'listChannels',
        { query: options.cursor ? { cursor: options.cursor } : {} },
      );
      const none = [
        'no channel has said anything yet; next: orgo release create --build bld_… --channel stable --wait',
      ];
      const lines = (): string[] => [
        ...table(
          ['CHANNEL', 'STATUS', 'INDEX', 'CURRENT', 'CANDIDATE', 'FLOOR', 'NODES', 'DRIFTED'],
          page.items.map((c) => [
            c.channel,
            status(c.status),
            `${c.index.index_seq}`,
            c.index.current?.pack_id.slice(0, 12) ?? '–',
            c.index.candidate?.offer.pack_id.slice(0, 12) ?? '–',
            `${c.floor.pack_seq}`,
            `${c.counts.nodes}`,
            `${c.counts.drifted}`,
          ]),
        ),
        ...(page.next_cursor ? [`more: orgo channel list --cursor ${page.next_cursor}`] : []),
      ];
      createOutput().result(page, () => (page.items.length === 0 ? none : lines()));
    });
  area
    .command('show')
    .description('what a channel says, its limits and history, and the nodes that are elsewhere')
    .argument('<channel>')
    .addHelpText('after', '\nExample:\n  orgo channel show stable')
    .action(async (name: string) => {
      const found = await createClient(findInstance()).call<ChannelStatus>('getChannel', { params: { channel: name } });
      createOutput().result(found, () => describeChannel(found));
    });
  for (const { name, help, options, example, change } of changes) {
    const command = signed(area.command(name).description(help).argument('<channel>'));
    for (const option of options) flags[option](command);
    command
      .addHelpText('after', `\nExample:\n  orgo channel ${name} stable ${example}`)
      .action(async (of: string, act: Act) => {
        const client = createClient(findInstance());
        const said = saidOf(act);
        const found = await client.call<ChannelStatus>('changeChannel', {
          params: { channel: of },
          body: { change: change(await withPack(client, of, act)), ...said },
          ...keyed(act),
        });
        createOutput().result(found, () => [...channelDone(found, name), ...describeChannel(found)]);
      });
  }
  rollbacks(area);
}

function rollbacks(area: Command): void {
  const ask = async (of: string, act: Act, trigger: 'operator' | 'emergency' | 'drill'): Promise<void> => {
    const client = createClient(findInstance());
    const said = saidOf(act);
    const { pack = null } = await withPack(client, of, act);
    const mode = pack === null ? 'last_known_good' : 'pinned';
    const found = await client.call<ChannelStatus>('rollbackChannel', {
      params: { channel: of },
      body: { mode, pack_id: pack, trigger, ...said },
      ...keyed(act),
    });
    const kind = trigger === 'drill' ? 'drill' : 'rollback';
    createOutput().result(found, () => [...channelDone(found, kind, pack), ...describeChannel(found)]);
  };
  signed(
    area
      .command('rollback')
      .description('go back to the last known good pack, or to a named one; promotions stay frozen until you lift it')
      .argument('<channel>'),
  )
    .option('--pack <pack>', 'go to this pack (or its first digits) instead of the last known good one')
    .option('--emergency', 'not counted against the hourly limit, and in place of a rollback under way')
    .addHelpText(
      'after',
      '\nIt answers when the decision is sealed; the nodes follow by themselves, and `orgo channel show` says when they have. A Case is open until you unfreeze.\n\nExamples:\n  orgo channel rollback stable --reason "wrong answers in the field"\n  orgo channel rollback stable --pack 4f01c9 --emergency --reason "leaked key"',
    )
    .action((of: string, act: Act & { emergency?: boolean }) => ask(of, act, act.emergency ? 'emergency' : 'operator'));
  signed(
    area
      .command('drill')
      .description(
        'everything of a rollback but the switch: finds the target, reads every byte, asks the gatekeeper, records it',
      )
      .argument('<channel>'),
  )
    .option('--pack <pack>', 'try this pack instead of the last known good one')
    .addHelpText(
      'after',
      '\nIt leaves an entry in the log and in the history of the channel, and nothing else: no authorization is signed, no node is told, no Case is opened.\n\nExample:\n  orgo channel drill stable --reason "monthly drill"',
    )
    .action((of: string, act: Act) => ask(of, act, 'drill'));
}
