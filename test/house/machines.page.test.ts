import { logTable } from '@orgo/audit/domain';
import { mermaid } from '@orgo/core';
import {
  channelGateTable,
  nodeTable as gateNodeTable,
  releaseTable as gateReleaseTable,
  gateTable,
  trustRootTable as gateTrustRootTable,
} from '@orgo/gatekeeper/domain';
import { buildTable, caseTable, stageTable } from '@orgo/orchestrator/domain';
import { channelTable, nodeTable, releaseTable, trustRootTable } from '@orgo/release/domain';
import { expect, it } from 'vitest';

type Machine = { name: string; text: string; initial: string; table: Parameters<typeof mermaid>[0] };

const machines: { of: string; machines: Machine[] }[] = [
  {
    of: 'orchestrator',
    machines: [
      {
        name: 'Build',
        text: 'One governed run. `NEW` is never stored; nothing leads to `VOIDED` yet.',
        initial: 'NEW',
        table: buildTable,
      },
      {
        name: 'Stage of a build',
        text: 'There is one open stage at a time. `SKIP` is for optional stages, which no pipeline has yet.',
        initial: 'PENDING',
        table: stageTable,
      },
      {
        name: 'Case',
        text: 'What a person has to look at, with Tasks where something has to be done.',
        initial: 'NEW',
        table: caseTable,
      },
    ],
  },
  {
    of: 'gatekeeper',
    machines: [
      {
        name: 'Gate of a build',
        text: 'What may still be decided about a build. None is terminal: a contradiction is put on record also after the end.',
        initial: 'NEW',
        table: gateTable,
      },
      {
        name: 'Gate of a release',
        text: 'What may still be decided about a release.',
        initial: 'NEW',
        table: gateReleaseTable,
      },
      { name: 'Gate of a node', text: 'Whether a node may speak.', initial: 'UNKNOWN', table: gateNodeTable },
      {
        name: 'Gate of a channel',
        text: 'What may be decided about a channel: bars, floors and leaves to go back.',
        initial: 'OPEN',
        table: channelGateTable,
      },
      {
        name: 'Gate of trust roots',
        text: 'Which root of a tenant is in its log.',
        initial: 'FIRST',
        table: gateTrustRootTable,
      },
    ],
  },
  { of: 'audit', machines: [{ name: 'Log of a tenant', text: 'It only grows.', initial: 'OPEN', table: logTable }] },
  {
    of: 'release',
    machines: [
      { name: 'Release', text: 'A completed build on its way to a channel.', initial: 'NEW', table: releaseTable },
      { name: 'Channel', text: 'What its nodes are asked to run.', initial: 'NEW', table: channelTable },
      { name: 'Node', text: 'What is known about a node.', initial: 'NEW', table: nodeTable },
      {
        name: 'Trust roots',
        text: 'Published roots of a tenant on their way into its log.',
        initial: 'WATCHING',
        table: trustRootTable,
      },
    ],
  },
];

/** The page as the tables print it. */
const page = (): string =>
  [
    '# Machines',
    'Printed from the transition tables (`services/*/src/domain`) by `npm run generate`; edit the tables, not this page.',
    ...machines.flatMap(({ of, machines: own }) => [
      `## ${of}`,
      ...own.flatMap(({ name, text, initial, table }) => [
        `### ${name}`,
        text,
        `\`\`\`mermaid\n${mermaid(table, initial)}\`\`\``,
      ]),
    ]),
  ]
    .join('\n\n')
    .concat('\n');

it('docs/reference/machines.md is what the transition tables print', async () => {
  await expect(page()).toMatchFileSnapshot('../../docs/reference/machines.md');
});
