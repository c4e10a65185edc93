import fs from 'node:fs';
import path from 'node:path';
import { type Problem, type ReasonCode, reasons } from '@orgo/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, startInstance } from '../kit/instance.ts';
import { type BuildResult, outputOf } from '../kit/story.ts';
import { describeAbsent } from './cli-absent.ts';
import { describeInputs } from './cli-inputs.ts';
import {
  at,
  type Case,
  closeWorld,
  expectFailure,
  expectRefusal,
  file,
  folder,
  nobody,
  openWorld,
  ours,
  refuses,
  world,
} from './cli-world.ts';

// The command line as a person meets it who gets things wrong. Whatever it is, the answer is an exit code, a reason code and a next step;
// and after all of it nothing is lost.
beforeAll(openWorld);
afterAll(closeWorld);

describe('a call that is not understood', () => {
  refuses([
    ['nothing at all', 'USAGE_INVALID', () => []],
    ['an unknown command', 'USAGE_INVALID', () => ['frobnicate']],
    ['an area without a command', 'USAGE_INVALID', () => ['build']],
    ['an unknown command of an area', 'USAGE_INVALID', () => ['build', 'frobnicate']],
    ['a missing argument', 'USAGE_INVALID', () => ['build', 'status']],
    ['an empty argument', 'USAGE_INVALID', () => ['build', 'status', '']],
    ['an argument too many', 'USAGE_INVALID', () => ['build', 'status', nobody, nobody]],
    ['an unknown option', 'USAGE_INVALID', () => ['build', 'list', '--all']],
    ['a missing option', 'USAGE_INVALID', () => ['release', 'create', '--build', nobody]],
    ['an option without its value', 'USAGE_INVALID', () => ['build', 'start', world.reader, '--mandate']],
    ['a port that is none', 'USAGE_INVALID', () => ['up', '--port', 'http']],
    ['a name that is no tenant', 'USAGE_INVALID', () => ['tenant', 'create', '../x']],
    [
      'two forms of a record',
      'USAGE_INVALID',
      () => ['record', 'export', nobody, '--public', '--bundle', '--out', at('x')],
    ],
    ['an unknown reason code', 'REASON_UNKNOWN', () => ['explain', 'NO_SUCH_CODE']],
  ]);

  it('says so to a person too, and nothing on stdout', async () => {
    const result = await ours('build', 'status');
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toBe(
      "USAGE_INVALID missing required argument 'build'\nnext: Add --help for what is understood.\n",
    );
  });

  it('an issue of a validation report is explained by its code too', async () => {
    expect(await ours('explain', 'KRS_V3_TABLE_ROW_MALFORMED', '--json')).toMatchObject({
      code: 0,
      json: { severity: { strict: 'WARNING', grounded: 'WARNING', exploratory: 'INFO' }, help: expect.any(String) },
    });
    const near = await ours('explain', 'TABLE_ROW_MALFORMED');
    expect(near.stderr).toContain('Did you mean');
    expect(near.stderr).toContain('KRS_V3_TABLE_ROW_MALFORMED');
  });

  it('is explained by its code', async () => {
    expect(await ours('explain', 'usage_invalid', '--json')).toMatchObject({
      code: 0,
      json: { code: 'USAGE_INVALID', exit: 2, help: expect.any(String) },
    });
  });
});

describe('without a running instance', () => {
  const elsewhere =
    (env: NodeJS.ProcessEnv) =>
    (...args: string[]) =>
      runCli(args, { ...world.orgo.env, ORGO_HOME: at('no-home'), ...env });
  const cases: Case[] = [
    ['build list', 'INSTANCE_NOT_RUNNING', () => ['build', 'list']],
    ['build start', 'INSTANCE_NOT_RUNNING', () => ['build', 'start', world.reader]],
    ['konnaxion join', 'INSTANCE_NOT_RUNNING', () => ['konnaxion', 'join', 'edge-1', '--channel', 'stable']],
    ['pack query', 'INSTANCE_NOT_RUNNING', () => ['pack', 'query', nobody]],
    ['down', 'INSTANCE_NOT_RUNNING', () => ['down']],
  ];
  refuses(cases, (...args) => elsewhere({})(...args));

  it('doctor says what is wrong and fails', async () => {
    const result = await elsewhere({})('doctor', '--json');
    expectFailure(result, 'INSTANCE_NOT_RUNNING');
    expect(result.json).toMatchObject({
      ok: false,
      checks: [
        { name: 'node', ok: true, code: null },
        { name: 'home', ok: true, code: null },
        { name: 'instance', ok: false, code: 'INSTANCE_NOT_RUNNING' },
      ],
    });
  });
  it('a home that cannot be made: HOME_UNREADABLE', async () => {
    const nowhere = elsewhere({ ORGO_HOME: '/dev/null/home' });
    for (const command of ['up', 'doctor']) expectFailure(await nowhere(command, '--json'), 'HOME_UNREADABLE');
  });
  it('a node is found by its folder alone, unless two tenants have one of that name', async () => {
    const home = at('home-of-nodes');
    const active = () => elsewhere({ ORGO_HOME: home })('konnaxion', 'active', 'edge-1', '--json');
    expectRefusal(await active(), 'INSTANCE_NOT_RUNNING');
    fs.mkdirSync(path.join(home, 'nodes/museum/edge-1'), { recursive: true });
    const found = await active();
    expectRefusal(found, 'NODE_NOT_FOUND');
    expect(found.stderr).toContain('nodes/museum/edge-1');
    fs.mkdirSync(path.join(home, 'nodes/archive/edge-1'), { recursive: true });
    const two = await active();
    expectRefusal(two, 'USAGE_INVALID');
    expect(two.stderr).toContain('archive, museum');
  });
  it.concurrent.each<[string, ReasonCode, () => NodeJS.ProcessEnv]>([
    ['nobody listens at', 'INSTANCE_NOT_RUNNING', () => ({ ORGO_API: 'http://127.0.0.1:1' })],
    ['is none', 'CONFIG_INVALID', () => ({ ORGO_API: 'nonsense' })],
    ['asks for a token', 'REQUEST_UNAUTHENTICATED', () => ({ ORGO_API: world.orgo.api().api })],
    ['knows no such token', 'REQUEST_UNAUTHENTICATED', () => ({ ORGO_API: world.orgo.api().api, ORGO_TOKEN: 'x' })],
  ])('an address that %s: %s', async (_what, code, env) => {
    expectRefusal(await elsewhere(env())('build', 'list', '--json'), code);
  });
  it('an instance elsewhere is not stopped from here', async () => {
    expectRefusal(await elsewhere({ ORGO_API: world.orgo.api().api })('down', '--json'), 'USAGE_INVALID');
  });
  it('a second one in a home: HOME_LOCKED', async () => {
    expectRefusal(await ours('up', '--json'), 'HOME_LOCKED');
  });
});

describeInputs();

describeAbsent();

describe('what cannot be written', () => {
  const taken =
    (...args: string[]) =>
    (): string[] => [...args, '--out', world.work];
  refuses([
    [
      'an artifact into no folder',
      'OUTPUT_UNWRITABLE',
      () => ['artifact', 'get', outputOf(world.build, 'pin', 'pinned-context').ref, '--out', at('no/such/x')],
    ],
    [
      'an artifact over a folder',
      'OUTPUT_UNWRITABLE',
      () => ['artifact', 'get', outputOf(world.build, 'pin', 'pinned-context').ref, '--out', world.work],
    ],
    ['a proof into no folder', 'OUTPUT_UNWRITABLE', () => ['audit', 'prove', '0', '--out', at('no/such/x')]],
    [
      'a record into no folder',
      'OUTPUT_UNWRITABLE',
      () => ['record', 'export', world.build.build_id, '--public', '--out', at('no/such/x')],
    ],
    [
      'a bundle below a file',
      'OUTPUT_UNWRITABLE',
      () => ['record', 'export', world.build.build_id, '--bundle', '--out', path.join(file('x'), 'y')],
    ],
    [
      'a record over what is there',
      'USAGE_INVALID',
      () => taken('record', 'export', world.build.build_id, '--public')(),
    ],
    ['a log over what is there', 'USAGE_INVALID', taken('audit', 'export')],
  ]);
});

describe('evidence that is none', () => {
  refuses([
    ['no folder', 'BUNDLE_INVALID', () => ['verify', at('nowhere')]],
    ['a file', 'BUNDLE_INVALID', () => ['verify', file('x')]],
    ['a folder of documents', 'BUNDLE_INVALID', () => ['verify', world.reader]],
    ['an inventory that is no JSON', 'BUNDLE_INVALID', () => ['verify', folder({ 'inventory.dsse.json': 'x' })]],
    [
      'under the root of another tenant',
      'TRUST_ROOT_INVALID',
      () => ['verify', world.bundle, '--root', world.theirs.root_file],
    ],
    ['under a root that is not there', 'INPUT_UNREADABLE', () => ['verify', world.bundle, '--root', at('nowhere')]],
    ['under a root that is none', 'TRUST_ROOT_INVALID', () => ['verify', world.bundle, '--root', file('{}')]],
    ['a digest of no file', 'INPUT_UNREADABLE', () => ['digest', at('nowhere')]],
    ['a digest of a folder', 'INPUT_UNREADABLE', () => ['digest', world.work]],
    ['a digest of a key twice', 'JSON_DUPLICATE_KEY', () => ['digest', file('{"a":1,"a":1}')]],
  ]);

  it('and the same bundle under its own root verifies', async () => {
    expect(await ours('verify', world.bundle, '--root', world.ours.root_file, '--json')).toMatchObject({
      code: 0,
      json: { ok: true },
    });
  });
});

describe('questions that a pack does not take', () => {
  const query =
    (...args: string[]) =>
    (): string[] => ['pack', 'query', world.build.build_id, ...args];
  refuses([
    ['a subject that is a name', 'PACK_QUERY_INVALID', query('--s', 'France')],
    ['a property that is an item', 'PACK_QUERY_INVALID', query('--p', 'Q36')],
    ['an object that is no JSON', 'PACK_QUERY_INVALID', query('--o', '{"type"')],
    ['an object that is no value', 'PACK_QUERY_INVALID', query('--o', '{"type":"x"}')],
    ['a page size that is no number', 'PACK_QUERY_INVALID', query('--limit', 'all')],
    ['a page size of nothing', 'PACK_QUERY_INVALID', query('--limit', '0')],
    ['a page that is too large', 'PACK_PAGE_TOO_LARGE', query('--limit', '1000000')],
    ['a cursor that is none', 'PACK_CURSOR_INVALID', query('--cursor', 'zzz')],
    ['a language that is none', 'PACK_QUERY_INVALID', query('--lang', ',')],
    ['a pack that is nowhere', 'ARTIFACT_NOT_FOUND', () => ['pack', 'query', 'a'.repeat(64)]],
    ['a pack that only another tenant has fetched', 'ARTIFACT_NOT_FOUND', () => ['pack', 'query', fetched]],
    ['a folder that is no pack', 'INPUT_UNREADABLE', () => ['pack', 'query', world.reader]],
    [
      'a pack without its files',
      'FILE_MISSING',
      () => ['pack', 'query', folder({ 'runtime-pack-manifest.json': fs.readFileSync(manifestFile()) })],
    ],
    [
      'a manifest that is none',
      'MANIFEST_SCHEMA_INVALID',
      () => ['pack', 'query', folder({ 'runtime-pack-manifest.json': '[]' })],
    ],
  ]);
  const manifestFile = (): string => {
    const ref = outputOf(world.build, 'compile-pack', 'pack-manifest').ref.replace('sha256:', '');
    return path.join(world.bundle, 'artifacts/sha256', ref);
  };

  /** The id of a pack that the other tenant has asked, and so has in this home. */
  let fetched: string;
  beforeAll(async () => {
    const good = folder({ 'a.md': 'The Elbe is a river in Germany.' });
    const theirs = (await world.theirs.cli('build', 'start', good, '--wait', '--json')).json as BuildResult;
    fetched = theirs.pack_id as string;
    await world.theirs.cli('pack', 'query', theirs.build_id);
    expect((await world.theirs.cli('pack', 'query', fetched, '--json')).code).toBe(0);
  });

  it('a cursor of another question: PACK_CURSOR_INVALID', async () => {
    const first = await ours('pack', 'query', world.build.build_id, '--limit', '1', '--json');
    const { next_cursor } = first.json as { next_cursor: string };
    const ask = (...more: string[]) =>
      ours('pack', 'query', world.build.build_id, '--limit', '1', '--cursor', next_cursor, ...more, '--json');
    expect((await ask()).code).toBe(0);
    expectRefusal(await ask('--p', 'P36'), 'PACK_CURSOR_INVALID');
  });
});

describe('the API at the door', () => {
  const ask = async (route: string, init: RequestInit = {}): Promise<[number, Problem]> => {
    const answer = await fetch(`${world.orgo.api().api}${route}`, init);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    return [answer.status, (await answer.json()) as Problem];
  };
  const builds = (): string => `/v1/tenants/${world.ours.tenant}/builds`;
  const bearer = (): Record<string, string> => ({ authorization: `Bearer ${world.orgo.api().token}` });
  const json = { 'content-type': 'application/json' };
  const doors: [string, number, ReasonCode, () => [string, RequestInit?]][] = [
    ['no token', 401, 'REQUEST_UNAUTHENTICATED', () => [builds()]],
    ['a wrong token', 401, 'REQUEST_UNAUTHENTICATED', () => [builds(), { headers: { authorization: 'Bearer x' } }]],
    [
      'another scheme',
      401,
      'REQUEST_UNAUTHENTICATED',
      () => [builds(), { headers: { authorization: `Basic ${world.orgo.api().token}` } }],
    ],
    ['no token, for what may not be there', 401, 'REQUEST_UNAUTHENTICATED', () => [`${builds()}/${nobody}`]],
    ['no such address', 404, 'ROUTE_NOT_FOUND', () => ['/v2/anything', { headers: bearer() }]],
    ['no such method', 404, 'ROUTE_NOT_FOUND', () => [builds(), { method: 'PUT', headers: bearer(), body: '{}' }]],
    [
      'no JSON',
      400,
      'JSON_MALFORMED',
      () => [builds(), { method: 'POST', headers: { ...bearer(), ...json }, body: '{' }],
    ],
    [
      'a key twice',
      400,
      'JSON_DUPLICATE_KEY',
      () => [builds(), { method: 'POST', headers: { ...bearer(), ...json }, body: '{"a":1,"a":2}' }],
    ],
    [
      'not what is asked for',
      400,
      'REQUEST_INVALID',
      () => [builds(), { method: 'POST', headers: { ...bearer(), ...json }, body: '{}' }],
    ],
    [
      'an artifact of no kind',
      400,
      'REQUEST_INVALID',
      () => [`/v1/tenants/${world.ours.tenant}/artifacts`, { method: 'POST', headers: bearer(), body: 'x' }],
    ],
    ['a tenant that is not there', 404, 'TENANT_NOT_FOUND', () => ['/v1/tenants/ghost/builds', { headers: bearer() }]],
  ];
  it.each(doors)('%s: %i %s', async (_what, status, code, request) => {
    const [got, problem] = await ask(...request());
    expect(problem).toMatchObject({ status, code, title: reasons[code].title, help: reasons[code].help });
    expect(got).toBe(status);
  });
});

describe('after all of that', () => {
  it('a good build ends COMPLETED, and the log is sound', async () => {
    const good = folder({ 'a.md': 'Mont Blanc is a mountain in the Alps.' });
    expect(await ours('build', 'start', good, '--wait', '--json')).toMatchObject({
      code: 0,
      json: { status: 'COMPLETED' },
    });
    for (const { cli } of [world.ours, world.theirs])
      expect(await cli('audit', 'fsck', '--json')).toMatchObject({ code: 0, json: { ok: true, findings: [] } });
  });

  it('an instance that starts again is where it was, has what it had, and its node goes on', async () => {
    expect((await ours('konnaxion', 'join', 'edge-1', '--channel', 'stable', '--json')).code).toBe(0);
    const { api } = world.orgo.api();
    expect((await ours('down', '--json')).code).toBe(0);
    expectRefusal(await ours('build', 'list', '--json'), 'INSTANCE_NOT_RUNNING');
    const { home } = world.orgo;
    world.orgo = await startInstance({ home });
    expect(world.orgo.api().api).toBe(api);
    expect(await ours('build', 'status', world.build.build_id, '--json')).toMatchObject({
      code: 0,
      json: { status: 'COMPLETED' },
    });
    const released = await ours(
      'release',
      'create',
      '--build',
      world.build.build_id,
      '--channel',
      'stable',
      '--wait',
      '--json',
    );
    expect(released).toMatchObject({
      code: 0,
      json: { status: 'RELEASED', counts: { total: 1, CONFIRMED: 1 } },
    });
  });
});
