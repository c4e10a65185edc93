import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startInstance, type TestInstance } from '../kit/instance.ts';
import { type BuildResult, newTenant, writeCorpora } from '../kit/story.ts';

// The same documents in two instances that differ in everything that must not matter: tenant, keys, build id, as_of, time zone, locale, processes.
describe('two instances far apart', () => {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-far-'));
  let here: TestInstance;
  let there: TestInstance;

  beforeAll(async () => {
    here = await startInstance({ env: { TZ: 'America/St_Johns', LC_ALL: 'C' } });
    there = await startInstance({
      args: ['--processes'],
      env: { TZ: 'Pacific/Chatham', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' },
    });
  });
  afterAll(async () => {
    await Promise.all([here?.stop(), there?.stop()]);
    fs.rmSync(work, { recursive: true, force: true });
  });

  it('make the same Exchange and the same pack, to the byte', async () => {
    const folders = writeCorpora(work, 'atlas', 'reader');
    const results: BuildResult[] = [];
    for (const instance of [here, there]) {
      const story = await newTenant(instance, 'far');
      const done = await story.cli('build', 'start', ...folders, '--wait', '--json');
      expect(done.code).toBe(0);
      results.push(done.json as BuildResult);
    }
    const [a, b] = results as [BuildResult, BuildResult];
    expect(a.build_id).not.toBe(b.build_id);
    expect(a.as_of).not.toBe(b.as_of);
    const identity = (r: BuildResult) => [
      r.kristal_id,
      r.pack_id,
      r.stages.flatMap((s) =>
        s.outputs
          .filter((o) => ['exchange', 'pack-file', 'claim-ir-lines', 'snapshot-set', 'pinned-context'].includes(o.kind))
          .map((o) => [o.kind, o.ref]),
      ),
    ];
    expect(identity(a)).toEqual(identity(b));
  });
});
