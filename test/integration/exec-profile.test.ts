import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type ClaimIr, claimsOf, decodeLines, type SnapshotSet } from '@orgo/kristal';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startInstance, type TestInstance } from '../kit/instance.ts';
import { type BuildResult, newTenant, outputOf, writeCorpora } from '../kit/story.ts';

const python = (() => {
  try {
    return execFileSync('python3', ['--version'], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
})();
if (python === undefined) console.info('skipped: no python3 on PATH, so the pipeline corpus-profile cannot run');

type Profile = {
  sources: { source_id: string; code_points: number; covered_code_points: number; coverage_bp: number }[];
  claims: { total: number; with_evidence: number; by_property: { name: string; count: number }[] };
  coverage: { code_points: number; covered_code_points: number };
};

describe.skipIf(python === undefined)('the pipeline corpus-profile, whose last stage is in Python', () => {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-profile-'));
  let orgo: TestInstance;
  beforeAll(async () => {
    orgo = await startInstance({ env: { TZ: 'Pacific/Kiritimati', LC_ALL: 'tr_TR.UTF-8' } });
  });
  afterAll(async () => {
    await orgo?.stop();
    fs.rmSync(work, { recursive: true, force: true });
  });

  const build = async (story: Awaited<ReturnType<typeof newTenant>>, folder: string): Promise<BuildResult> => {
    const done = await story.cli('build', 'start', folder, '--pipeline', 'corpus-profile', '--wait', '--json');
    expect(done.stderr).not.toContain('EXEC_');
    return done.json as BuildResult;
  };

  it('goes through the ring like any other, is sealed, and says what the claims say', async () => {
    const [reader] = writeCorpora(work, 'reader') as [string];
    const [ours, theirs] = await Promise.all([newTenant(orgo, 'one'), newTenant(orgo, 'two')]);
    const [first, second] = await Promise.all([build(ours, reader), build(theirs, reader)]);
    expect(first.reason_codes).toEqual([]);
    expect(first).toMatchObject({ status: 'COMPLETED', kristal_id: null, audit: { verified: true } });
    expect(first.stages.map(({ stage, status }) => `${stage} ${status}`)).toEqual([
      'pin PASS',
      'ingest PASS',
      'extract PASS',
      'resolve PASS',
      'validate PASS',
      'profile PASS',
    ]);
    // Another tenant, build and as_of: the same bytes.
    const made = outputOf(first, 'profile', 'corpus-profile');
    expect(outputOf(second, 'profile', 'corpus-profile')).toEqual(made);

    const bytesOf = async (stage: string, kind: string): Promise<Buffer> => {
      const out = path.join(work, kind);
      const { code, stderr } = await ours.cli('artifact', 'get', outputOf(first, stage, kind).ref, '--out', out);
      expect([code, stderr]).toEqual([0, expect.anything()]);
      return fs.readFileSync(out);
    };
    const profile = JSON.parse((await bytesOf('profile', 'corpus-profile')).toString()) as Profile;
    const snapshots = JSON.parse((await bytesOf('ingest', 'snapshot-set')).toString()) as SnapshotSet;
    const lines = decodeLines(await bytesOf('extract', 'claim-ir-lines'));
    if (!lines.ok) throw new Error(lines.detail);
    const claims = (lines.value as unknown as ClaimIr[]).flatMap((document) => [...claimsOf(document)]);
    expect(claims.length).toBeGreaterThan(10);
    expect(profile.claims.total).toBe(claims.length);
    expect(profile.claims.with_evidence).toBe(claims.filter(({ claim }) => claim.evidence?.length).length);
    const byProperty = Map.groupBy(claims, ({ claim }) => claim.predicate.pid ?? claim.predicate.surface ?? '?');
    expect(new Map(profile.claims.by_property.map(({ name, count }) => [name, count]))).toEqual(
      new Map([...byProperty].map(([name, of]) => [name, of.length])),
    );
    // Coverage, the slow way: a set of all positions that some evidence covers.
    for (const { source, code_points } of snapshots.snapshots) {
      const covered = new Set<number>();
      for (const { claim } of claims)
        for (const { source: from, offsets } of claim.evidence ?? [])
          if (from.source_id === source.source_id && offsets)
            for (let at = offsets.start_char; at < offsets.end_char; at++) covered.add(at);
      expect(profile.sources.find(({ source_id }) => source_id === source.source_id)).toMatchObject({
        code_points,
        covered_code_points: covered.size,
        coverage_bp: Math.floor((10_000 * covered.size) / code_points),
      });
    }
  });
});
