import type { DeadLetterView, OperationId } from '@orgo/contracts';
import type { Command } from 'commander';
import { createClient } from '../client.ts';
import { findInstance } from '../home.ts';
import { createOutput, table } from '../output.ts';
import { shown } from '../read-input.ts';
import { actor } from './build-actions.ts';

type Page = { items: DeadLetterView[]; next_cursor: string | null };

const lines = (letters: readonly DeadLetterView[]): string[] =>
  table(
    ['DOCUMENT', 'STATUS', 'CODE', 'STAGE', 'BUILD', 'PATH'],
    letters.map((letter) => [
      letter.ref,
      letter.status,
      letter.code,
      letter.stage,
      letter.build_id,
      shown(letter.path),
    ]),
  );

const acts: { name: string; operation: OperationId; help: string }[] = [
  { name: 'requeue', operation: 'requeueDeadLetter', help: 'have the next build take a document again' },
  { name: 'drop', operation: 'dropDeadLetter', help: 'leave a document out for good; requeue takes that back' },
];

/** `orgo deadletter list|requeue|drop`: documents that builds put aside because their mandate lets them. */
export function deadletter(program: Command): void {
  const area = program.command('deadletter').description('documents that builds put aside');
  area
    .command('list')
    .description('newest first; without --all those that nobody has dropped or requeued')
    .option('--all', 'also those that were dropped or requeued')
    .option('--cursor <cursor>', 'page to go on with')
    .addHelpText('after', '\nExample:\n  orgo deadletter list --all --json')
    .action(async (options: { all?: boolean; cursor?: string }) => {
      const page = await createClient(findInstance()).call<Page>('listDeadLetters', {
        query: options.cursor ? { cursor: options.cursor } : {},
      });
      const items = options.all ? page.items : page.items.filter(({ status }) => status === 'OPEN');
      createOutput().result({ ...page, items }, () => [
        ...lines(items),
        ...(page.next_cursor ? [`more: orgo deadletter list --cursor ${page.next_cursor}`] : []),
      ]);
    });
  for (const { name, operation, help } of acts)
    area
      .command(name)
      .description(help)
      .argument('<document>', 'its digest, sha256:…, as the list shows it')
      .option('--reason <text>', 'why, for the record', '')
      .addHelpText('after', `\nExample:\n  orgo deadletter ${name} sha256:4f… --reason "the limit was raised"`)
      .action(async (document: string, options: { reason: string }) => {
        const marked = await createClient(findInstance()).call<{ items: DeadLetterView[] }>(operation, {
          params: { letter: document },
          body: { actor: actor(), reason: options.reason },
        });
        createOutput().result(marked, () => lines(marked.items));
      });
}
