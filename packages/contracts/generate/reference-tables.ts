import * as contracts from '../src/index.ts';
import { code, page, table } from './markdown.ts';

/** Every reason code by area: what it means, whether to try again, what to do next. */
export function reasonsPage(): string {
  const areas = Object.entries(contracts.reasonAreas as Record<string, Record<string, contracts.ReasonRow>>).flatMap(
    ([area, rows]) => [
      `## ${area}`,
      table(
        ['code', 'means', 'class', 'retry', 'HTTP', 'exit', 'since', 'next step'],
        Object.entries(rows).map(([name, row]) => [
          code(name),
          row.title,
          row.class,
          row.retry,
          String(row.http),
          String(row.exit),
          row.since,
          row.help,
        ]),
      ),
    ],
  );
  return page(
    'Reason codes',
    'packages/contracts/src/reasons',
    'A refusal means the rules said no, a fault that the world failed and the work is tried again, a breach that integrity is violated and a person has to look. Codes are never renamed or reused. `orgo explain CODE` prints a row.',
    ...areas,
  );
}

/** Every HTTP operation. */
export function routesPage(): string {
  const shape = (side: contracts.Route['response'] | undefined): string =>
    side === undefined || typeof side === 'string' ? (side ?? '') : (side.meta()?.id ?? 'page of items');
  const rows = Object.entries(contracts.routes as Record<string, contracts.Route>).map(([name, route]) => [
    code(name),
    route.service,
    code(`${route.method} ${route.path}`),
    route.summary,
    shape(route.request),
    `${route.status} ${shape(route.response)}`,
    route.open ? 'none' : 'token',
  ]);
  return page(
    'Routes',
    'packages/contracts/src/routes.ts',
    'One origin serves all; shapes are in `packages/contracts/generated/openapi.json`. Errors are RFC 9457 problem documents with a reason code. Lists take `cursor` and `limit`; `stream` is server-sent events with resume by `Last-Event-ID`.',
    table(['operation', 'answered by', 'address', 'does', 'takes', 'gives', 'needs'], rows),
  );
}

/** Every arc of the ring. */
export function channelsPage(): string {
  const rows = Object.entries(contracts.channels as Record<string, contracts.Channel>).map(([name, channel]) => [
    code(name),
    code(channel.type),
    code(channel.subject),
    channel.from,
    channel.to,
    channel.transport,
    channel.title,
  ]);
  const roles = Object.entries(contracts.claimKinds).map(([kind, { role, help }]) => [code(kind), role, help]);
  return page(
    'Channels',
    'packages/contracts/src/channels.ts',
    'A message is an envelope `{v, type, tenant_id, items}` of at most 512 KiB. `request` is answered after the receiver’s commit; `work-queue` is JetStream, so that the receiver may be away.',
    table(['channel', 'type', 'subject', 'from', 'to', 'transport', 'says'], rows),
    '## Streams',
    table(
      ['stream', 'subjects', 'losing it'],
      [
        [
          code(contracts.commandStream.name),
          contracts.commandStream.subjects.map(code).join(', '),
          'delays work: open commands are sent again',
        ],
        [
          code(contracts.eventStream.name),
          contracts.eventStream.subjects.map(code).join(', '),
          'loses no state: public events for upstream systems',
        ],
      ],
    ),
    '## Public events',
    'CloudEvents 1.0 in structured JSON, told after the commit.',
    table(
      ['subject', 'type', 'schema', 'says'],
      Object.entries(contracts.publicEvents).map(([noun, event]) => [
        code(event.subject),
        code(`orgo.${noun}.{phase}.v1`),
        event.schema.meta()?.id ?? '',
        event.title,
      ]),
    ),
    'Some are also heard within Orgo. Losing one delays and changes no outcome.',
    table(
      ['subject', 'from', 'to', 'says'],
      Object.values(contracts.heardEvents).map(({ noun, event, from, to, title }) => [
        code(contracts.eventSubject('{tenant}', noun, event)),
        from,
        to,
        title,
      ]),
    ),
    '## Claims',
    'What a service asks the gatekeeper to decide where no adapter answers.',
    table(['claim', 'signed by', 'asks'], roles),
  );
}

/** Phases of the public machines. */
export function statesPage(): string {
  const phases = (all: readonly string[], terminal: readonly string[]): string =>
    table(
      ['phase', 'terminal'],
      all.map((phase) => [code(phase), terminal.includes(phase) ? 'yes' : '']),
    );
  return page(
    'States',
    'packages/contracts/src/states.ts',
    'Which phase follows which: see [machines](machines.md).',
    '## Build',
    phases(contracts.buildPhases, contracts.terminalBuildPhases),
    `A build ends as ${contracts.buildOutcomes.map(code).join(', ')}; its record says so.`,
    '## Stage of a build',
    phases(contracts.stagePhases, ['PASS', 'FAIL', 'ERROR', 'SKIP']),
    '## Release',
    phases(contracts.releasePhases, contracts.terminalReleasePhases),
    '## Decisions',
    `Kinds: ${contracts.decisionKinds.map(code).join(', ')}. Verdicts: ${contracts.verdicts.map(code).join(', ')}.`,
  );
}
