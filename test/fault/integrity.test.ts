import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { BuildRecord, BuildStarted, BuildStatus, CommandItem, FsckReport, GateDecision } from '@orgo/contracts';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startInstance, type TestInstance } from '../kit/instance.ts';
import { itemsOf, Overhearing } from '../kit/overhear.ts';
import { standStill } from '../kit/stand-still.ts';
import { artifactFile, type BuildResult, flipByte, newTenant, outputOf, writeCorpora } from '../kit/story.ts';

// One byte changed behind Orgo's back: the next reader refuses with the right code, the build stops, and fsck names the place.
describe('one flipped byte', () => {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-flip-'));
  let orgo: TestInstance;
  let bus: Overhearing;
  let folders: string[];

  beforeAll(async () => {
    orgo = await startInstance({ args: ['--processes'] });
    bus = await Overhearing.open(orgo.servers().NATS_URL, 'orgo.v1.*.cmd.>');
    folders = writeCorpora(work, 'reader');
  });
  afterAll(async () => {
    await bus?.close();
    await orgo?.stop();
    fs.rmSync(work, { recursive: true, force: true });
  });

  /** Holds the reader of an artifact still while its bytes are changed, then lets it read. */
  const flipBeforeReader = async (
    name: string,
    reader: string,
    find: (status: BuildStatus, opening: GateDecision) => string | undefined,
  ) => {
    const story = await newTenant(orgo, name);
    const goOn = await standStill(orgo.pids()[reader] as number);
    const { build_id } = (await story.cli('build', 'start', ...folders, '--json')).json as BuildStarted;
    const command = await bus.until((m) => m.subject === `orgo.v1.${story.tenant}.cmd.${reader}`);
    const status = (await story.cli('build', 'status', build_id, '--json')).json as BuildStatus;
    const [item] = itemsOf<CommandItem>(command);
    const ref = find(status, JSON.parse(item?.decision?.payload ?? '{}') as GateDecision) ?? '';
    flipByte(artifactFile(orgo.home, story.tenant, ref), -2);
    goOn();
    const ended = (await story.cli('build', 'watch', build_id, '--json')).json as BuildResult;
    const fsck = (await story.cli('audit', 'fsck', '--json')).json as FsckReport;
    expect(fsck.findings).toEqual([expect.objectContaining({ code: 'HASH_MISMATCH', place: `artifact/${ref}` })]);
    const record = (await story.cli('record', 'show', ended.build_id, '--json')).json as BuildRecord;
    expect(record).toMatchObject({ outcome: ended.status, reason_codes: ended.reason_codes });
    const out = path.join(work, `bundle-${name}`);
    const bundle = await story.cli('record', 'export', ended.build_id, '--bundle', '--out', out, '--json');
    expect(bundle).toMatchObject({ code: 5, json: { error: { code: 'HASH_MISMATCH' } } });
    expect(bundle.stdout + bundle.stderr).toContain(ref);
    return { ended, record };
  };

  it.each([
    ['the pinned context', 'resolve', 'pin', 'pinned-context'],
    ['lines of claims', 'resolve', 'extract', 'claim-ir-lines'],
    ['a batch manifest', 'validate', 'resolve', 'resolved-batch'],
    ['an Exchange', 'compile-pack', 'compile-exchange', 'exchange'],
    ['an Exchange manifest', 'compile-pack', 'compile-exchange', 'exchange-manifest'],
  ])('in %s stops the build at %s', async (_, reader, from, kind) => {
    const find = (status: BuildStatus) => outputOf(status, from, kind).ref;
    const { ended } = await flipBeforeReader(`flip-${kind.slice(0, 12)}`, reader, find);
    expect(ended.status).toBe(reader === 'validate' ? 'VALIDATION_FAILED' : 'FAILED');
    expect(ended.reason_codes).toContain('HASH_MISMATCH');
    expect(ended.stages.at(-1)).toMatchObject({ stage: reader, status: 'FAIL' });
  });

  it('in a mandate stops the build at pin, on record', async () => {
    const { ended } = await flipBeforeReader('flip-mandate', 'pin', (_, { mandate_ref }) => mandate_ref);
    expect(ended).toMatchObject({ status: 'FAILED', reason_codes: ['HASH_MISMATCH'] });
  });

  it('in a pipeline stops the build at pin, on record, although nobody can read the pipeline any more', async () => {
    const { ended, record } = await flipBeforeReader('flip-pipeline', 'pin', (_, { pipeline_ref }) => pipeline_ref);
    expect(ended).toMatchObject({ status: 'FAILED', reason_codes: ['HASH_MISMATCH'] });
    expect(record.pipeline.pipeline_id).toBe('unreadable');
  });

  it('in a stage report stops nothing, because nothing is built on it', async () => {
    const { ended } = await flipBeforeReader('flip-report', 'resolve', (_, { report }) => report?.ref);
    expect(ended).toMatchObject({ status: 'COMPLETED', reason_codes: [] });
  });

  it('in a log entry is named by fsck and refused by its readers', async () => {
    const story = await newTenant(orgo, 'flip-leaf');
    const done = (await story.cli('build', 'start', ...folders, '--wait', '--json')).json as BuildResult;
    const index = done.stages[2]?.log_index as number;
    const database = new pg.Client({ connectionString: orgo.servers().DATABASE_URL });
    await database.connect();
    // Only the owner of the server can get past the log's triggers; that is whom fsck is for.
    await database.query("SET session_replication_role = 'replica'");
    const changed = await database.query(
      'UPDATE audit.log_leaf SET leaf = set_byte(leaf, 20, get_byte(leaf, 20) # 1) WHERE tenant_id = $1 AND idx = $2',
      [story.tenant, index],
    );
    expect(changed.rowCount).toBe(1);
    await database.end();
    const fsck = await story.cli('audit', 'fsck', '--json');
    expect(fsck.code).toBe(5);
    expect((fsck.json as FsckReport).findings).toContainEqual(
      expect.objectContaining({ code: 'LEAF_HASH_MISMATCH', place: `log/${index}` }),
    );
    for (const reader of [
      ['audit', 'prove', `${index}`],
      ['record', 'show', done.build_id],
    ])
      expect(await story.cli(...reader, '--json')).toMatchObject({
        code: 5,
        json: { error: { code: 'LEAF_HASH_MISMATCH' } },
      });
  });
});
