import type { BuildOutcome } from '@orgo/contracts';
import type { BuildState, Yield } from './state.ts';

/** Documents whose own id is compared: besides what the id covers they may carry the build's `as_of`. */
const identified = new Set(['pack-manifest', 'exchange-manifest']);

/** What a finished build gave: its ids, and the payloads of its last stage. */
export const yieldOf = (state: BuildState): Yield => ({
  outcome: state.phase as BuildOutcome,
  kristal_id: state.kristal_id,
  pack_id: state.pack_id,
  payloads:
    state.phase === 'COMPLETED'
      ? (state.stages.at(-1)?.outputs ?? [])
          .filter(({ kind }) => !identified.has(kind))
          .map(({ ref }) => ref)
          .sort()
      : [],
});

/** In what a rerun differs from its original, by name; empty when it gave the same. */
export function differencesOf(original: Yield, rerun: Yield): string[] {
  const differences: string[] = [];
  if (original.outcome !== rerun.outcome) differences.push(`outcome ${original.outcome} became ${rerun.outcome}`);
  if (original.kristal_id !== rerun.kristal_id)
    differences.push(`kristal_id ${original.kristal_id} became ${rerun.kristal_id}`);
  if (original.pack_id !== rerun.pack_id) differences.push(`pack_id ${original.pack_id} became ${rerun.pack_id}`);
  const missing = original.payloads.filter((ref) => !rerun.payloads.includes(ref));
  const extra = rerun.payloads.filter((ref) => !original.payloads.includes(ref));
  if (missing.length > 0) differences.push(`payloads missing: ${missing.join(' ')}`);
  if (extra.length > 0) differences.push(`other payloads: ${extra.join(' ')}`);
  return differences;
}
