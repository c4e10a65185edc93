import type { CaseView } from '@orgo/contracts';
import type { Command } from 'commander';
import { type Client, createClient } from '../client.ts';
import { findInstance } from '../home.ts';
import { createOutput, status, table } from '../output.ts';

const line = (name: string, text: string): string => `${name.padEnd(14)}${text}`;

/** The channel that a Case about a release is about; a placeholder where it is about something else. */
async function channelOf(client: Client, { subject }: CaseView): Promise<string> {
  if (subject?.kind !== 'release') return '<channel>';
  const release = await client.call<{ channel: string }>('getRelease', { params: { release: subject.ref } });
  return release.channel;
}

/** What a person can do about it now. */
const nextOf = ({ status: now, tasks, type }: CaseView, channel: string): string[] => {
  if (now === 'COMPLETED') return [];
  const lift = tasks.find(({ task }) => task === 'unfreeze-promotions')?.status;
  if (lift === 'OPEN') return [line('next', `orgo channel unfreeze ${channel} --reason …`)];
  if (lift === 'BLOCKED') return [line('next', `wait for the nodes: orgo channel show ${channel}`)];
  return type === 'state-drift'
    ? [line('next', `orgo channel show ${channel}, then orgo konnaxion verify <node>`)]
    : [];
};

const describe = (c: CaseView, channel: string): string[] => [
  `${c.case_id}  ${status(c.status)}  ${c.severity}  ${c.type}`,
  c.title,
  ...(c.build_id ? [line('build', c.build_id)] : []),
  ...(c.subject ? [line(c.subject.kind, c.subject.ref)] : []),
  ...(c.reason_codes.length === 0 ? [] : [line('codes', c.reason_codes.join(', '))]),
  ...c.refs.map(({ kind, ref }) => line(kind, ref)),
  ...nextOf(c, channel),
  ...(c.tasks.length === 0
    ? []
    : table(
        ['TASK', 'STATUS', 'BY', 'AT'],
        c.tasks.map((t) => [t.task, status(t.status), t.actor ?? (t.gated ? 'waits for a person' : '–'), t.updated_at]),
      )),
  ...table(
    ['AT', 'WHAT', 'BY', 'WHY'],
    c.audit.map((entry) => [entry.at, entry.type, entry.actor, entry.reason]),
  ),
];

/** `orgo case list|show`: what waits for a person. */
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
      const lines = (): string[] => [
        ...table(
          ['CASE', 'STATUS', 'SEVERITY', 'TYPE', 'TITLE'],
          page.items.map((c) => [c.case_id, status(c.status), c.severity, c.type, c.title]),
        ),
        ...(page.next_cursor ? [`more: orgo case list --cursor ${page.next_cursor}`] : []),
      ];
      createOutput().result(page, () => (page.items.length === 0 ? ['no Case: nothing waits for a person'] : lines()));
    });
  cases
    .command('show')
    .description('a Case with its Tasks and its history')
    .argument('<case>')
    .addHelpText('after', '\nExample:\n  orgo case show case_…')
    .action(async (id: string) => {
      const client = createClient(findInstance());
      const found = await client.call<CaseView>('getCase', { params: { case: id } });
      const channel = await channelOf(client, found);
      createOutput().result(found, () => describe(found, channel));
    });
}
