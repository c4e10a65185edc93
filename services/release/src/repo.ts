import type { Machine } from '@orgo/store/machine';
import { tableRepo } from '@orgo/store/repo';
import * as domain from './domain/index.ts';
import { nodeRepo } from './node-rows.ts';

export type ReleaseMachine = Machine<
  domain.ReleaseState,
  domain.ReleaseInput,
  domain.ReleaseEvent,
  domain.Send,
  domain.Alarm
>;
export type NodeMachine = Machine<domain.NodeState, domain.NodeInput, domain.NodeEvent, domain.NodeSend>;

const table = tableRepo<domain.StoredRelease, domain.ReleaseEvent>('release');

/** Releases in the table `release`, whichever version of this service wrote them. */
const releaseRepo: ReleaseMachine['repo'] = {
  ...table,
  load: async (tx, keys) =>
    new Map(
      [...(await table.load(tx, keys))].map(([key, row]) => [key, { ...row, state: domain.restored(row.state) }]),
    ),
};

export const releaseMachine: ReleaseMachine = {
  name: 'release',
  keyOf: domain.keyOf,
  initial: domain.initial,
  decide: domain.decide,
  evolve: domain.evolve,
  phaseOf: domain.phaseOf,
  repo: releaseRepo,
};

export const nodeMachine: NodeMachine = {
  name: 'node',
  keyOf: domain.nodeKeyOf,
  initial: domain.initialNode,
  decide: domain.decideNode,
  evolve: domain.evolveNode,
  phaseOf: domain.nodePhaseOf,
  repo: nodeRepo,
};
