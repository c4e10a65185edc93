import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ArtifactRef, BuildRecord, BuildStatus, FsckReport, ReleaseStatus } from '@orgo/contracts';
import { digestOfBytes } from '@orgo/core';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { repo, runCli, startInstance, type TestInstance } from '../kit/instance.ts';
import { artifactFile, type BuildResult, flipByte, newTenant, outputOf, writeCorpora } from '../kit/story.ts';

const filesIn = (folder: string): string[] =>
  fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .flatMap((entry) => (entry.isFile() ? [path.join(entry.parentPath, entry.name)] : []));

// One governed build from real input to an active pack, through the command line alone; then every claim of it is checked again.
describe('a build from documents to a node', () => {
  let orgo: TestInstance;
  let work: string;
  let story: Awaited<ReturnType<typeof newTenant>>;
  let build: BuildResult;

  beforeAll(async () => {
    work = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-story-'));
    orgo = await startInstance();
    story = await newTenant(orgo);
    const started = await story.cli('build', 'start', ...writeCorpora(work, 'atlas', 'reader'), '--wait', '--json');
    expect(started.stderr).not.toContain('INTERNAL_ERROR');
    expect(started.code).toBe(0);
    build = started.json as BuildResult;
  });
  afterAll(async () => {
    await orgo?.stop();
    fs.rmSync(work, { recursive: true, force: true });
  });

  it('passes every stage in order and is sealed', () => {
    expect(build.status).toBe('COMPLETED');
    expect(build.stages.map((s) => [s.stage, s.status])).toEqual(
      ['pin', 'ingest', 'extract', 'resolve', 'validate', 'compile-exchange', 'compile-pack'].map((s) => [s, 'PASS']),
    );
    const indexes = build.stages.map((s) => s.log_index as number);
    expect(indexes).toEqual([...indexes].sort((a, b) => a - b));
    expect(build.validation.status).toBe('PASS');
    expect(build.kristal_id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(build.pack_id).toMatch(/^[0-9a-f]{64}$/);
    expect(build.audit.verified).toBe(true);
  });

  it('answers an identical start with the finished build and writes nothing', async () => {
    const again = await story.cli(
      'build',
      'start',
      path.join(work, 'atlas'),
      path.join(work, 'reader'),
      '--wait',
      '--json',
    );
    expect((again.json as BuildResult).build_id).toBe(build.build_id);
    const log = await story.cli('audit', 'checkpoint', '--json');
    expect((log.json as { tree_size: number }).tree_size).toBe(build.audit.tree_size);
  });

  it('keeps a record that names every decision, and a public form of it', async () => {
    const record = (await story.cli('record', 'show', build.build_id, '--json')).json as BuildRecord;
    expect(record.outcome).toBe('COMPLETED');
    expect(record.outputs.kristal?.kristal_id).toBe(build.kristal_id);
    expect(record.outputs.kristal?.pack_id).toBe(build.pack_id);
    expect(record.stages.map((s) => s.stage)).toEqual(build.stages.map((s) => s.stage));
    const out = path.join(work, 'public.json');
    expect((await story.cli('record', 'export', build.build_id, '--public', '--out', out)).code).toBe(0);
    expect(JSON.parse(fs.readFileSync(out, 'utf8')).build_id).toBe(build.build_id);
  });

  it('puts the pack into service on a node, which answers from its own verified copy', async () => {
    expect((await story.cli('konnaxion', 'join', 'edge-1', '--channel', 'stable', '--json')).code).toBe(0);
    const released = await story.cli(
      'release',
      'create',
      '--build',
      build.build_id,
      '--channel',
      'stable',
      '--wait',
      '--json',
    );
    expect((released.json as ReleaseStatus).status).toBe('RELEASED');
    const active = await story.cli('konnaxion', 'active', 'edge-1', '--json');
    expect((active.json as { active: { pack_id: string } }).active.pack_id).toBe(build.pack_id);
    expect((await story.cli('konnaxion', 'verify', 'edge-1', '--json')).code).toBe(0);
    const capital = await story.cli(
      'pack',
      'query',
      path.join(orgo.home, 'nodes', story.tenant, 'edge-1', 'packs', build.pack_id as string),
      '--s',
      'Q142',
      '--p',
      'P36',
      '--json',
    );
    expect(JSON.stringify(capital.json)).toContain('Q90');
  });

  it('exports evidence that verifies with Orgo’s network cut off, and only as it was exported', async () => {
    const bundle = path.join(work, 'evidence');
    expect((await story.cli('record', 'export', build.build_id, '--bundle', '--out', bundle)).code).toBe(0);
    const root = path.join(work, 'root.json');
    fs.copyFileSync(story.root_file, root);
    const nowhere = { ...process.env, ORGO_HOME: path.join(work, 'no-home'), ORGO_API: '' };
    const verify = (...args: string[]) => runCli(['verify', bundle, ...args, '--json'], nowhere);
    const good = await verify('--root', root);
    expect(good.stderr).toBe('');
    expect(good.json).toMatchObject({
      ok: true,
      outcome: 'COMPLETED',
      kristal_id: build.kristal_id,
      pack_id: build.pack_id,
    });
    expect(await verify()).toMatchObject({ code: 3, json: { error: { code: 'TRUST_ROOT_MISSING' } } });

    const files = fs.readdirSync(path.join(bundle, 'artifacts/sha256'));
    const artifact = path.join(bundle, 'artifacts/sha256', files[0] as string);
    const kept = fs.readFileSync(artifact);
    flipByte(artifact);
    expect(await verify('--root', root)).toMatchObject({ code: 5, json: { error: { code: 'BUNDLE_FILE_CHANGED' } } });
    fs.rmSync(artifact);
    expect(await verify('--root', root)).toMatchObject({ code: 5, json: { error: { code: 'BUNDLE_FILE_MISSING' } } });
    fs.writeFileSync(artifact, kept);
    fs.writeFileSync(path.join(bundle, 'extra.txt'), 'x');
    expect(await verify('--root', root)).toMatchObject({
      code: 5,
      json: { error: { code: 'BUNDLE_FILE_UNDECLARED' } },
    });
    fs.rmSync(path.join(bundle, 'extra.txt'));
    expect((await verify('--root', root)).code).toBe(0);
  });

  it('verifies in a network namespace without any network', async (context) => {
    const bundle = path.join(work, 'evidence');
    try {
      execFileSync('unshare', ['-rn', 'true'], { stdio: 'ignore' });
    } catch {
      context.skip('unshare -n is not allowed on this machine');
    }
    const out = execFileSync(
      'unshare',
      [
        '-rn',
        process.execPath,
        path.join(repo, 'packages/cli/src/main.ts'),
        'verify',
        bundle,
        '--root',
        path.join(work, 'root.json'),
        '--json',
      ],
      {
        env: { ...process.env, ORGO_HOME: path.join(work, 'no-home') },
        encoding: 'utf8',
      },
    );
    expect(JSON.parse(out)).toMatchObject({ ok: true });
  });

  it('gives the same numbers to an independent script', async () => {
    const script = path.join(repo, 'test/conformance/independent/orgo_check.py');
    const python = (...args: string[]): string =>
      execFileSync('python3', [script, ...args], { encoding: 'utf8' }).trim();
    const exchange = path.join(work, 'exchange.json');
    await story.cli('artifact', 'get', outputOf(build, 'compile-exchange', 'exchange').ref, '--out', exchange);
    expect(python('kristal-id', exchange)).toContain(build.kristal_id);
    const log = path.join(work, 'log');
    const exported = (await story.cli('audit', 'export', '--out', log, '--json')).json as { root_hash: string };
    expect(python('log', log)).toContain(exported.root_hash);
    const proof = path.join(work, 'proof.json');
    await story.cli('audit', 'prove', `${build.stages[4]?.log_index}`, '--out', proof);
    expect(() => python('inclusion', proof)).not.toThrow();
    const broken = JSON.parse(fs.readFileSync(proof, 'utf8'));
    broken.index += 1;
    fs.writeFileSync(proof, JSON.stringify(broken));
    expect(() => execFileSync('python3', [script, 'inclusion', proof], { stdio: 'ignore' })).toThrow();
  });

  it('reruns to the same ids under another build id and as_of', async () => {
    const rerun = await story.cli(
      'build',
      'start',
      path.join(work, 'atlas'),
      path.join(work, 'reader'),
      '--rerun-of',
      build.build_id,
      '--wait',
      '--json',
    );
    const again = rerun.json as BuildResult;
    expect(again.build_id).not.toBe(build.build_id);
    expect(again.as_of).not.toBe(build.as_of);
    expect([again.status, again.kristal_id, again.pack_id]).toEqual(['COMPLETED', build.kristal_id, build.pack_id]);
    const files = (b: BuildResult) =>
      b.stages
        .find((s) => s.stage === 'compile-pack')
        ?.outputs.filter((o) => o.kind === 'pack-file')
        .map((o) => o.ref);
    expect(files(again)).toEqual(files(build));
    expect(((await story.cli('case', 'list', '--json')).json as { items: unknown[] }).items).toEqual([]);
  });

  it('makes cards of the released pack, has them checked, and runs the tasks that follow a release', async () => {
    const released = (await story.cli('release', 'list', '--json')).json as { items: ReleaseStatus[] };
    const release = released.items[0]?.release_id as string;
    const out = path.join(work, 'cards');
    const made = await story.cli('release', 'render', release, '--subject', 'Q142', 'Q935', '--out', out, '--json');
    expect(made.stderr).not.toContain('INTERNAL_ERROR');
    expect(made).toMatchObject({
      code: 0,
      json: {
        release_id: release,
        tasks: [
          { task_id: 'smoke', status: 'SUCCEEDED' },
          { task_id: 'contradictions', status: 'SUCCEEDED', codes: ['TASK_FINDING_REPORTED'] },
        ],
      },
    });
    const [card] = (made.json as { cards: { sha256: string }[] }).cards;
    expect(fs.readFileSync(path.join(out, 'Q142.en.html'), 'utf8')).toContain(`<code>${release}</code>`);
    expect(digestOfBytes(fs.readFileSync(path.join(out, 'Q142.en.html')))).toBe(card?.sha256);
    const { build_id } = made.json as { build_id: string };
    const record = (await story.cli('record', 'show', build_id, '--json')).json as BuildRecord;
    expect(record.stages.map(({ stage, status }) => [stage, status])).toEqual(
      ['render', 'check-render', 'execute'].map((stage) => [stage, 'PASS']),
    );

    const bare = await story.cli('release', 'render', release, '--subject', 'Q2', '--json');
    expect(bare).toMatchObject({ code: 3, json: { error: { code: 'RENDER_SUBJECT_UNKNOWN' } } });
    expect((await story.cli('case', 'list', '--json')).json).toMatchObject({
      items: [{ type: 'build-failed', reason_codes: ['RENDER_SUBJECT_UNKNOWN'] }],
    });
  });

  it('lets nobody edit what was released, by a signal or by other bytes', async () => {
    const { api, token } = orgo.api();
    const call = (method: string, at: string, body?: string | Uint8Array, type = 'application/json') =>
      fetch(`${api}/v1/tenants/${story.tenant}${at}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': type, 'x-artifact-kind': 'exchange' },
        ...(body && { body: body as NonNullable<RequestInit['body']> }),
      });
    const exchange = outputOf(build, 'compile-exchange', 'exchange');
    const released = async () => new Uint8Array(await (await call('GET', `/artifacts/${exchange.ref}`)).arrayBuffer());
    const bytes = await released();
    const edited = Uint8Array.from(bytes);
    edited[edited.length >> 1] = (edited[edited.length >> 1] ?? 0) ^ 1;
    const put = (await (await call('POST', '/artifacts', edited, exchange.media_type)).json()) as ArtifactRef;
    expect(put).toMatchObject({ ref: digestOfBytes(edited), size: exchange.size });
    expect(await released()).toEqual(bytes);

    const { items } = (await story.cli('build', 'list', '--json')).json as { items: BuildStatus[] };
    const tasks = items.find(({ pipeline, status }) => pipeline === 'kristal-after' && status === 'COMPLETED');
    const signals = outputOf(tasks as BuildStatus, 'execute', 'signals');
    const record = (await story.cli('record', 'show', build.build_id, '--json')).json as BuildRecord;
    const inputs = record.inputs.admitted.filter(({ kind }) => kind !== 'pipeline');
    const ask = {
      pipeline: 'kristal',
      trigger: { type: 'manual', actor: 'signal', reason: 'edit' },
      rerun_of: null,
    };
    for (const more of [signals, put]) {
      const refused = await call('POST', '/builds', JSON.stringify({ ...ask, inputs: [...inputs, more] }));
      expect(await refused.json()).toMatchObject({
        code: 'REQUEST_INVALID',
        detail: expect.stringContaining(`${more.kind} too often or without need`),
      });
    }
  });

  it('finds one flipped byte of a stored artifact by name', async () => {
    const sound = await story.cli('audit', 'fsck', '--json');
    expect(sound).toMatchObject({ code: 0, json: { ok: true } });
    const manifest = outputOf(build, 'compile-pack', 'pack-manifest');
    const file = artifactFile(orgo.home, story.tenant, manifest.ref);
    flipByte(file, 10);
    const broken = await story.cli('audit', 'fsck', '--json');
    expect(broken.code).toBe(5);
    expect((broken.json as FsckReport).findings).toEqual([
      expect.objectContaining({ code: 'HASH_MISMATCH', place: `artifact/${manifest.ref}` }),
    ]);
    expect(await story.cli('artifact', 'get', manifest.ref, '--out', path.join(work, 'x'), '--json')).toMatchObject({
      code: 5,
      json: { error: { code: 'HASH_MISMATCH' } },
    });
    flipByte(file, 10);
    expect((await story.cli('audit', 'fsck', '--json')).code).toBe(0);
  });

  it('finds each row that was changed by SQL and is not what the log says, or that is gone', async () => {
    const database = new pg.Client({ connectionString: orgo.servers().DATABASE_URL });
    await database.connect();
    onTestFinished(() => database.end());
    const unlogged = async () => {
      const { code, json } = await story.cli('audit', 'fsck', '--json');
      const { findings } = json as FsckReport;
      expect(code).toBe(findings.length === 0 ? 0 : 5);
      return findings.map((one) => `${one.code} ${one.place} ${one.detail}`).sort();
    };
    const set = async (sql: string, ...values: unknown[]) =>
      expect(await database.query(sql, [story.tenant, ...values])).toMatchObject({ rowCount: 1 });
    const { items } = (await story.cli('build', 'list', '--json')).json as { items: BuildStatus[] };
    const failed = items.find(({ status }) => status === 'FAILED')?.build_id as string;
    const { items: releases } = (await story.cli('release', 'list', '--json')).json as { items: ReleaseStatus[] };
    const released = releases.find(({ status }) => status === 'RELEASED') as ReleaseStatus;
    expect(await unlogged()).toEqual([]);

    const other = build.build_id.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    const phase = (table: string, id: string, to: string) =>
      set(
        `UPDATE ${table} SET phase = $3::text, state = jsonb_set(state, '{phase}', to_jsonb($3::text)) WHERE tenant_id = $1 AND id = $2`,
        id,
        to,
      );
    const renamed = (from: string, to: string) =>
      set(
        `UPDATE orchestrator.build SET id = $3::text, state = jsonb_set(state, '{build_id}', to_jsonb($3::text)) WHERE tenant_id = $1 AND id = $2`,
        from,
        to,
      );
    const aside = (packs: object[]) =>
      set(
        `UPDATE release.channel SET state = jsonb_set(state, '{quarantined}', $3::jsonb) WHERE tenant_id = $1 AND id = $2`,
        released.channel,
        JSON.stringify(packs),
      );
    const act = { actor: 'nobody', reason: 'none', at: '2026-11-20T12:00:00.000Z' };
    await phase('orchestrator.build', failed, 'COMPLETED');
    await renamed(build.build_id, other);
    await phase('release.release', released.release_id, 'ROLLED_BACK');
    await aside([{ pack_id: 'f'.repeat(64), ...act }]);
    const found = await unlogged();
    expect(found).toContain(`UNLOGGED_CHANGE build/${other} the row says: COMPLETED; the log says: never admitted`);
    expect(found.filter((one) => !one.includes(other))).toEqual([
      `UNLOGGED_CHANGE build/${build.build_id} the row says: nothing, it is gone; the log says: decided`,
      expect.stringContaining(`UNLOGGED_CHANGE build/${failed} the row says: COMPLETED; the log says: FAILED, log/`),
      `UNLOGGED_CHANGE channel/${released.channel} the row says: put aside ${'f'.repeat(64)}; the log says: not decided`,
      expect.stringContaining(
        `UNLOGGED_CHANGE release/${released.release_id} the row says: ROLLED_BACK; the log says: RELEASED, log/`,
      ),
    ]);
    await phase('orchestrator.build', failed, 'FAILED');
    await renamed(other, build.build_id);
    await phase('release.release', released.release_id, 'RELEASED');
    await aside([]);
    expect(await unlogged()).toEqual([]);
  });

  it('wrote no secret of its home into a log or into anything that it gave out', async () => {
    const { DATABASE_URL, NATS_URL, REDIS_URL } = orgo.servers();
    const passwords = [DATABASE_URL, NATS_URL, REDIS_URL].map((url) => new URL(url).password);
    const keys = filesIn(path.join(orgo.home, 'keys')).map((file) => JSON.parse(fs.readFileSync(file, 'utf8')).jwk.d);
    const secrets = [orgo.api().token, ...passwords.flatMap((one) => [one, decodeURIComponent(one)]), ...keys];
    expect(keys.length).toBeGreaterThan(10);
    expect(secrets.filter((one) => typeof one !== 'string' || one.length < 16)).toEqual([]);
    const [logs, given] = [path.join(orgo.home, 'logs'), path.join(work, 'evidence')].map(filesIn) as [
      string[],
      string[],
    ];
    expect(logs.length > 0 && given.length > 20).toBe(true);
    const stored = filesIn(path.join(orgo.home, 'artifacts'));
    const leaks = [...logs, ...filesIn(work), ...stored].filter((file) => {
      const bytes = fs.readFileSync(file);
      return secrets.some((secret) => bytes.includes(secret));
    });
    expect(leaks).toEqual([]);
    const error = await runCli(['build', 'list', '--json'], { ...orgo.env, ORGO_API: 'http://127.0.0.1:1' });
    expect(secrets.filter((secret) => (error.stdout + error.stderr).includes(secret))).toEqual([]);
  });
});
