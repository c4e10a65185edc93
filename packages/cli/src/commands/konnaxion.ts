import type { NodeLabels, NodeView } from '@orgo/contracts';
import { openPackFolder, placesIn, readNode } from '@orgo/konnaxion-node';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { createClient } from '../client.ts';
import { findInstance } from '../home.ts';
import { folderOf } from '../node-folders.ts';
import { joinNode } from '../node-join.ts';
import { createOutput, shortDigest, table } from '../output.ts';
import { konnaxionDoor } from './konnaxion-door.ts';
import { konnaxionSimulate } from './konnaxion-simulate.ts';

/** `orgo konnaxion …`: the nodes of this home. */
export function konnaxion(program: Command): void {
  const area = program.command('konnaxion').description('Konnaxion nodes');
  area
    .command('join')
    .description('make a node here and enroll it in a channel')
    .argument('<instance>', 'name of the node')
    .requiredOption('--channel <channel>')
    .option('--label <name=value...>', 'what cohorts may choose it by')
    .addHelpText('after', '\nExample:\n  orgo konnaxion join edge-1 --channel stable --label site=north')
    .action(async (instance: string, options: { channel: string; label?: string[] }) => {
      const found = await joinNode(createClient(findInstance()), instance, options.channel, labelsOf(options.label));
      createOutput().result(found, () => [`${found.instance_id} follows ${found.channel}; key ${found.key_id}`]);
    });
  area
    .command('list')
    .description('nodes and what they reported')
    .addHelpText('after', '\nExample:\n  orgo konnaxion list')
    .action(async () => {
      const page = await createClient(findInstance()).call<{ items: NodeView[]; next_cursor: string | null }>(
        'listNodes',
      );
      createOutput().result(page, () =>
        table(
          ['NODE', 'CHANNEL', 'ACTIVE PACK', 'HEALTH', 'LAST REPORT'],
          page.items.map((n) => [
            n.instance_id,
            n.channel,
            shortDigest(n.active_pack_id),
            n.health,
            n.last_report_at ?? '–',
          ]),
        ),
      );
    });
  area
    .command('active')
    .description('the active pack of a node, read from its own folder, without the network')
    .argument('<instance>')
    .option('--tenant <tenant>', 'tenant of the node')
    .addHelpText('after', '\nExample:\n  orgo konnaxion active edge-1')
    .action(async (instance: string, options: { tenant?: string }) => {
      const node = await readNode(folderOf(instance, options.tenant));
      createOutput().result({ instance_id: node.instance_id, tenant_id: node.tenant_id, ...node.state }, () => [
        node.state.active
          ? `${node.state.active.pack_id}  release ${node.state.active.release_id} #${node.state.active.release_seq}`
          : 'nothing is active yet',
      ]);
    });
  area
    .command('verify')
    .description('read back every byte of the active pack of a node')
    .argument('<instance>')
    .option('--tenant <tenant>', 'tenant of the node')
    .addHelpText('after', '\nExample:\n  orgo konnaxion verify edge-1')
    .action(async (instance: string, options: { tenant?: string }) => {
      const folder = folderOf(instance, options.tenant);
      const { state } = await readNode(folder);
      if (!state.active) throw new CliError('PACK_NOT_ACTIVE', `${instance} has activated nothing yet`);
      const opened = await openPackFolder(placesIn(folder).pack(state.active.pack_id), state.active.pack_id);
      if (!opened.ok) throw new CliError(opened.code, opened.detail);
      createOutput().result(
        {
          instance_id: instance,
          pack_id: state.active.pack_id,
          ok: true,
          files: opened.value.verified.manifest.files.length,
        },
        () => [`sound  ${state.active?.pack_id}  ${opened.value.verified.manifest.files.length} files`],
      );
    });
  konnaxionDoor(area);
  konnaxionSimulate(area);
}

/** `name=value` texts as labels. @throws CliError USAGE_INVALID */
function labelsOf(texts: readonly string[] | undefined): NodeLabels | undefined {
  if (texts === undefined) return undefined;
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new CliError('USAGE_INVALID', `--label ${text}: a label is name=value`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
