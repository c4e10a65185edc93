import { afterAll, beforeAll, expect, test } from 'vitest';
import { publicSchema } from '../kit/shared.ts';
import { makeNode, type Release, startRelease } from './release-instance.ts';

let rel: Release;

beforeAll(async () => {
  rel = await startRelease();
});
afterAll(() => rel?.stop());

const canary = { name: 'canary', cohort: { by: 'ids', ids: ['n-1'] }, soak_ms: 0 };
const strategies = [
  { mode: 'all_at_once' },
  { mode: 'percentage', percentage: 50 },
  { mode: 'staged', stages: [canary] },
  { mode: 'pinned' },
  { mode: 'blue_green' },
];

test('the public record is the kOA Release Record, of every strategy and in every state', async (context) => {
  const faultsOf = publicSchema(context, 'release-record');
  const record = async (id: string) => (await rel.call('GET', `/releases/${id}/public`)).body;
  for (const [n, strategy] of strategies.entries()) {
    const channel = `c${n}`;
    // The canary is named, and nobody may be in two channels.
    for (const name of strategy.mode === 'staged' ? ['n-1', `m-${n}`] : [`m-${n}`, `o-${n}`])
      expect((await rel.join(makeNode(name, channel))).status).toBe(201);
    const { build_id } = await rel.build();
    const created = await rel.create(build_id, channel, {}, { strategy });
    expect(created.status, JSON.stringify(created.body)).toBe(202);
    const id = created.body.release_id as string;
    await rel.opened(id);
    const running = await record(id);
    expect([strategy.mode, faultsOf(running)]).toEqual([strategy.mode, null]);
    expect(running).toMatchObject({ release_id: id, build_ref: build_id, status: 'RELEASING', created_by: 'ann' });
    expect((await rel.call('POST', `/releases/${id}/abort`, { actor: 'ann', reason: 'enough' })).status).toBe(202);
    await rel.until(id, 'CANCELED');
    const ended = await record(id);
    expect([strategy.mode, faultsOf(ended)]).toEqual([strategy.mode, null]);
    expect(ended.events.at(-1)).toMatchObject({ type: 'ReleaseCanceled', actor: 'ann', details: { text: 'enough' } });
  }
});

test('there is none of a release that never had its evidence', async () => {
  const created = await rel.create('bld_0198c0de-0000-7000-8000-00000000000a', 'nowhere');
  await rel.until(created.body.release_id, 'FAILED');
  const answer = await rel.call('GET', `/releases/${created.body.release_id}/public`);
  expect(answer.body.code ?? answer.body.error?.code).toBe('NOT_PROJECTABLE');
});
