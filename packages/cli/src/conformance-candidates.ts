import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandIn, type Program, programSchema, readProgram } from '@orgo/adapter-sdk';
import { type Candidate, type ConformanceCase, commandCandidate, readCase } from '@orgo/adapter-sdk/conformance';
import { nameSchema } from '@orgo/contracts';
import { CliError } from './cli-error.ts';
import { workerProcesses } from './compose/processes.ts';
import { readInput } from './read-input.ts';

/** What the command line asks for. */
export type Asked = {
  names: string[];
  all?: boolean;
  program?: string;
  exec?: string;
  start?: string;
  attach?: boolean;
  name?: string;
  case?: string;
  timeout: string;
};

export type Examined = { candidate: Candidate; work: ConformanceCase };

const scripts = new Map(
  workerProcesses(() => ({})).flatMap(({ name, script }) =>
    name === 'konnaxion-node' ? [] : [[name, script] as const],
  ),
);
/** Stage adapters of this checkout. */
export const repositoryAdapters: readonly string[] = [...scripts.keys()];

const usage = (detail: string): CliError => new CliError('USAGE_INVALID', detail, 'Add --help for what is understood.');

/** A command line in words, as written; quotes keep a word together and nothing else is special. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, bare]) => double ?? single ?? bare ?? '');

const lifeline = fileURLToPath(new URL('../../../infra/lifeline.mjs', import.meta.url));
const node = (script: string, ...args: string[]): string[] => [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  '--import',
  lifeline,
  script,
  ...args,
];

/** A Node process of this checkout: it ends when this process does, however that is. */
const ownCandidate = (adapter: string, command: readonly string[]): Candidate => {
  const { start } = commandCandidate(adapter, command);
  return { adapter, start: start && ((settings) => start({ ...settings, ORGO_LIFELINE: '3' })) };
};

const hostedBy = (home: string, program: Program): Candidate => {
  const file = path.join(home, 'adapter.json');
  fs.writeFileSync(file, JSON.stringify(program));
  const host = fileURLToPath(import.meta.resolve('@orgo/adapter-sdk/exec-host'));
  return ownCandidate(program.adapter, node(host, file));
};

async function repositoryCandidates(names: readonly string[]): Promise<Examined[]> {
  const unknown = names.find((name) => !scripts.has(name));
  if (unknown !== undefined) throw usage(`no adapter ${unknown} here; there are ${repositoryAdapters.join(', ')}`);
  const { repositoryCases } = await import('./conformance-cases.ts');
  const cases = await repositoryCases();
  return names.map((name) => ({
    candidate: ownCandidate(name, node(scripts.get(name) as string)),
    work: cases.get(name) as ConformanceCase,
  }));
}

/**
 * The adapters that are to be looked at, each with its case.
 * @throws CliError USAGE_INVALID, INPUT_UNREADABLE; Refused CONFORMANCE_CASE_INVALID
 */
export async function candidatesOf(asked: Asked, home: string): Promise<Examined[]> {
  const { names, all, program, exec, start, attach, name } = asked;
  const ways = [names.length > 0, all, program, exec, start, attach].filter(Boolean).length;
  if (ways !== 1) throw usage('say one of: names, --all, --program, --exec, --start, --attach');
  if (names.length > 0 || all) return repositoryCandidates(all ? repositoryAdapters : names);
  if (asked.case === undefined) throw usage('--case is missing: a valid piece of work for the adapter');

  if (program !== undefined) {
    readInput(program);
    const read = readProgramFile(program);
    return [{ candidate: hostedBy(home, read), work: readCase(asked.case, read.outputs) }];
  }
  const work = readCase(asked.case);
  if (exec !== undefined) {
    const command = commandIn(process.cwd(), wordsOf(exec));
    const made = programSchema.safeParse({
      v: 1,
      adapter: name ?? 'under-test',
      version: '0',
      command,
      outputs: work.outputs,
    });
    if (!made.success) throw usage(`--exec or --name: ${made.error.issues[0]?.message}`);
    return [{ candidate: hostedBy(home, made.data), work }];
  }
  if (!nameSchema.safeParse(name).success) throw usage('--name is missing or no adapter name');
  const adapter = name as string;
  const candidate = start === undefined ? { adapter, start: null } : commandCandidate(adapter, wordsOf(start));
  return [{ candidate, work }];
}

function readProgramFile(file: string): Program {
  try {
    return readProgram(file);
  } catch (error) {
    throw new CliError('CONFIG_INVALID', error instanceof Error ? error.message : String(error));
  }
}
