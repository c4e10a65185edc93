import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CliResult, runCli } from '../kit/instance.ts';

type Demo = {
  pack_id: string;
  audit: { verified: boolean };
  release: { release_id: string; status: string; channel: string };
  nodes: { instance_id: string; active_pack_id: string | null }[];
  refusal: Record<string, unknown>;
  rollback: Record<string, unknown> & { finding: Record<string, unknown>; release_id: string };
};

let home: string;
let ran: CliResult;
let demo: Demo;

beforeAll(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-demo-'));
  ran = await runCli(['demo', '--json'], { ...process.env, ORGO_HOME: home, ORGO_TENANT: undefined }, 300_000);
  demo = ran.json as Demo;
}, 320_000);
afterAll(() => fs.rmSync(home, { recursive: true, force: true }));

it('ends well, and leaves nothing running', () => {
  expect(ran.code, ran.stderr.slice(-2000)).toBe(0);
  expect(demo.audit.verified).toBe(true);
  expect(fs.existsSync(path.join(home, 'run', 'instance.json'))).toBe(false);
});

it('releases in stages to 25 nodes, and all of them serve that pack at the end', () => {
  expect(demo.release).toMatchObject({ status: 'RELEASED', channel: 'stable' });
  expect(demo.nodes).toHaveLength(25);
  expect(new Set(demo.nodes.map(({ active_pack_id }) => active_pack_id))).toEqual(new Set([demo.pack_id]));
  // Cohorts go by hash: the first node may be one of the two fifths too, and is counted once.
  const sizes = ['canary', 'two-fifths', 'all'].map((cohort) =>
    Number(new RegExp(`${cohort} +DONE +(\\d+) of \\1 confirmed`).exec(ran.stderr)?.[1]),
  );
  expect([1, 9, 10]).toEqual(expect.arrayContaining(sizes.slice(0, 2)));
  expect(sizes.reduce((a, b) => a + b)).toBe(25);
});

it('has one node refuse a corrupted pack, which nobody else is offered', () => {
  expect(demo.refusal).toMatchObject({
    status: 'FAILED',
    instance_id: 'node-001',
    reason_code: 'FILE_HASH_MISMATCH',
  });
});

it('goes back by itself, and says why: metric, value, threshold, samples', () => {
  expect(demo.rollback).toMatchObject({
    status: 'ROLLED_BACK',
    trigger: 'analysis',
    to_pack_id: demo.pack_id,
    finding: { name: 'query_errors_bp', outcome: 'fail', value: 2500, op: 'lte', threshold: 100, samples: 400 },
    case_id: expect.stringMatching(/^case_/),
  });
  expect(ran.stderr).toContain('freeze-promotions, rollback-activation, post-rollback-validation, unfreeze-promotions');
});
