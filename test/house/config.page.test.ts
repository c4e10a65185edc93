import fs from 'node:fs';
import path from 'node:path';
import { adapterSettings } from '@orgo/adapter-sdk';
import { auditConfig } from '@orgo/audit';
import { cliSettings } from '@orgo/cli/settings';
import { gatekeeperConfig } from '@orgo/gatekeeper';
import { infraSettings } from '@orgo/infra/settings';
import { sourceFiles } from '@orgo/infra/source-files';
import { nodeSettings } from '@orgo/konnaxion-node';
import { orchestratorConfig } from '@orgo/orchestrator';
import { releaseConfig } from '@orgo/release';
import { settingsOf } from '@orgo/runtime/config';
import { processConfig } from '@orgo/store/process';
import { witnessConfig } from '@orgo/witness';
import { expect, it } from 'vitest';
import { repo } from '../kit/instance.ts';

type Schema = Parameters<typeof settingsOf>[0];
type Setting = { name: string; description: string; example: string; standard: string; secret: boolean };
type Section = { of: string; text: string; settings: Setting[] };

/** What a setting is when it is not given. */
function standardOf(schema: Schema, name: string): string {
  const given = schema.shape[name]?.safeParse(undefined);
  if (!given?.success) return '**required**';
  return given.data === undefined ? 'none' : `\`${given.data}\``;
}

const fromSchema = (schema: Schema): Setting[] =>
  settingsOf(schema).map((setting) => ({ ...setting, standard: standardOf(schema, setting.name) }));

const fromTable = (
  table: Readonly<Record<string, { description: string; example: string; standard: string; secret?: boolean }>>,
): Setting[] => Object.entries(table).map(([name, row]) => ({ name, ...row, secret: row.secret === true }));

const sections: Section[] = [
  { of: 'The `orgo` command', text: 'Of every command; options come first.', settings: fromTable(cliSettings) },
  {
    of: 'Servers and toolchain',
    text: 'Of `orgo up`, `npm run demo` and the tests.',
    settings: fromTable(infraSettings),
  },
  {
    of: 'Every service',
    text: '`orgo up` sets them for the processes it starts; in production the operator does. Logging, limits and traces are read by `orgo up` too.',
    settings: fromSchema(processConfig),
  },
  { of: 'orchestrator', text: 'Besides those of every service.', settings: fromSchema(orchestratorConfig) },
  { of: 'gatekeeper', text: 'Besides those of every service.', settings: fromSchema(gatekeeperConfig) },
  { of: 'audit', text: 'Besides those of every service.', settings: fromSchema(auditConfig) },
  { of: 'release', text: 'Besides those of every service.', settings: fromSchema(releaseConfig) },
  {
    of: 'A witness',
    text: 'Of `services/witness`, which somebody else runs; see [the log](../log.md).',
    settings: fromSchema(witnessConfig),
  },
  {
    of: 'Every stage adapter, and the validate worker',
    text: 'They know neither PostgreSQL nor Redis.',
    settings: fromSchema(adapterSettings),
  },
  { of: 'Konnaxion nodes', text: 'Of a process that runs nodes.', settings: fromSchema(nodeSettings) },
];

const row = ({ name, description, example, standard, secret }: Setting): string =>
  `| \`${name}\` | ${description}${secret ? ' (secret)' : ''} | ${standard} | \`${example}\` |`;

/** The page as the tables print it. */
const page = (): string =>
  [
    '# Settings',
    'Printed from the tables and schemas that read them by `npm run generate`; edit those, not this page. All settings are environment variables; a variable set to the empty text counts as absent. A process refuses to start with `CONFIG_INVALID` and names all problems at once.',
    ...sections.flatMap(({ of, text, settings }) => [
      `## ${of}`,
      text,
      ['| setting | meaning | default | example |', '|---|---|---|---|', ...settings.map(row)].join('\n'),
    ]),
  ]
    .join('\n\n')
    .concat('\n');

it('docs/reference/config.md is what the settings print', async () => {
  await expect(page()).toMatchFileSnapshot('../../docs/reference/config.md');
});

/** Between our own processes: nobody sets them. */
const INTERNAL = ['ORGO_LIFELINE', 'ORGO_READY_FD', 'ORGO_TEST_DATABASE_URL', 'ORGO_TEST_SCRATCH', 'ORGO_TEST_TALLY'];
/** Names of streams, not of variables. */
const STREAMS = ['ORGO_CMD', 'ORGO_EVT'];

it('the page has every variable of ours that a source file names, and no other', () => {
  const shown = new Set(sections.flatMap(({ settings }) => settings.map(({ name }) => name)));
  const sources = sourceFiles().filter((file) => !/(^test\/|\.(test|fixture)\.)/.test(file));
  const named = new Set(
    sources.flatMap(
      (file) => fs.readFileSync(path.join(repo, file), 'utf8').match(/\bORGO_[A-Z][A-Z_]*[A-Z]\b/g) ?? [],
    ),
  );
  const expected = [...named].filter((name) => ![...INTERNAL, ...STREAMS].includes(name)).sort();
  expect([...shown].filter((name) => name.startsWith('ORGO_')).sort()).toEqual(expected);
});

it('every setting says what it is and shows an example', () => {
  for (const { settings } of sections)
    for (const { name, description, example } of settings)
      expect([name, description.length > 3, example.length > 0]).toEqual([name, true, true]);
});
