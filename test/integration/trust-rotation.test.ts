import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { dsseEnvelopeSchema, type KeyUses } from '@orgo/contracts';
import { fromBase64 } from '@orgo/core';
import { revokeKey, rotateRole } from '@orgo/runtime/trust-rotation';
import { showTrust, type TrustView } from '@orgo/runtime/trust-view';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startInstance, type TestInstance } from '../kit/instance.ts';
import { type BuildResult, newTenant, writeCorpora } from '../kit/story.ts';

// One tenant of a running instance whose keys are exchanged, dropped and revoked while everything goes on.
let orgo: TestInstance;
let story: Awaited<ReturnType<typeof newTenant>>;
let work: string;
let corpora: string[];

beforeAll(async () => {
  work = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-rotation-'));
  corpora = writeCorpora(work, 'reader');
  orgo = await startInstance();
  story = await newTenant(orgo, 'keys');
}, 60_000);
afterAll(async () => {
  await orgo?.stop();
  fs.rmSync(work, { recursive: true, force: true });
});

const trust = (...words: string[]) => story.cli('trust', ...words, '--tenant', story.tenant, '--json');
const shown = (): Promise<TrustView> => showTrust(orgo.home, story.tenant);
/** A build of the corpus; a second one of the same inputs and mandate has to be wanted, or the first one answers for it. */
const build = async (before?: BuildResult): Promise<BuildResult> => {
  const again = before === undefined ? [] : ['--rerun-of', before.build_id];
  const { stdout, stderr, code } = await story.cli('build', 'start', ...corpora, ...again, '--wait', '--json');
  const [line = ''] = stdout.split('\n');
  expect(code, stderr).toBe(0);
  return JSON.parse(line) as BuildResult;
};
/** The index of a root's entry, once the log holds it. */
const placeOf = async (version: number): Promise<number> => {
  const place = async () => (await shown()).versions.find((one) => one.version === version)?.log_index ?? null;
  await expect.poll(place, { timeout: 60_000, interval: 200 }).not.toBeNull();
  return (await place()) as number;
};
const bundleOf = async (build_id: string): Promise<string> => {
  const out = path.join(work, `bundle-${fs.readdirSync(work).length}`);
  expect((await story.cli('record', 'export', build_id, '--bundle', '--out', out)).stderr).toBe('');
  return out;
};
const verify = async (bundle: string): Promise<string> => {
  const { json } = await story.cli('verify', bundle, '--json');
  const { ok, error } = json as { ok?: true; error?: { code: string } };
  return ok ? 'ok' : (error?.code ?? '');
};
/** Joins a node and answers the release that it comes to run. */
const joinedRuns = async (name: string): Promise<() => string | null> => {
  expect((await story.cli('konnaxion', 'join', name, '--channel', 'stable')).code).toBe(0);
  const state = path.join(orgo.home, 'nodes', story.tenant, name, 'state.json');
  return () => (fs.existsSync(state) ? JSON.parse(fs.readFileSync(state, 'utf8')).active?.release_id : null) ?? null;
};
const decisionsIn = (bundle: string): string[] => fs.readdirSync(path.join(bundle, 'decisions')).sort();
/** Where the decisions of a bundle stand in the log. */
const indexesIn = (bundle: string): number[] => decisionsIn(bundle).map((name) => Number(name.replace('.json', '')));
/** The key that signed the record's decision of a bundle. */
const signerOf = (bundle: string): string => {
  const file = path.join(bundle, 'decisions', decisionsIn(bundle).at(-1) as string);
  const { decision } = JSON.parse(fs.readFileSync(file, 'utf8')) as { decision: { proof: { key_id: string } } };
  return decision.proof.key_id;
};
const keyOf = (view: TrustView, role: string, state: string) =>
  view.keys.find((key) => key.role === role && key.state === state);

describe('the keys of a running tenant', () => {
  test('are exchanged, dropped and revoked; what they signed is judged by its place in the log', async () => {
    const first = await build();
    const early = await bundleOf(first.build_id);
    const old = keyOf(await shown(), 'gatekeeper', 'ACTIVE')?.key_id as string;
    expect(signerOf(early)).toBe(old);

    const runs = await joinedRuns('edge-1');
    const released = await story.cli(
      ...['release', 'create', '--build', first.build_id, '--channel', 'stable', '--json'],
    );
    const { release_id } = released.json as { release_id: string };
    await expect.poll(runs, { timeout: 60_000, interval: 200 }).toBe(release_id);

    // Another key for every role on the ring, and no process is started anew.
    for (const role of ['orchestrator', 'release', 'log', 'audit', 'adapter.ingest', 'root', 'operator'])
      await rotateRole(orgo.home, story.tenant, role);
    expect((await trust('rotate', 'gatekeeper')).json).toMatchObject({ root_version: 9, before: [old] });
    const rotated = await shown();
    expect(keyOf(rotated, 'gatekeeper', 'DEPRECATED')).toMatchObject({ key_id: old, since: 1, dropped: null });
    const fresh = keyOf(rotated, 'gatekeeper', 'ACTIVE')?.key_id as string;
    await placeOf(9);

    // The overlap ends: the old keys are in no root, and what they signed before still counts.
    expect((await trust('retire', '--early')).json).toMatchObject({ root_version: 10 });
    expect(keyOf(await shown(), 'gatekeeper', 'RETIRED')).toMatchObject({ key_id: old, dropped: 10 });
    await placeOf(10);
    // A node that joins now takes what the dropped key authorized: it judges it by its place too.
    await expect.poll(await joinedRuns('edge-2'), { timeout: 60_000, interval: 200 }).toBe(release_id);
    const second = await build();
    const middle = await bundleOf(second.build_id);
    expect(signerOf(middle)).toBe(fresh);

    // A key is found stolen. Its role gets another one; entries above the root's do not count, and none from where the thief began.
    const last = await build(second);
    const stolen = await bundleOf(last.build_id);
    const from = indexesIn(stolen).at(-1) as number;
    expect(from).toBeGreaterThan(indexesIn(middle).at(-1) as number);
    // What it signed is asked of the log first.
    const told = (await trust('uses', fresh)).json as KeyUses;
    const record = told.uses.find(({ kind }) => kind === 'RECORD');
    expect(record).toMatchObject({ key_id: fresh, signed: 'decision', entries: 2, last: from });
    const revoked = await trust('revoke', fresh, '--reason', 'found on a stick', '--distrust-from', `${from}`);
    expect(revoked.json).toMatchObject({ root_version: 11, role: 'gatekeeper', before: [fresh] });
    const place = await placeOf(11);
    expect(place).toBeGreaterThan(from);
    expect(keyOf(await shown(), 'gatekeeper', 'REVOKED')).toMatchObject({ key_id: fresh, reason: 'found on a stick' });
    // The bundles were made before: they hold no root that says so. Who verifies in this home knows better.
    expect([await verify(early), await verify(middle), await verify(stolen)]).toEqual(['ok', 'ok', 'KEY_REVOKED']);
    expect((await story.cli('audit', 'fsck', '--json')).json).toMatchObject({
      ok: false,
      findings: expect.arrayContaining([expect.objectContaining({ code: 'KEY_REVOKED' })]),
    });
    expect(await verify(await bundleOf((await build(second)).build_id))).toBe('ok');
  }, 300_000);

  test('a revoked key is in no later root, and each root is an entry of the log', async () => {
    const view = await shown();
    const file = path.join(orgo.home, 'trust', story.tenant, `${view.root_version}.root.json`);
    const envelope = dsseEnvelopeSchema.parse(JSON.parse(fs.readFileSync(file, 'utf8')));
    const payload = fromBase64(envelope.payload);
    const body = JSON.parse(payload.ok ? Buffer.from(payload.value).toString('utf8') : '') as {
      keys: Record<string, unknown>;
      revoked: { key_id: string }[];
    };
    for (const { key_id } of body.revoked) expect(Object.keys(body.keys)).not.toContain(key_id);
    expect(view.versions.slice(1).every(({ log_index }) => log_index !== null)).toBe(true);
    // While both keys are listed both sign: from the root that brings a root key to the one that drops another.
    const signers = view.versions.map(({ signed_by }) => signed_by.length);
    expect(signers).toEqual([1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 1]);
    const again = revokeKey(orgo.home, story.tenant, body.revoked[0]?.key_id as string, { reason: 'again' });
    await expect(again).rejects.toMatchObject({ code: 'KEY_UNKNOWN' });
  });
});
