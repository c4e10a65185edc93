import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { ConformanceReport } from '@orgo/adapter-sdk/conformance';
import { testFolder } from '@orgo/infra/test-servers';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type CliResult, repo, runCli } from '../kit/instance.ts';

// A run of the kit takes seconds, and a busy machine many.
vi.setConfig({ testTimeout: 240_000 });

type Result = { passed: number; failed: number; skipped: number; adapters: ConformanceReport[] };

/** Whether a program is here; when not, says what is left out. */
const isHere = (program: string, ...args: string[]): boolean => {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    console.info(`skipped: no ${[program, ...args].join(' ')} on this machine`);
    return false;
  }
};
const python = isHere('python3', '--version');
const perl = isHere('perl', '-MJSON::PP', '-e', '1');

const folder = testFolder('orgo-guide-');
const guideAdapter = path.join(repo, 'test/conformance/guide-adapter');
const guide = fs.readFileSync(path.join(repo, 'docs/adapters.md'), 'utf8');
/** Code blocks of the guide that stand under a file's name. */
const blocks = new Map(
  [...guide.matchAll(/^`([\w.-]+)`:\n\n```\w+\n([\s\S]*?)^```$/gm)].map(([, name, text]) => [name, text]),
);

beforeAll(() => {
  for (const [name, text] of blocks) fs.writeFileSync(path.join(folder, name as string), text as string);
  // What a package of this repository sees.
  fs.symlinkSync(path.join(repo, 'test/node_modules'), path.join(folder, 'node_modules'));
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => path.join(folder, name);
const examine = (...args: string[]): Promise<CliResult> =>
  runCli(['conformance', 'adapter', ...args, '--json'], process.env);
const failuresOf = (result: Result): string[] =>
  result.adapters.flatMap(({ adapter, checks }) =>
    checks.flatMap(({ id, status, code, reason }) =>
      status === 'fail' ? [`${adapter} ${id}: ${code} ${reason}`] : [],
    ),
  );
const mustPass = ({ code, json, stderr }: CliResult, skips: readonly string[]): void => {
  const result = json as Result;
  expect(json, stderr).not.toBeNull();
  expect(failuresOf(result)).toEqual([]);
  expect(code).toBe(0);
  const [{ checks }] = result.adapters as [ConformanceReport];
  expect(checks.flatMap(({ id, status }) => (status === 'skip' ? [id] : []))).toEqual(skips);
};

test('the guide shows four files', () => {
  expect([...blocks.keys()]).toEqual(['adapter.json', 'shout.py', 'shout.ts', 'case.json']);
});

test.skipIf(!python)('the guide’s program in Python passes the kit', async () => {
  mustPass(await examine('--program', at('adapter.json'), '--case', at('case.json')), ['outputs-json', 'endless-work']);
});

test('the guide’s TypeScript passes the kit, started by it', async () => {
  const command = `"${process.execPath}" "${at('shout.ts')}"`;
  const result = await examine('--start', command, '--name', 'shout', '--case', at('case.json'));
  mustPass(result, ['outputs-json', 'endless-work']);
});

test('the guide’s TypeScript passes the kit, started by somebody else with the settings that are printed', async () => {
  const cli = spawn(
    process.execPath,
    [
      path.join(repo, 'packages/cli/src/main.ts'),
      ...['conformance', 'adapter', '--attach', '--name', 'shout', '--case', at('case.json'), '--json'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const ended = once(cli, 'close');
  let stdout = '';
  cli.stdout.on('data', (piece) => {
    stdout += piece;
  });
  const settings: Record<string, string> = {};
  for await (const line of createInterface({ input: cli.stderr })) {
    for (const [, name, value] of line.matchAll(/(NATS_URL|ORGO_HOME)=([^\s,]+)/g))
      settings[name as string] = value as string;
    if (settings.ORGO_HOME) break;
  }
  cli.stderr.resume();
  const adapter = spawn(process.execPath, [at('shout.ts')], { env: { ...process.env, ...settings }, stdio: 'ignore' });
  const stopped = once(adapter, 'exit');
  const [code] = await ended;
  adapter.kill('SIGTERM');
  await stopped;
  mustPass({ code: code as number, json: JSON.parse(stdout), stdout, stderr: '' }, [
    'outputs-json',
    'endless-work',
    'other-process',
    'stops',
  ]);
});

test.skipIf(!perl)('an adapter in Perl, written from the guide alone, passes every check', async () => {
  mustPass(
    await examine('--program', path.join(guideAdapter, 'adapter.json'), '--case', path.join(guideAdapter, 'case.json')),
    [],
  );
});

test('a failed check ends the command with 3, and its line says what was seen', async () => {
  fs.writeFileSync(
    at('whisper.mjs'),
    `import fs from 'node:fs';
     const task = JSON.parse(fs.readFileSync(0, 'utf8'));
     fs.writeFileSync(task.output_dir + '/whispered.txt', 'psst');
     console.log(JSON.stringify({ status: 'ok', outputs: [{ kind: 'whispered', media_type: 'text/plain', path: 'whispered.txt' }] }));`,
  );
  const command = `"${process.execPath}" "${at('whisper.mjs')}"`;
  const { code, stdout, stderr } = await runCli(
    ['conformance', 'adapter', '--exec', command, '--case', at('case.json')],
    process.env,
  );
  expect(code).toBe(3);
  expect(stdout).toMatch(
    /FAIL {2}valid-command +accepts a valid command.*\n +EXEC_OUTPUT_UNDECLARED answered error EXEC_OUTPUT_UNDECLARED: whispered as text\/plain is not among/,
  );
  expect(stdout).toMatch(/^ {2}skip {2}rerun .*\n +needs the valid command to be answered$/m);
  expect(stderr).toMatch(/CONFORMANCE_FAILED \d+ of \d+ checks: under-test: valid-command/);
});

test('a wrong call or case ends with 2, before anything is started', async () => {
  fs.writeFileSync(at('no-outputs.json'), '{"v":1,"stage":"s","inputs":[]}');
  const rows: [string[], string][] = [
    [['echo', '--all'], 'USAGE_INVALID'],
    [['nobody'], 'USAGE_INVALID'],
    [['--exec', 'true', '--case', at('no-outputs.json')], 'CONFORMANCE_CASE_INVALID'],
    [['--program', at('case.json'), '--case', at('case.json')], 'CONFIG_INVALID'],
  ];
  const results = await Promise.all(rows.map(([args]) => examine(...args)));
  expect(results.map(({ code, json }) => [code, (json as { error: { code: string } }).error.code])).toEqual(
    rows.map(([, code]) => [2, code]),
  );
});
