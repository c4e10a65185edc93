import { runSlice, type Slice } from './slice.ts';
import type { Running } from './system.ts';

/** One slice of each side, run back to back. */
export type SlicePair = { ours: Slice; peer: Slice };

/** Pairs of one level. `contended` says that pairs were kept though others disturbed them. */
export type PairedLevel = { in_flight: number; pairs: SlicePair[]; discarded: number; contended: boolean };

export type Plan = { inFlight: number; seconds: number; slices: number; allowContended: boolean };

/** How many pairs are run for each that is wanted before the machine counts as contended. */
const attemptsPerPair = 3;

/**
 * Which pairs a level keeps: the clean ones. When the bound ended the run before there were enough, the least disturbed of the others fill up, and the
 * level says so.
 */
export function choosePairs(
  all: readonly SlicePair[],
  plan: Pick<Plan, 'slices' | 'allowContended'>,
): Omit<PairedLevel, 'in_flight'> {
  const disturbed = ({ ours, peer }: SlicePair): boolean => ours.contention.contended || peer.contention.contended;
  const share = ({ ours, peer }: SlicePair): number =>
    Math.max(ours.contention.other + ours.contention.steal, peer.contention.other + peer.contention.steal);
  if (plan.allowContended) return { pairs: [...all], discarded: 0, contended: all.some(disturbed) };
  const clean = all.filter((pair) => !disturbed(pair));
  const missing = Math.max(0, plan.slices - clean.length);
  const filled = all
    .filter(disturbed)
    .sort((a, b) => share(a) - share(b))
    .slice(0, missing);
  return {
    pairs: all.filter((pair) => clean.includes(pair) || filled.includes(pair)),
    discarded: all.length - clean.length - filled.length,
    contended: filled.length > 0,
  };
}

/** Runs slices of both sides in turn, A B A B, until there are enough clean pairs or the bound is reached. */
export async function runPairs(
  ours: Running,
  peer: Running,
  plan: Plan,
  count: (side: 'ours' | 'peer', builds: number) => void,
): Promise<PairedLevel> {
  const { inFlight, seconds, slices, allowContended } = plan;
  const all: SlicePair[] = [];
  const chosen = () => choosePairs(all, plan);
  const bound = allowContended ? slices : slices * attemptsPerPair;
  while (all.length < bound) {
    const a = await runSlice(ours, { inFlight, seconds, partner: peer });
    count('ours', a.builds);
    const b = await runSlice(peer, { inFlight, seconds, partner: ours });
    count('peer', b.builds);
    all.push({ ours: a, peer: b });
    const so = chosen();
    if (!allowContended && so.pairs.length >= slices && !so.contended) break;
  }
  return { in_flight: inFlight, ...chosen() };
}
