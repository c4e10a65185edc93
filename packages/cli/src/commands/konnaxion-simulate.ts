import fs from 'node:fs';
import path from 'node:path';
import { readTrouble, type Trouble, troubleFile, troubleSchema } from '@orgo/konnaxion-node';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { createClient } from '../client.ts';
import { findInstance } from '../home.ts';
import { folderOf } from '../node-folders.ts';
import { joinNode } from '../node-join.ts';
import { createOutput } from '../output.ts';

/** Names of simulated nodes: they sort as they count. */
export const simulatedName = (n: number): string => `node-${`${n}`.padStart(3, '0')}`;

/** Joins so many nodes, several at a time; those that there are stay as they are. */
export async function joinSimulated(
  client: Parameters<typeof joinNode>[0],
  count: number,
  channel: string,
): Promise<string[]> {
  const names = Array.from({ length: count }, (_, n) => simulatedName(n + 1));
  const left = [...names];
  const worker = async (): Promise<void> => {
    for (let name = left.shift(); name !== undefined; name = left.shift())
      await joinNode(client, name, channel, { fleet: 'simulated' });
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return names;
}

/** Says what is wrong with a node of this home from now on; nothing, where it is null. */
export function writeTrouble(folder: string, trouble: Partial<Trouble> | null): void {
  const file = path.join(folder, troubleFile);
  if (trouble === null) fs.rmSync(file, { force: true });
  else {
    fs.writeFileSync(`${file}.new`, JSON.stringify(troubleSchema.parse(trouble)));
    fs.renameSync(`${file}.new`, file);
  }
}

type Options = {
  tenant?: string;
  clear?: boolean;
  offline?: boolean;
  slow?: string;
  corrupt?: string;
  clock?: string;
  metric?: string[];
};

/** `name=value` or `name=value:samples`. */
function metricOf(text: string): Trouble['metrics'][number] {
  const [, name = '', value = '', samples = '100'] = /^([^=]+)=([0-9.]+)(?::(\d+))?$/.exec(text) ?? [];
  const metric = { name, value: value.includes('.') ? value : Number(value), samples: Number(samples) };
  const parsed = troubleSchema.shape.metrics.unwrap().element.safeParse({ pack_id: null, metric });
  if (!parsed.success)
    throw new CliError('USAGE_INVALID', `--metric ${text}: a metric is name=value or name=value:samples`);
  return parsed.data;
}

/** `orgo konnaxion simulate|trouble`: a fleet on this machine, and what is wrong with its nodes. */
export function konnaxionSimulate(area: Command): void {
  area
    .command('simulate')
    .description('join many nodes on this machine: the same program, each with a key and a folder of its own')
    .argument('<count>', 'how many')
    .requiredOption('--channel <channel>')
    .addHelpText('after', '\nExample:\n  orgo konnaxion simulate 25 --channel stable')
    .action(async (count: string, options: { channel: string }) => {
      if (!/^[1-9]\d{0,3}$/.test(count)) throw new CliError('USAGE_INVALID', `${count}: from 1 to 9999 nodes`);
      const names = await joinSimulated(createClient(findInstance()), Number(count), options.channel);
      createOutput().result({ channel: options.channel, nodes: names }, () => [
        `${names.length} nodes follow ${options.channel}: ${names[0]} to ${names.at(-1)}`,
      ]);
    });
  area
    .command('trouble')
    .description('say what is wrong with a node of this machine, for a rehearsal')
    .argument('<instance>')
    .option('--tenant <tenant>', 'tenant of the node')
    .option('--offline', 'nothing comes through')
    .option('--slow <ms>', 'every request takes so much longer')
    .option('--corrupt <where>', 'a byte of every pack is spoilt: download or disk')
    .option('--clock <ms>', 'its clock is so much ahead')
    .option('--metric <name=value...>', 'what its machine measures, e.g. query_errors_bp=2500:400')
    .option('--clear', 'nothing is wrong any more')
    .addHelpText(
      'after',
      '\nExamples:\n  orgo konnaxion trouble node-007 --corrupt disk\n  orgo konnaxion trouble node-007 --clear',
    )
    .action(async (instance: string, options: Options) => {
      const folder = folderOf(instance, options.tenant);
      if (!fs.existsSync(folder)) throw new CliError('NODE_NOT_FOUND', `no node lives in ${folder}`);
      const asked = {
        offline: options.offline ?? false,
        slow_ms: Number(options.slow ?? 0),
        corrupt: options.corrupt ?? null,
        clock_ms: Number(options.clock ?? 0),
        metrics: (options.metric ?? []).map(metricOf),
      };
      const trouble = troubleSchema.safeParse(asked);
      if (!trouble.success) throw new CliError('USAGE_INVALID', trouble.error.issues[0]?.message ?? '');
      writeTrouble(folder, options.clear ? null : trouble.data);
      const now = await readTrouble(folder);
      createOutput().result({ instance_id: instance, trouble: now }, () => [`${instance}  ${JSON.stringify(now)}`]);
    });
}
