import { type Installed, limits, type NodeState } from './state.ts';

/** How many packs that served before the last known good one stay, unless a person says otherwise. */
export const defaultKeep = 2;

/**
 * Packs that stay: the active one, the last known good one, what the channel names (a pinned pack is one of these), and `keep` that served before (RO-12,
 * RO-22).
 */
export function keptPacks({ active, last_known_good, prior, index }: NodeState, keep: number): Set<string> {
  const named = [active, last_known_good, index?.current ?? null, index?.candidate?.offer ?? null];
  const ids = [...named, ...prior.slice(0, keep + 1)].flatMap((pack) => (pack === null ? [] : [pack.pack_id]));
  return new Set(ids);
}

/** The state with what is known of a pack that lies here, or lies here no more. */
export function withInstalled(state: NodeState, pack: Installed): NodeState {
  const others = state.installed.filter(({ pack_id }) => pack_id !== pack.pack_id);
  const first = state.installed.find(({ pack_id }) => pack_id === pack.pack_id);
  const status = state.revoked.includes(pack.pack_id) ? 'REVOKED' : pack.status;
  const installed_at = first?.installed_at ?? pack.installed_at;
  return { ...state, installed: [...others, { ...pack, installed_at, status }].slice(-limits.installed) };
}

export const withoutPacks = (state: NodeState, gone: ReadonlySet<string>): NodeState => ({
  ...state,
  installed: state.installed.filter(({ pack_id }) => !gone.has(pack_id)),
  // What is not here any more is no pack to go back to, and was not brought.
  prior: state.prior.filter(({ pack_id }) => !gone.has(pack_id)),
  prefetched: state.prefetched.filter(({ pack_id }) => !gone.has(pack_id)),
});
