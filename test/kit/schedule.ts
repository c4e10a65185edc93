import { faultPoints } from '@orgo/store/fault-points';
import { type ArcFault, arcs, type PointFault, roadFaults } from './breakers.ts';

/**
 * What a build would come to undisturbed: it passes, a stage refuses its input, or a person cancels it as soon as that many of its stages were commanded
 * (0: at once).
 */
export type Course = { way: 'passes' } | { way: 'refused'; step: number } | { way: 'cancelled'; commanded: number };

/** What happens to one build: faults at points of the parts, faults on the roads of its tenant, and at most one blow against a server. */
export type Schedule = {
  seed: number;
  text: Text;
  course: Course;
  points: PointFault[];
  roads: ArcFault[];
  blow: 'cut-postgres' | 'wipe-nats' | 'flush-redis' | null;
};

/** Numbers in [0, 1) that follow from a seed: mulberry32. */
export function randomOf(seed: number): () => number {
  let a = seed | 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Each place of a ring of the pipeline `echo` that may break: a point, in a part that passes it. */
export const ringPlaces = (Object.keys(faultPoints) as (keyof typeof faultPoints)[]).flatMap((point) => {
  const of = faultPoints[point].service;
  const services =
    of === 'all'
      ? ['audit', 'gatekeeper', 'orchestrator']
      : of.split(', ').filter((one) => one !== 'release' && one !== 'node');
  return services.map((service) => ({ service, point }));
});

/** The world of a stage that fails costs an attempt, of which there are few: such a fault is rare, so that no build runs out of them by chance. */
const costsAnAttempt = (point: string): boolean => point === 'adapter.beforeStore' || point === 'adapter.stored';

/** Texts of builds; few, so that each has an undisturbed run to be compared with. */
export const texts = ['one', 'two', 'three', 'four'] as const;
export type Text = (typeof texts)[number];

/** How many stages the pipeline `echo` has. */
export const stageCount = 8;

/** The step that refuses each text, where one does: the first, two in the middle, the last. */
export const refusedAt: Readonly<Record<Text, number>> = { one: 1, two: 3, three: 6, four: stageCount };

function courseOf(text: Text, dice: number, below: (n: number) => number): Course {
  if (dice < 0.6) return { way: 'passes' };
  return dice < 0.8
    ? { way: 'refused', step: refusedAt[text] }
    : { way: 'cancelled', commanded: below(stageCount + 1) };
}

/** The schedule of a seed: always the same one. */
export function scheduleOf(seed: number): Schedule {
  const random = randomOf(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;
  const points = Array.from({ length: 1 + below(4) }, (): PointFault => {
    const place = pick(ringPlaces);
    const crash = random() < 0.12 || (costsAnAttempt(place.point) && random() < 0.8);
    return { ...place, mode: crash ? 'crash' : 'throw', pass: 1 + below(6) };
  });
  const roads = Array.from({ length: 1 + below(4) }, (): ArcFault => {
    const arc = pick(arcs);
    // The record is asked for once or twice, the rest eight times and more.
    return { arc, kind: pick(roadFaults), nth: 1 + below(arc === 'question' ? 1 : 6) };
  });
  const dice = random();
  const blow = dice < 0.004 ? 'wipe-nats' : dice < 0.014 ? 'cut-postgres' : dice < 0.03 ? 'flush-redis' : null;
  const text = pick(texts);
  const course = courseOf(text, random(), below);
  return { seed, text, course, points, roads, blow };
}
