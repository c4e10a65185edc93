import { defineStage, serveStage } from '@orgo/adapter-sdk';
import { type BuildRecord, type BuildStatus, type Pipeline, pipelines } from '@orgo/contracts';
import { canonicalBytes, type JsonValue, parseStrict } from '@orgo/core';
import type { Serving } from '@orgo/runtime/bus';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Overhearing } from '../kit/overhear.ts';
import { coreOf, kristalBuild } from './gatekeeper-kristal.ts';
import { tenant } from './orchestrator-instance.ts';
import { type Ring, startRing } from './orchestrator-ring.ts';

// The spine as it ships, with its real cores; a stage has one attempt, so that one silence uses its attempts up.
const kristal = pipelines.kristal as Pipeline;
const stages = kristal.stages.map(({ stage }) => stage);
Object.assign(pipelines, {
  kristal: { ...kristal, stages: kristal.stages.map((stage) => ({ ...stage, max_attempts: 1 })) },
});

let ring: Ring;
let ear: Overhearing;
const servings: Serving[] = [];
/** The stage that gives no answer, and what is told when it is entered. */
let silent = '';
let entered = Promise.withResolvers<void>();

beforeAll(async () => {
  ring = await startRing({ adapters: ['echo', ...stages] });
  ear = await Overhearing.open(ring.instance.urls.NATS_URL, 'orgo.v1.*.cmd.>');
  for (const stage of stages) {
    const core = coreOf(stage);
    const run: typeof core = (context) => {
      if (stage !== silent) return core(context);
      entered.resolve();
      return new Promise(() => undefined);
    };
    servings.push(await serveStage(defineStage({ adapter: stage, version: '1', run }), ring.platform));
  }
});
afterAll(async () => {
  await Promise.all(servings.map((serving) => serving.stop(0)));
  await ear?.close();
  await ring?.stop();
});

const silence = (stage: string): void => {
  silent = stage;
  entered = Promise.withResolvers();
};
/** Once the silent stage is entered, its lease is over. */
const endLease = async (build: string): Promise<void> => {
  await entered.promise;
  await ring.rows('UPDATE alarm SET due_at = now() WHERE id = $1', [build]);
};
/** Starts a build of real documents, `left` of them left out. */
async function start(left: number): Promise<string> {
  const { artifacts, keyring } = ring.platform;
  const putJson = (kind: string, value: unknown) =>
    artifacts.put(tenant, kind, 'application/json', canonicalBytes(value as JsonValue));
  const { admitted } = await kristalBuild({ platform: { artifacts, keyring }, putJson }, ['reader'], undefined, left);
  const trigger = { type: 'manual', actor: 'alice', reason: 'a test' };
  const inputs = admitted.filter(({ kind }) => kind !== 'pipeline');
  const answer = await ring.call('POST', '/builds', { pipeline: 'kristal', inputs, trigger, rerun_of: null });
  expect(answer).toMatchObject({ status: 202 });
  return answer.body.build_id;
}
/** How many documents are left out of both, so that they are quick; each is another subject. */
const few = 12;
const lastOf = ({ stages: all }: BuildStatus) => all.at(-1);

test('validation that does not answer in its lease fails the build with VALIDATION_TIMEOUT, and nothing is compiled', async () => {
  silence('validate');
  const build = await start(few);
  await endLease(build);
  const end = await ring.ended(build);
  expect(end).toMatchObject({
    status: 'VALIDATION_FAILED',
    reason_codes: ['VALIDATION_TIMEOUT', 'STAGE_TIMEOUT'],
    kristal_id: null,
    pack_id: null,
  });
  expect(lastOf(end)).toMatchObject({ stage: 'validate', status: 'FAIL', attempt: 1 });
  const record = parseStrict(await ring.platform.artifacts.get(tenant, end.record_ref as never));
  expect(record.ok && (record.value as unknown as BuildRecord)).toMatchObject({
    outcome: 'VALIDATION_FAILED',
    outputs: { kristal: null, validation: { status: 'FAIL', codes: expect.arrayContaining(['VALIDATION_TIMEOUT']) } },
  });
  // A build that has ended commands nothing any more, and what it commanded was said before it ended.
  await ear.roundTrip();
  expect(ear.of(tenant, '.cmd.validate'), 'the ear works').not.toEqual([]);
  expect(ear.heard.filter(({ subject }) => subject.includes('.cmd.compile'))).toEqual([]);
});

test('resolution and compilation that do not answer leave the build to a person, each under its own code', async () => {
  silence('resolve');
  const build = await start(few - 1);
  for (const [stage, code] of [
    ['resolve', 'RESOLVE_TIMEOUT'],
    ['compile-exchange', 'COMPILE_FAILED'],
  ] as const) {
    await endLease(build);
    const blocked = await ring.until(build, (state) => state.status === 'BLOCKED' && lastOf(state)?.stage === stage);
    expect(blocked.reason_codes).toEqual([code, 'STAGE_TIMEOUT']);
    expect(lastOf(blocked)).toMatchObject({ status: 'ERROR', attempt: 1 });
    silence(stage === 'resolve' ? 'compile-exchange' : '');
    const resumed = await ring.call('POST', `/builds/${build}/resume`, { actor: 'alice', reason: 'it answers again' });
    expect(resumed.status).toBe(202);
  }
  expect(await ring.ended(build)).toMatchObject({ status: 'COMPLETED' });
});
