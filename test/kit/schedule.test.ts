import { faultPoints } from '@orgo/store/fault-points';
import { describe, expect, it } from 'vitest';
import { arcOf, arcs } from './breakers.ts';
import { refusedAt, ringPlaces, scheduleOf, stageCount } from './schedule.ts';

const many = Array.from({ length: 5_000 }, (_, seed) => scheduleOf(seed));

describe('a schedule of faults', () => {
  it('follows from its seed', () => {
    expect(scheduleOf(42)).toEqual(scheduleOf(42));
    expect(new Set(many.map((one) => JSON.stringify({ ...one, seed: 0 }))).size).toBeGreaterThan(4_500);
  });

  it('comes, over many seeds, to every place of the ring in both modes, to every road in every way, and to every server', () => {
    const places = new Set(many.flatMap(({ points }) => points.map((p) => `${p.service} ${p.point} ${p.mode}`)));
    expect(places.size).toBe(ringPlaces.length * 2);
    expect(new Set(many.flatMap(({ roads }) => roads.map(({ arc, kind }) => `${arc} ${kind}`))).size).toBe(30);
    expect(new Set(many.map(({ blow }) => blow))).toEqual(new Set([null, 'cut-postgres', 'wipe-nats', 'flush-redis']));
  });

  it('disturbs builds that pass, builds that each refusing stage ends, and builds that are cancelled anywhere', () => {
    const share = (way: string): number => many.filter(({ course }) => course.way === way).length / many.length;
    expect(share('passes')).toBeCloseTo(0.6, 1);
    expect(share('refused')).toBeCloseTo(0.2, 1);
    const steps = many.flatMap(({ course, text }) => (course.way === 'refused' ? [`${text} ${course.step}`] : []));
    expect(new Set(steps)).toEqual(new Set(Object.entries(refusedAt).map(([text, step]) => `${text} ${step}`)));
    const cancelled = many.flatMap(({ course }) => (course.way === 'cancelled' ? [course.commanded] : []));
    expect(new Set(cancelled).size).toBe(stageCount + 1);
  });

  it('knows every point but those of release and node', () => {
    const known = new Set<string>(ringPlaces.map(({ point }) => point));
    const others = Object.keys(faultPoints).filter((point) => !known.has(point));
    expect(others.map((point) => point.split('.')[0]).filter((of) => of !== 'release' && of !== 'node')).toEqual([]);
  });
});

it.each([
  ['orgo.v1.acme.cmd.echo', 'command'],
  ['orgo.v1.acme.gate.reply', 'reply'],
  ['orgo.v1.acme.gate.claim', 'claim'],
  ['orgo.v1.acme.audit.decision', 'decision'],
  ['orgo.v1.acme.receipt.release', 'receipt'],
  ['orgo.v1.acme.audit.fold', 'question'],
  ['orgo.v1.acme.audit.sealed', 'question'],
  ['orgo.v1.acme.evt.build.created', null],
])('%s is the road %s', (subject, arc) => {
  expect(arcOf(subject)).toBe(arc);
  if (arc !== null) expect(arcs).toContain(arc);
});
