import type { CaseView } from '@orgo/contracts';
import type { Command } from 'commander';
import { createClient } from '../client.ts';
import { findInstance } from '../home.ts';
import { createOutput, table } from '../output.ts';

/** `orgo case list`: what waits for a person. */
export function caseCommand(program: Command): void {
  const cases = program.command('case').description('Cases: what waits for a person');
  cases
    .command('list')
    .description('newest first')
    .option('--cursor <cursor>', 'page to go on with')
    .addHelpText('after', '\nExample:\n  orgo case list --json')
    .action(async (options: { cursor?: string }) => {
      const page = await createClient(findInstance()).call<{ items: CaseView[]; next_cursor: string | null }>(
        'listCases',
        { query: options.cursor ? { cursor: options.cursor } : {} },
      );
      createOutput().result(page, () => [
        ...table(
          ['CASE', 'STATUS', 'SEVERITY', 'CODES', 'TITLE'],
          page.items.map((c) => [c.case_id, c.status, c.severity, c.reason_codes.slice(0, 3).join(','), c.title]),
        ),
        ...(page.next_cursor ? [`more: orgo case list --cursor ${page.next_cursor}`] : []),
      ]);
    });
}
