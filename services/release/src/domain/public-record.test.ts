import { describe, expect, it } from 'vitest';
import { toPublicRelease } from './public-record.ts';
import { statusOf } from './view.ts';
import * as world from './world.fixture.ts';
import { opened, World } from './world-run.fixture.ts';

// biome-ignore lint/suspicious/noExplicitAny: the public form is what the schema says, and is held against it elsewhere
const projected = (live: World): any => {
  const found = toPublicRelease(live.state, statusOf(live.state, live.observed(), live.now));
  if (!found.ok) throw new Error(found.detail);
  return found.value;
};
const canary = { name: 'canary', cohort: { by: 'ids', ids: ['n1'] } };

describe('the public form of a release', () => {
  it('is none before anybody knows what it is made of', () => {
    const { state, now, ...live } = new World().step(world.create);
    const status = statusOf(state, { ...opened().observed(), counts: [] }, now);
    expect(live.codes).toEqual([]);
    expect(toPublicRelease(state, status)).toMatchObject({ ok: false, code: 'NOT_PROJECTABLE' });
  });

  it('names artifacts by content, who made it, its cohorts and its history', () => {
    const live = opened({ strategy: { mode: 'staged', stages: [canary] } }, 3);
    const { eligible } = world;
    expect(projected(live)).toMatchObject({
      release_id: world.of.release_id,
      created_by: 'ann@example.org',
      build_ref: world.asked.build_id,
      artifacts: [
        { artifact_type: 'runtime_pack', artifact_ref: eligible.pack_manifest.ref, compat: { pack_id: world.packId } },
        { artifact_type: 'exchange', artifact_ref: eligible.kristal_id },
      ],
      channels: [{ channel_id: 'stable', target_cohorts: ['canary', 'all'] }],
      strategy: { mode: 'staged', stages: [{ name: 'canary' }, { name: 'all' }] },
      verification_policy_ref: eligible.mandate_ref,
      status: 'RELEASING',
    });
    expect(projected(live).events[0]).toMatchObject({ type: 'ReleaseCreated', actor: 'ann@example.org' });
  });

  it('tells why one was brought back: metric, value, threshold and samples', () => {
    const analysis = { metrics: [{ name: 'smoke_failures', op: 'lte', threshold: 0 }] };
    const live = opened({ strategy: { mode: 'staged', stages: [canary] }, analysis }, 3);
    live
      .report('n1', 'CONFIRMED', { metrics: [{ name: 'smoke_failures', value: 2, samples: 3 }] })
      .look()
      .calm();
    live.report('n1', 'ROLLED_BACK').look().calm();
    const record = projected(live);
    expect(record).toMatchObject({
      status: 'ROLLED_BACK',
      status_reason: 'ANALYSIS_FAILED; smoke_failures 2, wanted lte 0, 3 samples',
    });
    expect(record.channels[0].constraints.cohorts[0]).toMatchObject({
      name: 'canary',
      state: 'FAILED',
      counts: { ROLLED_BACK: 1 },
      measurements: [{ outcome: 'fail', value: 2 }],
    });
  });

  it.each([
    [{ mode: 'all_at_once' }, { mode: 'all_at_once' }, undefined],
    [{ mode: 'pinned' }, { mode: 'pinned' }, undefined],
    [{ mode: 'percentage', percentage: 20 }, { mode: 'percentage', percentage: 20 }, undefined],
    [{ mode: 'blue_green' }, { mode: 'all_at_once' }, 'blue_green'],
  ])('has a word for %j', (strategy, shown, slot) => {
    const record = projected(opened({ strategy }, 4));
    expect(record.strategy).toEqual(shown);
    expect(record.channels[0].constraints.slot).toBe(slot);
  });
});
