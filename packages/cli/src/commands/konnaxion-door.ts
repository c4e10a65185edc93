import fs from 'node:fs';
import { dsseEnvelopeSchema } from '@orgo/contracts';
import { type NodeState, queryActive, stateRecord } from '@orgo/konnaxion-node';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { askNode } from '../node-door.ts';
import { folderOf, nodeOf } from '../node-folders.ts';
import { createOutput } from '../output.ts';

type Tenant = { tenant?: string };

/** `orgo konnaxion activate|rollback|health`: asked of a running node at its own door; `query|state`: read from its folder. */
export function konnaxionDoor(area: Command): void {
  const command = (name: string, description: string, example: string): Command =>
    area
      .command(name)
      .description(description)
      .argument('<instance>')
      .option('--tenant <tenant>', 'tenant of the node')
      .addHelpText('after', `\nExample:\n  ${example}`);

  command(
    'activate',
    'try again to activate a pack that lies on a node and that its channel offers it',
    'orgo konnaxion activate edge-1 --pack <id>',
  )
    .requiredOption('--pack <id>', 'the pack')
    .action(async (instance: string, options: Tenant & { pack: string }) => {
      const state = await askNode<NodeState>(nodeOf(instance, options.tenant), 'POST', 'activate', {
        pack_id: options.pack,
      });
      createOutput().result(state, () => [`${instance} runs ${state.active?.pack_id}`]);
    });
  command(
    'rollback',
    'go back to the last known good pack of a node, under the gatekeeper’s authorization',
    'orgo konnaxion rollback edge-1',
  )
    .option('--authorization <file>', 'a signed authorization; default is the one in the channel')
    .action(async (instance: string, options: Tenant & { authorization?: string }) => {
      const authorization = options.authorization === undefined ? null : readAuthorization(options.authorization);
      const state = await askNode<NodeState>(nodeOf(instance, options.tenant), 'POST', 'rollback', { authorization });
      createOutput().result(state, () => [`${instance} runs ${state.active?.pack_id}`]);
    });
  command('health', 'read the active pack of a running node back, and ask it', 'orgo konnaxion health edge-1').action(
    async (instance: string, options: Tenant) => {
      type Health = { health: string; unreported: number; metrics: { name: string; value: number | string }[] };
      const found = await askNode<Health>(nodeOf(instance, options.tenant), 'GET', 'health');
      createOutput().result(found, () => [
        `${found.health}  ${found.metrics.map(({ name, value }) => `${name} ${value}`).join('  ')}  unreported ${found.unreported}`,
      ]);
    },
  );
  command(
    'query',
    'ask the active pack of a node, whose bytes are verified first',
    `orgo konnaxion query edge-1 '{"s":"Q142","limit":3}'`,
  )
    .argument('<query>', 'a query of the pack’s contract, in JSON')
    .action(async (instance: string, query: string, options: Tenant) => {
      const page = await queryActive(folderOf(instance, options.tenant), parseJson(query));
      if (!page.ok) throw new CliError(page.code, page.detail);
      createOutput().result(page.value, () => page.value.results.map((row) => JSON.stringify(row)));
    });
  command('state', 'the newest state record of a node, and its public form', 'orgo konnaxion state edge-1 --json')
    .option('--public', 'the public kOA form alone')
    .action(async (instance: string, options: Tenant & { public?: boolean }) => {
      const found = await stateRecord({ dir: folderOf(instance, options.tenant) });
      if (found === null) throw new CliError('PACK_NOT_ACTIVE', `${instance} has done nothing yet`);
      if (options.public && !found.public.ok) throw new CliError(found.public.code, found.public.detail);
      const shown = options.public && found.public.ok ? found.public.value : found;
      createOutput().result(shown, () => [JSON.stringify(shown, null, 2)]);
    });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CliError('USAGE_INVALID', `the query is no JSON: ${(error as Error).message}`);
  }
}

function readAuthorization(file: string): unknown {
  try {
    return dsseEnvelopeSchema.parse(JSON.parse(fs.readFileSync(file, 'utf8')));
  } catch (error) {
    throw new CliError('INPUT_UNREADABLE', `${file}: ${(error as Error).message}`);
  }
}
