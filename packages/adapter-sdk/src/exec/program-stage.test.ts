import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestOfBytes, fromUtf8, type JsonValue, utf8 } from '@orgo/core';
import { codeOf, detailOf, Refused } from '@orgo/runtime/errors';
import { createLog } from '@orgo/runtime/log';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StageRun } from '../define.ts';
import { programSchema } from './program.ts';
import { programStage } from './program-stage.ts';

const log = createLog({ service: 'test', level: 'silent' });
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-program-'));
const before = process.env.TMPDIR;
beforeAll(() => {
  process.env.TMPDIR = folder;
});
afterAll(() => {
  if (before === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = before;
  fs.rmSync(folder, { recursive: true, force: true });
});

/** What every program here starts with: its task, and a way to write an output. */
const prelude = `
const fs = require('node:fs'), path = require('node:path');
const task = JSON.parse(fs.readFileSync(0, 'utf8'));
const write = (name, text) => fs.writeFileSync(path.join(task.output_dir, name), text);
const answer = (...outputs) => console.log(JSON.stringify({ status: 'ok', outputs }));
const note = (path, kind = 'note', media_type = 'text/plain') => ({ kind, media_type, path });
`;

type More = { config?: JsonValue; signal?: AbortSignal; limits?: object; command?: string[]; input?: string };

/** Runs a Node program as a stage with one input. */
const runOf = (code: string, more: More = {}): ReturnType<StageRun> => {
  const { config = {}, signal = new AbortController().signal, limits = {}, input = 'hello' } = more;
  const program = programSchema.parse({
    v: 1,
    adapter: 'tried',
    version: '1',
    command: more.command ?? [process.execPath, '-e', prelude + code],
    outputs: [
      { kind: 'note', media_type: 'text/plain', min: 1, max: 2 },
      { kind: 'table', media_type: 'application/json', min: 0, max: 1 },
    ],
    env: { GIVEN: 'constant' },
    limits,
  });
  const bytes = utf8(input);
  const { run } = programStage(program, { log });
  if (run === undefined) throw new TypeError('a program runs in a process');
  const inputs = [{ kind: 'text', ref: digestOfBytes(bytes), media_type: 'text/plain', size: bytes.length }];
  const put = () => Promise.reject(new Error('not used'));
  return run({ inputs, read: async () => bytes, config, asOf: '2026-01-01T00:00:00.000Z', put, signal });
};
/** The code and detail a run ends with when it is no result. */
const failureOf = async (code: string, more?: More): Promise<[string, string]> => {
  try {
    return ['no failure', JSON.stringify(await runOf(code, more))];
  } catch (error) {
    return [codeOf(error), detailOf(error)];
  }
};
const textOf = async (code: string, more?: More): Promise<string> => {
  const result = await runOf(code, more);
  const [output] = result.ok ? result.value.outputs : [];
  const text = fromUtf8(output?.bytes ?? new Uint8Array());
  return text.ok ? text.value : '';
};

test('a program gets its task, and its outputs, metrics and diagnostics are taken', async () => {
  const result = await runOf(
    `
    const [input] = task.inputs;
    write('note.txt', JSON.stringify({ ...task, inputs: [{ ...input, path: fs.readFileSync(input.path, 'utf8') }], output_dir: 0 }));
    write('table.json', '{ "b": 1.0, "a": [2] }');
    console.error('working');
    console.log(JSON.stringify({ status: 'ok', outputs: [note('note.txt'), note('table.json', 'table', 'application/json')],
      metrics: { rows: 1 }, diagnostics: [{ code: 'SEEN', count: 2 }] }));`,
    { config: { step: 3 } },
  );
  if (!result.ok) throw new Error(result.detail);
  const [task, table] = result.value.outputs.map(({ bytes }) => Buffer.from(bytes).toString());
  expect(JSON.parse(task as string)).toEqual({
    v: 1,
    inputs: [
      {
        kind: 'text',
        ref: digestOfBytes(utf8('hello')),
        media_type: 'text/plain',
        size: 5,
        path: 'hello',
      },
    ],
    linked: [],
    config: { step: 3 },
    as_of: '2026-01-01T00:00:00.000Z',
    output_dir: 0,
    limits: { output_bytes: 1_073_741_824, answer_bytes: 1_048_576 },
  });
  expect(table).toBe('{"a":[2],"b":1}');
  expect(result.value).toMatchObject({ metrics: { rows: 1 }, diagnostics: [{ code: 'SEEN', count: 2 }] });
});

describe('what an input names by digest', () => {
  const page = utf8('a page');
  const ref = digestOfBytes(page);
  const run = (set: JsonValue, at = '/pages/*/ref'): ReturnType<StageRun> => {
    const program = programSchema.parse({
      v: 1,
      adapter: 'tried',
      version: '1',
      command: [
        process.execPath,
        '-e',
        `${prelude} write('n', JSON.stringify(task.linked.map((one) => ({ ...one, path: fs.readFileSync(one.path, 'utf8') })))); answer(note('n'));`,
      ],
      outputs: [{ kind: 'note', media_type: 'text/plain', min: 1, max: 1 }],
      follow: [{ kind: 'page-set', at }],
    });
    const bytes = utf8(JSON.stringify(set));
    const stored = new Map([page, bytes].map((one) => [digestOfBytes(one) as string, one]));
    const inputs = [
      { kind: 'page-set', ref: digestOfBytes(bytes), media_type: 'application/json', size: bytes.length },
    ];
    return (programStage(program, { log }).run as StageRun)({
      inputs,
      read: async (wanted) => {
        const found = stored.get(wanted);
        if (found === undefined) throw new Refused('ARTIFACT_NOT_FOUND', wanted);
        return found;
      },
      config: {},
      asOf: '2026-01-01T00:00:00.000Z',
      put: () => Promise.reject(new Error('not used')),
      signal: new AbortController().signal,
    });
  };

  test('is given to a program that follows there, each once', async () => {
    const result = await run({ pages: [{ ref }, { ref, more: 1 }, {}], other: ref });
    if (!result.ok) throw new Error(result.detail);
    expect(JSON.parse(Buffer.from(result.value.outputs[0]?.bytes ?? []).toString())).toEqual([
      { kind: 'page-set', at: '/pages/*/ref', ref, size: 6, path: 'a page' },
    ]);
  });

  test('is refused where it is no digest, and told where it is absent', async () => {
    const codes = [{ pages: [{ ref: 'page 1' }] }, { pages: [{ ref: digestOfBytes(utf8('gone')) }] }].map((set) =>
      run(set).then(String, codeOf),
    );
    expect(await Promise.all(codes)).toEqual(['STAGE_INPUT_INVALID', 'ARTIFACT_NOT_FOUND']);
  });
});

test('a program that says no ends the stage with its code', async () => {
  const said = `console.log(JSON.stringify({ status: 'failed', code: 'INGEST_PARSE_ERROR', detail: 'page 3' }))`;
  expect(await runOf(said)).toEqual({ ok: false, code: 'INGEST_PARSE_ERROR', detail: 'page 3' });
});

test('the environment is an allow-list, and the working folder is fresh and gone afterwards', async () => {
  process.env.ORGO_PROGRAM_SECRET = 'hidden';
  const text = await textOf(
    `write('n', JSON.stringify([Object.keys(process.env).sort(), process.env.GIVEN, process.env.TZ, fs.readdirSync('.'), process.cwd()])); answer(note('n'));`,
  );
  delete process.env.ORGO_PROGRAM_SECRET;
  const [names, given, zone, files, cwd] = JSON.parse(text) as [string[], string, string, string[], string];
  expect(names).toEqual(['GIVEN', 'HOME', 'LANG', 'LC_ALL', 'PATH', 'TMPDIR', 'TZ']);
  expect([given, zone, files]).toEqual(['constant', 'UTC', []]);
  expect(fs.existsSync(cwd)).toBe(false);
  expect(fs.readdirSync(folder).filter((name) => name.startsWith('orgo-exec-'))).toEqual([]);
});

test('no shell reads a command', async () => {
  const command = [
    process.execPath,
    '-e',
    `${prelude} write('n', process.argv[1]); answer(note('n'));`,
    '$(id); echo `id` > x',
  ];
  expect(await textOf('', { command })).toBe('$(id); echo `id` > x');
});

test.each<[string, string, string, string, More?]>([
  ['a program that is not there', 'EXEC_PROGRAM_MISSING', 'ENOENT', '', { command: ['orgo-no-such-program'] }],
  ['a file that is no program', 'EXEC_PROGRAM_MISSING', 'EACCES', '', { command: [fileURLToPath(import.meta.url)] }],
  [
    'an exit code',
    'EXEC_PROGRAM_CRASHED',
    'ended with code 7; last said: out of luck',
    `console.error('out of luck'); process.exit(7);`,
  ],
  [
    'an answer and then an exit code',
    'EXEC_PROGRAM_CRASHED',
    'ended with code 1',
    `write('n', ''); answer(note('n')); process.exitCode = 1;`,
  ],
  [
    'a crash',
    'EXEC_PROGRAM_CRASHED',
    'was ended by SIGKILL',
    `process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000);`,
  ],
  ['silence', 'EXEC_ANSWER_INVALID', 'standard output is empty', ``],
  ['words', 'EXEC_ANSWER_INVALID', 'JSON_MALFORMED', `console.log('done');`],
  ['two answers', 'EXEC_ANSWER_INVALID', 'JSON_MALFORMED', `write('n', ''); answer(note('n')); answer(note('n'));`],
  [
    'a member twice',
    'EXEC_ANSWER_INVALID',
    'JSON_DUPLICATE_KEY',
    `console.log('{"status":"ok","status":"ok","outputs":[]}');`,
  ],
  [
    'an unknown member',
    'EXEC_ANSWER_INVALID',
    'Unrecognized key',
    `console.log('{"status":"ok","outputs":[],"build":1}');`,
  ],
  ['an unknown status', 'EXEC_ANSWER_INVALID', '/status', `console.log('{"status":"fine"}');`],
  ['a code of no shape', 'EXEC_ANSWER_INVALID', '/code', `console.log('{"status":"failed","code":"oh no"}');`],
  [
    'a long answer',
    'EXEC_ANSWER_TOO_LARGE',
    'more than 1000 bytes',
    `console.log('x'.repeat(5000)); setInterval(() => {}, 1000);`,
    { limits: { answer_bytes: 1000 } },
  ],
  [
    'an undeclared kind',
    'EXEC_OUTPUT_UNDECLARED',
    'other as text/plain',
    `write('n', ''); answer(note('n'), note('n', 'other'));`,
  ],
  [
    'another media type',
    'EXEC_OUTPUT_UNDECLARED',
    'note as text/html',
    `write('n', ''); answer(note('n', 'note', 'text/html'));`,
  ],
  [
    'too many of a kind',
    'EXEC_OUTPUT_UNDECLARED',
    '3 outputs of kind note',
    `for (const n of 'abc') write(n, n); answer(...[...'abc'].map((n) => note(n)));`,
  ],
  [
    'a file nobody named',
    'EXEC_OUTPUT_UNDECLARED',
    '"stray" was written',
    `write('n', ''); write('stray', ''); answer(note('n'));`,
  ],
  ['too few of a kind', 'EXEC_OUTPUT_MISSING', '0 outputs of kind note', `answer();`],
  ['a named file that is absent', 'EXEC_OUTPUT_MISSING', 'not written', `answer(note('n'));`],
  [
    'a step out of the folder',
    'EXEC_OUTPUT_PATH_INVALID',
    'not a path inside',
    `fs.writeFileSync(path.join(task.output_dir, '../n'), ''); answer(note('../n'));`,
  ],
  ['an absolute path', 'EXEC_OUTPUT_PATH_INVALID', 'not a path inside', `answer(note('/etc/hostname'));`],
  ['the folder itself', 'EXEC_OUTPUT_PATH_INVALID', 'not a path inside', `answer(note('.'));`],
  [
    'a link to a file',
    'EXEC_OUTPUT_PATH_INVALID',
    'through a link',
    `fs.symlinkSync(process.execPath, path.join(task.output_dir, 'n')); answer(note('n'));`,
  ],
  [
    'a link to nothing',
    'EXEC_OUTPUT_PATH_INVALID',
    'is a link',
    `fs.symlinkSync('nowhere', path.join(task.output_dir, 'n')); answer(note('n'));`,
  ],
  [
    'a link on the way',
    'EXEC_OUTPUT_PATH_INVALID',
    'through a link',
    `fs.symlinkSync('/etc', path.join(task.output_dir, 'd')); answer(note('d/passwd'));`,
  ],
  [
    'a folder as output',
    'EXEC_OUTPUT_PATH_INVALID',
    'not a regular file',
    `fs.mkdirSync(path.join(task.output_dir, 'd')); answer(note('d'));`,
  ],
  [
    'a file under two names',
    'EXEC_OUTPUT_PATH_INVALID',
    'named twice',
    `write('n', ''); answer(note('n'), note('./n'));`,
  ],
  [
    'JSON that is none',
    'EXEC_OUTPUT_INVALID',
    'table: JSON_',
    `write('n', ''); write('t', '{a:1}'); answer(note('n'), note('t', 'table', 'application/json'));`,
  ],
  [
    'too much output',
    'STAGE_LIMIT_EXCEEDED',
    '101 bytes',
    `write('n', 'x'.repeat(101)); answer(note('n'));`,
    { limits: { output_bytes: 100 } },
  ],
])('%s is %s', async (_, code, detail, program, more) => {
  const failure = await failureOf(program, more);
  expect(failure).toEqual([code, expect.stringContaining(detail)]);
});

/** A server that a program connects to: its connection ends when the program does. */
const witness = async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const arrived = once(server, 'connection').then(([socket]) => {
    const gone = new Promise<void>((resolve) =>
      (socket as net.Socket)
        .on('error', () => undefined)
        .resume()
        .on('close', () => resolve()),
    );
    return { gone };
  });
  return { port, arrived, close: () => server.close() };
};
const connectTo = (port: number): string =>
  `require('node:net').connect(${port}, '127.0.0.1'); setInterval(() => {}, 1000);`;

test('the end of the lease ends a program with everything it started', async () => {
  const { port, arrived, close } = await witness();
  const lease = new AbortController();
  const running = failureOf(
    `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(connectTo(port))}]); setInterval(() => {}, 1000);`,
    { signal: lease.signal },
  );
  const { gone } = await arrived;
  lease.abort(new Error('the lease is over'));
  expect(await running).toEqual(['INTERNAL_ERROR', 'the lease is over']);
  await gone;
  close();
});

test('what a program left running is ended with it, and does not hold its answer', async () => {
  const { port, arrived, close } = await witness();
  const text = await textOf(
    `const child = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(connectTo(port))}], { stdio: ['ignore', 'inherit', 'inherit'] });
     child.unref(); write('n', 'left'); answer(note('n'));
     process.exitCode = 0;`,
  );
  expect(text).toBe('left');
  // It may be killed before it connects: either way it is gone.
  close();
  void arrived;
});

test('a program does not outlive a host that is killed', async () => {
  const { port, arrived, close } = await witness();
  const module = new URL('./program-process.ts', import.meta.url).href;
  const host = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { callProgram } from ${JSON.stringify(module)};
       await callProgram({ command: [process.execPath, '-e', ${JSON.stringify(connectTo(port))}], cwd: '/', env: {}, stdin: '', signal: new AbortController().signal, maxAnswerBytes: 1, onLine() {} });`,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'], cwd: path.dirname(fileURLToPath(import.meta.url)) },
  );
  const { gone } = await arrived;
  host.kill('SIGKILL');
  await gone;
  close();
});
