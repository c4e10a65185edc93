import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { BuildStarted, BuildStatus, FsckReport } from '@orgo/contracts';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startInstance, type TestInstance } from '../kit/instance.ts';
import { Overhearing } from '../kit/overhear.ts';
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
  const flipBeforeReader = async (name: string, reader: string, from: string, kind: string) => {
    const story = await newTenant(orgo, name);
    const pid = orgo.pids()[reader] as number;
    process.kill(pid, 'SIGSTOP');
    const { build_id } = (await story.cli('build', 'start', ...folders, '--json')).json as BuildStarted;
    await bus.until((m) => m.subject === `orgo.v1.${story.tenant}.cmd.${reader}`);
    const status = (await story.cli('build', 'status', build_id, '--json')).json as BuildStatus;
    const { ref } = outputOf(status, from, kind);
    flipByte(artifactFile(orgo.home, story.tenant, ref), -2);
    process.kill(pid, 'SIGCONT');
    const ended = (await story.cli('build', 'watch', build_id, '--json')).json as BuildResult;
    const fsck = (await story.cli('audit', 'fsck', '--json')).json as FsckReport;
    return { ended, fsck, ref };
  };

  it.each([
    ['lines of claims', 'resolve', 'extract', 'claim-ir-lines'],
    ['a batch manifest', 'validate', 'resolve', 'resolved-batch'],
    ['an Exchange', 'compile-pack', 'compile-exchange', 'exchange'],
    ['an Exchange manifest', 'compile-pack', 'compile-exchange', 'exchange-manifest'],
  ])('in %s stops the build at %s', async (_, reader, from, kind) => {
    const { ended, fsck, ref } = await flipBeforeReader(`flip-${kind.slice(0, 12)}`, reader, from, kind);
    expect(ended.status).toBe(reader === 'validate' ? 'VALIDATION_FAILED' : 'FAILED');
    expect(ended.reason_codes).toContain('HASH_MISMATCH');
    expect(ended.stages.at(-1)).toMatchObject({ stage: reader, status: 'FAIL' });
    expect(fsck.findings).toEqual([expect.objectContaining({ code: 'HASH_MISMATCH', place: `artifact/${ref}` })]);
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
