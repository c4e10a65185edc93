import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { BuildRecord, BuildStarted, BuildStatus, FsckReport, ReleaseStatus } from '@orgo/contracts';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startInstance, type TestInstance, waitForFile } from '../kit/instance.ts';
import { Overhearing } from '../kit/overhear.ts';
import { standStill } from '../kit/stand-still.ts';
import { type BuildResult, newTenant, writeCorpora } from '../kit/story.ts';

// One fault each, in mid-build, with every part in a process of its own. The end equals the undisturbed run: same ids, one decision per
// stage, a log without a gap; and each fault is shown to have happened.
describe('the ring under one fault at a time', () => {
  let orgo: TestInstance;
  let bus: Overhearing;
  let folders: string[];
  let calm: { kristal_id: string | null; pack_id: string | null };
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-faults-'));

  beforeAll(async () => {
    // Who was killed answers nothing and gives nothing back: nobody waits the ten seconds for it that production does.
    const env = { ORGO_ANSWER_WAIT_MS: '2000', ORGO_ACK_WAIT_MS: '2000' };
    orgo = await startInstance({ args: ['--processes'], env });
    folders = writeCorpora(work, 'reader');
    bus = await Overhearing.open(orgo.servers().NATS_URL, 'orgo.v1.*.cmd.>', 'orgo.v1.*.gate.>', 'orgo.v1.*.audit.>');
    const story = await newTenant(orgo, 'calm');
    const done = await story.cli('build', 'start', ...folders, '--wait', '--json');
    expect(done.code).toBe(0);
    calm = done.json as BuildResult;
  });
  afterAll(async () => {
    await bus?.close();
    await orgo?.stop();
    fs.rmSync(work, { recursive: true, force: true });
  });

  /** Starts a build in a tenant of its own, lets the fault happen once `when` was heard, and holds the end against the calm run. */
  const disturbed = async (name: string, when: string, fault: (tenant: string) => Promise<void>): Promise<void> => {
    const story = await newTenant(orgo, name);
    const started = (await story.cli('build', 'start', ...folders, '--json')).json as BuildStarted;
    await bus.until((m) => m.subject === `orgo.v1.${story.tenant}.${when}`);
    await fault(story.tenant);
    const ended = (await story.cli('build', 'watch', started.build_id, '--json')).json as BuildResult;
    expect([ended.status, ended.kristal_id, ended.pack_id]).toEqual(['COMPLETED', calm.kristal_id, calm.pack_id]);
    const record = (await story.cli('record', 'show', started.build_id, '--json')).json as BuildRecord;
    expect(record.stages.map((s) => [s.stage, s.status])).toEqual(
      ['pin', 'ingest', 'extract', 'resolve', 'validate', 'compile-exchange', 'compile-pack'].map((s) => [s, 'PASS']),
    );
    const finals = record.decisions.filter((d) => d.kind === 'STAGE').map((d) => d.stage);
    expect(new Set(finals).size).toBe(finals.length);
    const fsck = (await story.cli('audit', 'fsck', '--json')).json as FsckReport;
    expect(fsck).toMatchObject({ ok: true, findings: [] });
    const { tree_size } = (await story.cli('audit', 'checkpoint', '--json')).json as { tree_size: number };
    expect(fsck.entries).toBe(tree_size);
  };

  for (const [service, when] of [
    ['orchestrator', 'cmd.extract'],
    ['gatekeeper', 'gate.reply'],
    ['audit', 'audit.decision'],
    ['resolve', 'cmd.resolve'],
    ['validate', 'cmd.validate'],
    ['compile-pack', 'cmd.compile-pack'],
  ] as const)
    it(`kill -9 of ${service}`, () =>
      disturbed(`kill-${service.slice(0, 12)}`, when, () => orgo.killAndAwaitRestart(service)));

  it('NATS killed with its store wiped', () =>
    disturbed('nats', 'cmd.resolve', async () => {
      const hearsAgain = bus.reconnection();
      const before = orgo.servers().pids.nats as number;
      await standStill(before);
      fs.rmSync(path.join(orgo.home, 'servers/nats'), { recursive: true, force: true });
      process.kill(before, 'SIGKILL');
      await waitForFile(path.join(orgo.home, 'run'), () => orgo.servers().pids.nats !== before);
      await hearsAgain;
    }));

  it('Redis flushed', () =>
    disturbed('redis', 'cmd.extract', async () => {
      const redis = new Redis(orgo.servers().REDIS_URL);
      await redis.flushall();
      expect(await redis.dbsize()).toBe(0);
      redis.disconnect();
    }));

  it('PostgreSQL killed and restarted', () =>
    disturbed('postgres', 'cmd.extract', async () => {
      const before = orgo.servers().pids.postgres as number;
      process.kill(before, 'SIGKILL');
      await waitForFile(path.join(orgo.home, 'run'), () => orgo.servers().pids.postgres !== before);
    }));

  it('kill -9 of release between verification and publication', async () => {
    const story = await newTenant(orgo, 'kill-release');
    expect((await story.cli('konnaxion', 'join', 'edge-1', '--channel', 'stable', '--json')).code).toBe(0);
    const built = (await story.cli('build', 'start', ...folders, '--wait', '--json')).json as BuildResult;
    const heard = bus.of(story.tenant, '.gate.claim').length;
    const created = (await story.cli('release', 'create', '--build', built.build_id, '--channel', 'stable', '--json'))
      .json as ReleaseStatus;
    await bus.until(() => bus.of(story.tenant, '.gate.claim').length > heard);
    await orgo.killAndAwaitRestart('release');
    const ended = (await story.cli('release', 'watch', created.release_id, '--json')).json as ReleaseStatus;
    expect([ended.status, ended.pack_id, ended.counts.CONFIRMED]).toEqual(['RELEASED', calm.pack_id, 1]);
    expect((await story.cli('audit', 'fsck', '--json')).code).toBe(0);
  });

  /** What the stages of a tenant were told to do so far, once everything said before this call is heard. */
  const commanded = async (tenant: string): Promise<(string | undefined)[]> => {
    await bus.roundTrip();
    return bus.heard
      .filter((m) => m.subject.startsWith(`orgo.v1.${tenant}.cmd.`))
      .map((m) => m.subject.split('.').at(-1));
  };
  /** An absence has no event: a second is many times what a command takes to follow. */
  const aSecond = () => new Promise((resume) => setTimeout(resume, 1_000));

  it('no stage starts while audit stands still', async () => {
    const story = await newTenant(orgo, 'audit-still');
    const goOn = await standStill(orgo.pids().audit as number);
    const started = (await story.cli('build', 'start', ...folders, '--json')).json as BuildStarted;
    await bus.until((m) => m.subject === `orgo.v1.${story.tenant}.audit.decision`);
    await aSecond();
    expect(await commanded(story.tenant)).toEqual([]);
    goOn();
    const ended = (await story.cli('build', 'watch', started.build_id, '--json')).json as BuildResult;
    expect(ended.status).toBe('COMPLETED');
  });

  it('none advances while the gatekeeper stands still', async () => {
    const story = await newTenant(orgo, 'gate-still');
    // The adapter stands still until the gatekeeper does, or its reply could be decided on before.
    const stageGoesOn = await standStill(orgo.pids().pin as number);
    const started = (await story.cli('build', 'start', ...folders, '--json')).json as BuildStarted;
    await bus.until((m) => m.subject === `orgo.v1.${story.tenant}.cmd.pin`);
    const gateGoesOn = await standStill(orgo.pids().gatekeeper as number);
    stageGoesOn();
    await bus.until((m) => m.subject === `orgo.v1.${story.tenant}.gate.reply`);
    await aSecond();
    expect(new Set(await commanded(story.tenant))).toEqual(new Set(['pin']));
    const status = (await story.cli('build', 'status', started.build_id, '--json')).json as BuildStatus;
    expect(status.stages.map(({ stage, status }) => [stage, status])).toEqual([['pin', 'RUNNING']]);
    gateGoesOn();
    const ended = (await story.cli('build', 'watch', started.build_id, '--json')).json as BuildResult;
    expect(ended.status).toBe('COMPLETED');
  });
});
