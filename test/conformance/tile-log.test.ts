import { execFile, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { tilePath, tilesOf } from '@orgo/core';
import { testFolder } from '@orgo/infra/test-servers';
import { newId } from '@orgo/runtime/ids';
import { startWitness, type Witness } from '@orgo/witness';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Audit, decisionOf, startAudit, tenant, token } from '../integration/audit-instance.ts';
import { runCli } from '../kit/instance.ts';

/** More than two full tiles, so that a tile of level 1 has two hashes and the rightmost tiles are partial. */
const size = 556;
const earlier = 300;

const work = testFolder('orgo-tile-log-');
const at = (name: string): string => path.join(work, name);
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

let audit: Audit;
let witness: Witness;
let view: { checkpoint: string; root_hash: string; vkeys: string[]; cosigned: { tree_size: number } | null };

type Ran = { status: number | null; stdout: string; stderr: string };
/** Not in the way of the servers of this process. */
const run = (command: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> =>
  new Promise((done) => {
    const child = execFile(command, args, { env: { ...process.env, ...env } }, (_, stdout, stderr) =>
      done({ status: child.exitCode, stdout: stdout.trim(), stderr: stderr.trim() }),
    );
  });
const has = (command: string, argument: string): boolean => spawnSync(command, [argument]).status === 0;
/** The command line against this audit; `home` pins its tenant's root. */
const orgo = async (...args: string[]): Promise<Ran> => {
  const env = {
    ...process.env,
    ORGO_API: audit.replicas[0]?.http.url,
    ORGO_TOKEN: token,
    ORGO_TENANT: tenant,
    ORGO_HOME: audit.instance.home,
  };
  const { code, stdout, stderr } = await runCli(args, env);
  return { status: code, stdout: stdout.trim(), stderr: stderr.trim() };
};
const json = async (ran: Promise<Ran>) => JSON.parse((await ran).stdout || '{}');
const rootFile = () => path.join(audit.instance.home, 'trust', tenant, '1.root.json');

const go = { GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOFLAGS: '', GOCACHE: at('go-cache'), HOME: work };
const goMissing = !has('go', 'version') || !fs.existsSync(`${go.GOPATH}/src/golang.org/x/mod/sumdb/tlog/tile.go`);
if (goMissing)
  console.warn('skipped: Go’s own check of our log needs the Debian packages golang-go and golang-golang-x-mod-dev');
const pythonMissing = !has('python3', '--version');
if (pythonMissing) console.warn('skipped: the independent check needs python3 on the PATH');

const many = (count: number) => {
  const build_id = newId('bld');
  return Array.from({ length: count }, (_, attempt) => ({ decision: decisionOf({ build_id, attempt }) }));
};

beforeAll(async () => {
  fs.writeFileSync(at('logs'), '');
  witness = await startWitness({
    ORGO_WITNESS_DIR: at('witness'),
    ORGO_WITNESS_NAME: 'witness.example/w1',
    ORGO_WITNESS_LOGS: at('logs'),
    ORGO_WITNESS_HOST: '127.0.0.1',
    ORGO_WITNESS_PORT: 0,
  });
  fs.writeFileSync(at('policy'), `witness w1 ${witness.vkey} ${witness.url}\nquorum w1\n`);
  audit = await startAudit({ settings: { ORGO_WITNESS_POLICY: at('policy') } });
  for (const count of [256, 44]) await audit.seal(many(count));
  view = await json(orgo('audit', 'checkpoint', '--json'));
  fs.writeFileSync(at('kept'), view.checkpoint);
  fs.writeFileSync(at('logs'), `${view.vkeys[0]}\n`);
  for (const count of [250, 6]) await audit.seal(many(count));
  const newest = async () => (await audit.call('GET', '/log/checkpoint')).body;
  await vi.waitFor(async () => expect((await newest()).cosigned?.tree_size).toBe(size), { timeout: 30_000 });
  view = await newest();
  expect(await orgo('audit', 'export', '--out', at('log'), '--json')).toMatchObject({ status: 0 });
});
afterAll(async () => {
  await audit?.stop();
  await witness?.close();
  fs.rmSync(work, { recursive: true, force: true });
});

/** A copy of the export, spoiled. */
let copies = 0;
const spoiled = (spoil: (folder: string) => void): string => {
  const folder = at(`copy-${++copies}`);
  fs.cpSync(at('log'), folder, { recursive: true });
  spoil(folder);
  return folder;
};
const flip = (file: string, byte = 0): void => {
  const bytes = fs.readFileSync(file);
  bytes[byte] = (bytes[byte] ?? 0) ^ 1;
  fs.writeFileSync(file, bytes);
};
/** What must not pass, whoever checks. */
const spoils: [string, (folder: string) => void][] = [
  ['a byte of an entry', (folder) => flip(path.join(folder, 'tile/entries/001'), 4000)],
  ['a hash of a full tile', (folder) => flip(path.join(folder, 'tile/0/000'), 8000)],
  ['a hash of a partial tile', (folder) => flip(path.join(folder, 'tile/0/002.p/44'))],
  ['a hash of an upper tile', (folder) => flip(path.join(folder, 'tile/1/000.p/2'), 40)],
  ['a tile too few', (folder) => fs.rmSync(path.join(folder, 'tile/0/001'))],
  ['a bundle cut off', (folder) => fs.truncateSync(path.join(folder, 'tile/entries/002.p/44'), 1000)],
  [
    'another size',
    (folder) => {
      const file = path.join(folder, 'checkpoint');
      fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(`\n${size}\n`, `\n${size - 1}\n`));
    },
  ],
];

describe('the exported folder', () => {
  it('has every tile and bundle of its size, the checkpoint, and the keys of the log', () => {
    const files = fs.globSync('**', { cwd: at('log'), withFileTypes: true }).filter((one) => one.isFile());
    const names = files.map((one) => path.relative(at('log'), path.join(one.parentPath, one.name))).sort();
    expect(names).toEqual(['checkpoint', 'entries.jsonl', 'vkeys', ...[...tilesOf(size)].map(tilePath)].sort());
    expect(fs.readFileSync(at('log/vkeys'), 'utf8')).toBe(`${view.vkeys[0]}\n`);
  });

  it('is verified by the command line, with trust from elsewhere', async () => {
    expect(
      await json(orgo('verify', at('log'), '--root', rootFile(), '--witnesses', at('policy'), '--json')),
    ).toMatchObject({
      ok: true,
      kind: 'log',
      tree_size: size,
      root_hash: view.root_hash,
      cosigned: [{ name: 'witness.example/w1' }],
    });
    expect(await orgo('verify', at('log'))).toMatchObject({ status: 0 });
  });

  it.each(spoils.filter((_, at) => at % 3 === 0))('is refused with %s', async (_, spoil) => {
    expect((await orgo('verify', spoiled(spoil))).status).toBe(5);
  });
});

describe.skipIf(goMissing)('Go’s sumdb/tlog and sumdb/note', () => {
  const program = at('orgolog');
  beforeAll(async () => {
    expect(await run('go', ['build', '-o', program, here('./go/orgolog.go')], go)).toMatchObject({
      status: 0,
      stderr: '',
    });
  });

  it('read our tiles, open our checkpoint with the witness’s cosignature, and prove every entry and every size', async () => {
    const asked = [0, 255, 256, 511, 512, 555];
    const lines: string[] = [];
    for (const index of asked) lines.push(JSON.stringify((await audit.call('GET', `/log/proofs/${index}`)).body));
    for (const from of [1, 2, 255, 256, 257, 300, 512, 555, 556])
      lines.push(JSON.stringify((await audit.call('GET', `/log/consistency?from=${from}`)).body));
    fs.writeFileSync(at('proofs'), `${lines.join('\n')}\n`);
    const args = ['-log', `${view.vkeys[0]}`, '-witness', witness.vkey, '-proofs', at('proofs'), at('log')];
    expect(await run(program, args)).toEqual({
      status: 0,
      stdout: `${audit.root.log.origin} ${size} ${view.root_hash} tiles=4 proofs=15 signatures=2`,
      stderr: '',
    });
  });

  it.each(spoils)('refuse %s', async (_, spoil) => {
    expect(await run(program, ['-log', `${view.vkeys[0]}`, spoiled(spoil)])).toMatchObject({ status: 1, stdout: '' });
  });

  it('refuse another key, and proofs of other entries', async () => {
    const other = `${view.vkeys[0]}`.replace(/^[^+]*/, 'orgo.example/other');
    expect(await run(program, ['-log', other, at('log')])).toMatchObject({ status: 1 });
    const [first = '', second = ''] = fs.readFileSync(at('proofs'), 'utf8').split('\n');
    fs.writeFileSync(at('swapped'), JSON.stringify({ ...JSON.parse(first), path: JSON.parse(second).path }));
    expect(await run(program, ['-log', `${view.vkeys[0]}`, '-proofs', at('swapped'), at('log')])).toMatchObject({
      status: 1,
    });
  });
});

describe.skipIf(pythonMissing)('Python’s standard library', () => {
  const python = (command: string, target: string): Promise<Ran> =>
    run('python3', [here('./independent/orgo_check.py'), command, target]);

  it('rebuilds every tile and the root', async () => {
    expect(await python('tiles', at('log'))).toMatchObject({ status: 0, stdout: `${size} ${view.root_hash} 7` });
    expect(await python('log', at('log'))).toMatchObject({ status: 0, stdout: `${size} ${view.root_hash}` });
  });

  it.each(spoils)('refuses %s', async (_, spoil) => {
    expect(await python('tiles', spoiled(spoil))).toMatchObject({ status: 1, stdout: '' });
  });

  it('agrees that every earlier log is the beginning, and refuses what is not', async () => {
    for (const from of [3, 300]) {
      const { body } = await audit.call('GET', `/log/consistency?from=${from}`);
      fs.writeFileSync(at('growth.json'), JSON.stringify(body));
      expect(await python('consistency', at('growth.json'))).toMatchObject({ status: 0 });
      for (const change of [
        { from: from + 1 },
        { from_root: body.root.replace(/^./, (c: string) => (c === '0' ? '1' : '0')) },
        { root: body.from_root.replace(/^./, (c: string) => (c === '0' ? '1' : '0')) },
        { path: [...body.path, body.root] },
      ]) {
        fs.writeFileSync(at('growth.json'), JSON.stringify({ ...body, ...change }));
        expect(await python('consistency', at('growth.json')), JSON.stringify(change)).toMatchObject({
          status: 1,
          stdout: '',
        });
      }
    }
  });
});

describe('proofs in files', () => {
  it('prove an entry offline, and nothing when they are changed', async () => {
    const file = at('entry.tlog-proof');
    expect(await orgo('audit', 'prove', '300', '--out', file)).toMatchObject({ status: 0 });
    const checked = await orgo('verify', file, '--root', rootFile(), '--witnesses', at('policy'), '--json');
    expect(JSON.parse(checked.stdout)).toMatchObject({
      ok: true,
      kind: 'inclusion',
      index: 300,
      decision: { verdict: 'PASS' },
    });
    const text = fs.readFileSync(file, 'utf8');
    const lie = (name: string, changed: string): string => {
      fs.writeFileSync(at(name), changed);
      return at(name);
    };
    expect(await orgo('verify', lie('a', text.replace('index 300', 'index 301')))).toMatchObject({
      status: 5,
      stderr: expect.stringContaining('PROOF_INVALID'),
    });
    expect(await orgo('verify', lie('b', text.replace(`\n${size}\n`, `\n${size + 1}\n`)))).toMatchObject({ status: 5 });
    const unsigned = text.split('\n').filter((line) => !line.startsWith('\u2014 witness'));
    const bare = lie('c', unsigned.join('\n'));
    expect(await orgo('verify', bare)).toMatchObject({ status: 0 });
    expect(await orgo('verify', bare, '--witnesses', at('policy'))).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('WITNESS_QUORUM_NOT_MET'),
    });
  });

  it('prove that the log only grew since a checkpoint that was kept', async () => {
    const file = at('growth');
    expect(await orgo('audit', 'prove', '--from', at('kept'), '--out', file, '--json')).toMatchObject({ status: 0 });
    expect(await json(orgo('verify', file, '--from', at('kept'), '--json'))).toMatchObject({
      ok: true,
      kind: 'consistency',
      from: earlier,
      tree_size: size,
    });
    expect((await orgo('verify', file)).status).toBe(2);
    expect(await orgo('verify', file, '--from', at('log/checkpoint'))).toMatchObject({
      status: 5,
      stderr: expect.stringContaining('PROOF_INVALID'),
    });
    expect((await orgo('audit', 'prove', '0', '--from', '1')).status).toBe(2);
    const noRoot = at('no-root');
    fs.writeFileSync(noRoot, JSON.stringify({ payload: Buffer.from('no root').toString('base64') }));
    expect(await orgo('verify', at('log'), '--root', noRoot)).toMatchObject({
      stderr: expect.stringContaining('TRUST_ROOT_INVALID'),
    });
  });
});
