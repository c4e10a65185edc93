import type { BuildStatus } from '@orgo/contracts';
import type { Command } from 'commander';
import { createClient } from '../client.ts';
import { findInstance } from '../home.ts';
import { createOutput, status, table } from '../output.ts';

/** `orgo build list`: newest first, by page. */
export function buildList(area: Command): void {
  area
    .command('list')
    .description('builds, newest first')
    .option('--cursor <cursor>', 'page to go on with')
    .addHelpText('after', '\nExample:\n  orgo build list')
    .action(async (options: { cursor?: string }) => {
      const page = await createClient(findInstance()).call<{ items: BuildStatus[]; next_cursor: string | null }>(
        'listBuilds',
        { query: options.cursor === undefined ? {} : { cursor: options.cursor } },
      );
      createOutput().result(page, () => [
        ...table(
          ['BUILD', 'PIPELINE', 'AS OF', 'STATUS'],
          page.items.map((b) => [b.build_id, b.pipeline, b.as_of, status(b.status)]),
        ),
        ...(page.next_cursor ? [`more: orgo build list --cursor ${page.next_cursor}`] : []),
      ]);
    });
}
