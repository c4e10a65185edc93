import type { Pipeline } from '@orgo/contracts';
import { Breach } from '@orgo/runtime/errors';
import type { Machine, Repo, SaveRow } from '@orgo/store/machine';
import { tableRepo } from '@orgo/store/repo';
import type { Snapshots } from '@orgo/store/snapshots';
import * as domain from './domain/index.ts';

/** A build as it is stored: its pipeline stays with the snapshots, under the digest that the state names. */
export type StoredBuild = Omit<domain.BuildState, 'pipeline'>;

/** The build with the pipeline it was admitted with. @throws Breach BLUEPRINT_UNPINNED when that is not stored. */
export function withPipeline(stored: StoredBuild, snapshots: ReadonlyMap<string, Pipeline>): domain.BuildState {
  const pipeline = snapshots.get(stored.pipeline_ref);
  if (pipeline === undefined)
    throw new Breach('BLUEPRINT_UNPINNED', `no snapshot ${stored.pipeline_ref} of ${stored.build_id}`);
  return { ...stored, pipeline };
}

const withoutPipeline = <T extends { pipeline: Pipeline }>({ pipeline: _pipeline, ...rest }: T): Omit<T, 'pipeline'> =>
  rest;

type StoredEvent =
  | domain.BuildEvent
  | { type: 'BuildCreated'; at: string; admitted: Omit<domain.Admitted, 'pipeline'> };

const storedEvent = (event: domain.BuildEvent): StoredEvent =>
  event.type === 'BuildCreated' ? { ...event, admitted: withoutPipeline(event.admitted) } : event;

/** Builds in the table `build`, their events in `event`. */
function buildRepo(snapshots: Snapshots): Repo<domain.BuildState, domain.BuildEvent> {
  const table = tableRepo<StoredBuild, StoredEvent>('build');
  return {
    async load(tx, keys) {
      const rows = await table.load(tx, keys);
      const pipelines = await snapshots.load(
        tx,
        [...rows.values()].map(({ state }) => state.pipeline_ref),
      );
      return new Map(
        [...rows].map(([key, { state, version }]) => [key, { state: withPipeline(state, pipelines), version }]),
      );
    },
    save: (tx, rows) =>
      table.save(
        tx,
        rows.map((row) => ({ ...row, state: withoutPipeline(row.state), events: row.events.map(storedEvent) })),
      ),
  };
}

export type BuildMachine = Machine<domain.BuildState, domain.BuildInput, domain.BuildEvent, domain.Send, domain.Alarm>;
export type CaseMachine = Machine<domain.CaseState, domain.CaseInput, domain.CaseEvent, never>;
export type BuildRow = SaveRow<domain.BuildState, domain.BuildEvent>;

export const buildMachine = (snapshots: Snapshots): BuildMachine => ({
  name: 'build',
  keyOf: domain.keyOf,
  initial: domain.initial,
  decide: domain.decide,
  evolve: domain.evolve,
  phaseOf: domain.phaseOf,
  repo: buildRepo(snapshots),
});

export const caseMachine: CaseMachine = {
  name: 'case',
  keyOf: domain.caseKeyOf,
  initial: domain.initialCase,
  decide: domain.decideCase,
  evolve: domain.evolveCase,
  phaseOf: domain.casePhaseOf,
  repo: tableRepo('case'),
};
