import type { KillPoint } from '../integration/konnaxion-node-process.ts';
import { gone, type Stage, simply } from './lives.ts';

const point = (path: string, nth = 1): KillPoint => ({ operation: 'point', path, nth, when: 'before' });
/** The nth write of what a node knows about itself: all of it is written and not in its place, or it is in its place. */
const state = (when: 'before' | 'after', nth: number): KillPoint => ({
  operation: 'rename',
  path: 'state.json',
  nth,
  when,
});

/** Where a node dies while it takes the next pack: it has read the index, is about to switch, is switching, has switched, and says so. */
export const onTheWayThere: readonly KillPoint[] = [
  state('after', 1),
  point('node.beforeSwitch'),
  state('before', 2),
  state('after', 2),
  point('node.switched'),
  point('node.beforeReport'),
  point('node.reported'),
  state('before', 3),
];

/** Where it dies while it goes back: the beginning is on record and is said too. */
export const onTheWayBack: readonly KillPoint[] = [
  state('after', 2),
  point('node.beforeSwitch'),
  state('before', 3),
  state('after', 3),
  point('node.switched'),
  point('node.beforeReport'),
  point('node.reported', 2),
  state('before', 5),
];

/** A canary that takes the next pack and goes back from it, killed on either way where that is said; another node looks on, undisturbed. */
export async function nodeLife(stage: Stage, there?: KillPoint, back?: KillPoint): Promise<void> {
  const [canary, other] = [await stage.join('a'), await stage.join('b')];
  await simply(stage, 0);
  const strategy = { mode: 'staged', stages: [{ name: 'canary', cohort: { by: 'ids', ids: [canary.id] } }] };
  const release = await stage.release(1, { strategy });
  await stage.opened(release);
  if (there) await canary.dieAt(there);
  await stage.follow(release, canary);
  await stage.opened(release, 1);
  await stage.follow(release, other);
  await stage.held(release);
  // What it knows now is all there is to know before it is to go back.
  const { index } = await stage.shown(() => true);
  await canary.until((now) => now.index?.index_seq === index.index_seq);
  await stage.back();
  if (back) await canary.dieAt(back);
  await gone(stage);
  await stage.ended(release, 'ROLLED_BACK');
}
