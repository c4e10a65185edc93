import type { ChannelChange, ChannelStatus } from '@orgo/contracts';
import type { Command } from 'commander';
import { describeChannel } from '../channel-view.ts';
import { CliError } from '../cli-error.ts';
import { createClient } from '../client.ts';
import { findInstance } from '../home.ts';
import { createOutput, status, table } from '../output.ts';
import { actor } from './build-actions.ts';

type Act = { reason: string; actor?: string; pack?: string; until?: string; override?: boolean; packSeq?: string };

const packOf = ({ pack }: Act): string => {
  if (pack === undefined || !/^[0-9a-f]{64}$/.test(pack))
    throw new CliError(
      'USAGE_INVALID',
      '--pack is the 64 hex digits of a pack id, as `orgo channel show --json` has them',
    );
  return pack;
};

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
    change: (act) => ({ change: 'pin', pack_id: packOf(act), until: untilOf(act) }),
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
    change: (act) => ({ change: 'revoke', pack_id: packOf(act) }),
  },
  {
    name: 'quarantine',
    help: 'put a pack aside while it is looked at',
    options: ['pack'],
    example: '--pack 4f… --reason "wrong answers"',
    change: (act) => ({ change: 'quarantine', pack_id: packOf(act) }),
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
  pack: (command) => command.requiredOption('--pack <pack>', 'pack id, 64 hex digits'),
  until: (command) => command.option('--until <time>', 'when the pin ends by itself'),
  override: (command) => command.option('--override', 'before the rollback is validated; sealed with your name'),
  seq: (command) => command.requiredOption('--pack-seq <number>', 'lowest pack_seq that may run'),
};

const signed = (command: Command): Command =>
  command
    .requiredOption('--reason <text>', 'why, for the record')
    .option('--actor <name>', 'who acts; by default ORGO_ACTOR, or you');

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
      createOutput().result(page, () => [
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
      ]);
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
        const found = await createClient(findInstance()).call<ChannelStatus>('changeChannel', {
          params: { channel: of },
          body: { change: change(act), actor: act.actor ?? actor(), reason: act.reason },
        });
        createOutput().result(found, () => describeChannel(found));
      });
  }
  rollbacks(area);
}

function rollbacks(area: Command): void {
  const ask = async (of: string, act: Act, trigger: 'operator' | 'emergency' | 'drill'): Promise<void> => {
    const found = await createClient(findInstance()).call<ChannelStatus>('rollbackChannel', {
      params: { channel: of },
      body: {
        mode: act.pack === undefined ? 'last_known_good' : 'pinned',
        pack_id: act.pack === undefined ? null : packOf(act),
        trigger,
        actor: act.actor ?? actor(),
        reason: act.reason,
      },
    });
    createOutput().result(found, () => describeChannel(found));
  };
  signed(
    area
      .command('rollback')
      .description('go back to the last known good pack, or to a named one; promotions stay frozen until you lift it')
      .argument('<channel>'),
  )
    .option('--pack <pack>', 'go to this pack instead of the last known good one')
    .option('--emergency', 'not counted against the hourly limit, and in place of a rollback under way')
    .addHelpText('after', '\nExample:\n  orgo channel rollback stable --reason "wrong answers in the field"')
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
    .addHelpText('after', '\nExample:\n  orgo channel drill stable --reason "monthly drill"')
    .action((of: string, act: Act) => ask(of, act, 'drill'));
}
