import { sha256 } from '#sha256';
import { utf8 } from './text.ts';

/**
 * Milliseconds to wait before retry number `attempt` (1 is the first retry): exponential from `baseMs`, never above
 * `maxMs`, with the upper half of each step spread by a jitter taken from `seed`. The same arguments give the same
 * wait, so a schedule can be recomputed; different seeds do not retry in step.
 * @example backoffMs(3, { baseMs: 100, maxMs: 30_000, seed: 'cmd-1' }) // between 200 and 400
 */
export const backoffMs = (attempt: number, policy: { baseMs: number; maxMs: number; seed: string }): number => {
  const { baseMs, maxMs, seed } = policy;
  const step = Math.min(maxMs, baseMs * 2 ** Math.max(0, attempt - 1));
  const word = new DataView(sha256(utf8(`${seed} ${attempt}`)).buffer).getUint32(0);
  return Math.round(step / 2 + (step / 2) * (word / 0xffff_ffff));
};
