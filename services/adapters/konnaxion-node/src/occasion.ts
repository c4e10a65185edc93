import type { NodeMetric } from '@orgo/contracts';
import type { Occasion } from './domain/attempts.ts';
import type { Health, NodeState } from './domain/state.ts';
import { clockOf, type NodeContext } from './node-context.ts';

/** How the node is, as far as the state tells; `works` is what asking the active pack came to. */
const healthOf = (state: NodeState, works: boolean): Health => {
  if (state.active === null) return 'UNKNOWN';
  if (!works) return 'UNHEALTHY';
  const barred = state.revoked.includes(state.active.pack_id) || state.active.pack_seq < state.floors.pack_seq;
  return barred || state.metadata_refused !== null ? 'DEGRADED' : 'HEALTHY';
};

/** What a report says of the moment: when, how the node is, and what was measured; `more` is what the caller measured itself. */
export const occasionOf = (
  ctx: NodeContext,
  state: NodeState,
  works: boolean,
  more: NodeMetric[],
): Omit<Occasion, 'offer'> => {
  const measured = state.active === null ? [] : ctx.world.metrics(state.active.pack_id);
  const names = new Set(measured.map(({ name }) => name));
  const metrics = [...more.filter(({ name }) => !names.has(name)), ...measured].slice(0, 16);
  const failing = metrics.some(({ name, value }) => name === 'smoke_failures' && Number(value) > 0);
  return { at: clockOf(ctx.world), health: healthOf(state, works && !failing), metrics };
};
