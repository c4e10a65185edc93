import type { Pipeline } from '@orgo/contracts';
import { Breach } from '@orgo/runtime/errors';
import type { Queryable, Tx } from '@orgo/store/db';
import type { Machine, Repo, SaveRow } from '@orgo/store/machine';
import { tableRepo } from '@orgo/store/repo';
import type { Snapshots } from '@orgo/store/snapshots';
import { textArray } from '@orgo/store/text-array';
import * as domain from './domain/index.ts';
import { type About, holdChannels, readHeldChannels } from './held-channels.ts';

type State = domain.GateState;
type Event = domain.GateEvent;
type Admission = NonNullable<State['admission']>;
/** A gate as it is stored: its pipeline stays with the snapshots, under the digest that the admission names. */
type Stored = Omit<State, 'admission'> & { admission: (Omit<Admission, 'pipeline'> & { readable: boolean }) | null };
type StoredEvent =
  | Exclude<Event, { admission: Admission }>
  | { type: 'ADMITTED' | 'REJECTED'; decision: string; admission: Stored['admission'] };

const without = ({ pipeline, ...rest }: Admission): NonNullable<Stored['admission']> => ({
  ...rest,
  readable: pipeline !== null,
});

const stored = (state: State): Stored => ({
  ...state,
  admission: state.admission === null ? null : without(state.admission),
});

const storedEvent = (event: Event): StoredEvent =>
  'admission' in event ? { ...event, admission: without(event.admission) } : event;

function restored(state: Stored, snapshots: ReadonlyMap<string, Pipeline>): State {
  if (state.admission === null) return { ...state, admission: null };
  const { readable, ...admission } = state.admission;
  const pipeline = readable ? snapshots.get(admission.pipeline_ref) : null;
  if (pipeline === undefined)
    throw new Breach('BLUEPRINT_UNPINNED', `no snapshot ${admission.pipeline_ref} of ${state.build_id}`);
  return { ...state, admission: { ...admission, pipeline } };
}

function gateRepo(snapshots: Snapshots): Repo<State, Event> {
  const table = tableRepo<Stored, StoredEvent>('gate', { json: 'json' });
  return {
    async load(tx, keys) {
      const rows = await table.load(tx, keys);
      const known = await snapshots.load(tx, refsOf([...rows.values()].map((row) => row.state)));
      return new Map([...rows].map(([key, { state, version }]) => [key, { state: restored(state, known), version }]));
    },
    save: (tx, rows) =>
      table.save(
        tx,
        rows.map((row) => ({ ...row, state: stored(row.state), events: row.events.map(storedEvent) })),
      ),
  };
}

const refsOf = (states: readonly Stored[]): string[] =>
  states.flatMap(({ admission }) => (admission?.readable ? [admission.pipeline_ref] : []));

/** The gate of a build as it stands, without a lock; null for one that was never heard of. */
export async function readGate(
  db: Queryable,
  snapshots: Snapshots,
  tenant: string,
  build: string,
): Promise<State | null> {
  const text = 'SELECT state FROM gate WHERE tenant_id = $1 AND id = $2';
  const { rows } = await db.query<{ state: Stored }>({ name: 'gate_read', text }, [tenant, build]);
  const [row] = rows;
  return row === undefined ? null : restored(row.state, await snapshots.load(db, refsOf([row.state])));
}

const acceptText = `INSERT INTO accepted_decision (tenant_id, build_id, stage, verdict, digest)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])`;
const fenceText = `INSERT INTO fence (tenant_id, build_id, stage, epoch)
SELECT t, b, s, max(e::bigint) FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS x(t, b, s, e) GROUP BY t, b, s
ON CONFLICT (tenant_id, build_id, stage) DO UPDATE SET epoch = GREATEST(fence.epoch, EXCLUDED.epoch)`;

/** Writes what the database itself holds the gates to: one accepted decision per stage, fences that only rise, the snapshots admitted with. */
export const projectGates =
  (snapshots: Snapshots) =>
  async (tx: Tx, rows: readonly SaveRow<State, Event>[]): Promise<void> => {
    const events = rows.flatMap(({ key, events: list }) => list.map((event) => ({ key, event })));
    const accepted = events.flatMap(({ key, event }) =>
      'accepted' in event ? [{ key, stage: event.stage, ...event.accepted }] : [],
    );
    const fences = events.flatMap(({ key, event }) =>
      'fence' in event ? [{ key, stage: event.stage, fence: event.fence }] : [],
    );
    const admitted = events.flatMap(({ event }) =>
      'admission' in event && event.admission.pipeline !== null
        ? [{ ref: event.admission.pipeline_ref, pipeline: event.admission.pipeline }]
        : [],
    );
    if (accepted.length > 0)
      tx.post({ name: 'accepted_insert', text: acceptText }, [
        textArray(accepted.map(({ key }) => key.tenant_id)),
        textArray(accepted.map(({ key }) => key.id)),
        textArray(accepted.map(({ stage }) => stage)),
        textArray(accepted.map(({ verdict }) => verdict)),
        textArray(accepted.map(({ decision }) => decision)),
      ]);
    if (fences.length > 0)
      tx.post({ name: 'fence_raise', text: fenceText }, [
        textArray(fences.map(({ key }) => key.tenant_id)),
        textArray(fences.map(({ key }) => key.id)),
        textArray(fences.map(({ stage }) => stage)),
        textArray(fences.map(({ fence }) => `${fence}`)),
      ]);
    snapshots.keepWith(tx, admitted);
  };

const nonceText = `INSERT INTO node_nonce (tenant_id, instance_id, nonce) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])`;

/** Nonces of decided reports: a second use collides. */
export async function projectNodes(tx: Tx, rows: readonly SaveRow<domain.NodeGate, domain.NodeEvent>[]): Promise<void> {
  const used = rows.flatMap(({ key, events }) =>
    events.flatMap((event) => (event.type === 'NODE_REPORTED' ? [{ key, nonce: event.nonce }] : [])),
  );
  if (used.length === 0) return;
  await tx.query({ name: 'nonce_insert', text: nonceText }, [
    textArray(used.map(({ key }) => key.tenant_id)),
    textArray(used.map(({ key }) => key.id)),
    textArray(used.map(({ nonce }) => nonce)),
  ]);
  await keepConfirmed(tx, rows);
}

const confirmedText = `INSERT INTO confirmed_release (tenant_id, release_id, channel, pack_id, pack_seq, instance_id, decision)
SELECT t, r, c, p, s::bigint, i, d FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) AS x(t, r, c, p, s, i, d)
ON CONFLICT (tenant_id, release_id) DO NOTHING`;

/** The first node that proved to run a release stands for it: that is what a channel may go back to. */
async function keepConfirmed(tx: Tx, rows: readonly SaveRow<domain.NodeGate, domain.NodeEvent>[]): Promise<void> {
  const first = new Map<string, (string | null)[]>();
  for (const { key, events } of rows)
    for (const event of events) {
      if (event.type !== 'NODE_REPORTED' || !event.last.confirmed) continue;
      const { release_id, pack_id, decision, confirmed } = event.last;
      const row = [key.tenant_id, release_id, confirmed.channel, pack_id, `${confirmed.pack_seq}`, key.id, decision];
      if (!first.has(`${key.tenant_id}/${release_id}`)) first.set(`${key.tenant_id}/${release_id}`, row);
    }
  if (first.size === 0) return;
  // In one order everywhere, so that two batches do not wait for each other.
  const sorted = [...first].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  const columns = [0, 1, 2, 3, 4, 5, 6].map((column) => textArray(sorted.map((row) => row[column] ?? null)));
  await tx.query({ name: 'confirmed_insert', text: confirmedText }, columns);
}

type Untimed<T> = Omit<T, 'now'>;
/** A union loses its members under `Omit`; this keeps them. */
type EachUntimed<T> = T extends unknown ? Untimed<T> : never;
export type GateIncoming = EachUntimed<domain.GateInput>;
/** What it is about is read in the transaction, and put where the facts have a place for it. */
export type ReleaseIncoming = Untimed<domain.ReleaseInput> & { about: About | null };
/** The node is the aggregate; the claim's subject is the release it reports about. */
export type NodeIncoming = Untimed<domain.NodeInput> & { instance_id: string };

export type TrustRootIncoming = Untimed<domain.TrustRootInput>;

export type ChannelIncoming = Untimed<domain.ChannelGateInput>;

export const gateMachine = (snapshots: Snapshots): Machine<State, GateIncoming, Event, domain.DecisionSend, never> => ({
  name: 'gate',
  keyOf: ({ tenant_id, build_id }) => ({ tenant_id, id: build_id }),
  initial: domain.initialGate,
  decide: (state, input) => domain.decideGate(state, input as domain.GateInput),
  evolve: domain.evolveGate,
  phaseOf: (state) => state.phase,
  repo: gateRepo(snapshots),
});

export const releaseMachine: Machine<
  domain.ReleaseGate,
  ReleaseIncoming,
  domain.ReleaseEvent,
  domain.DecisionSend,
  never
> = {
  name: 'release_gate',
  keyOf: ({ tenant_id, build_id }) => ({ tenant_id, id: build_id }),
  initial: domain.initialRelease,
  async reread(tx, inputs) {
    const channels = await readHeldChannels(tx, inputs);
    return inputs.map((input, at) => {
      const channel = channels[at] ?? null;
      const { release, step } = input;
      return { ...input, release: release && { ...release, channel }, step: step && { ...step, channel } };
    });
  },
  decide: domain.decideRelease,
  evolve: domain.evolveRelease,
  phaseOf: (state) => state.phase,
  repo: tableRepo('release_gate'),
};

export const nodeMachine: Machine<domain.NodeGate, NodeIncoming, domain.NodeEvent, domain.DecisionSend, never> = {
  name: 'enrolled_node',
  keyOf: ({ tenant_id, instance_id }) => ({ tenant_id, id: instance_id }),
  initial: domain.initialNode,
  decide: domain.decideNode,
  evolve: domain.evolveNode,
  phaseOf: (state) => state.phase,
  repo: tableRepo('enrolled_node'),
};

export const channelMachine: Machine<
  domain.ChannelGate,
  ChannelIncoming,
  domain.ChannelGateEvent,
  domain.DecisionSend,
  never
> = {
  name: 'channel_gate',
  keyOf: ({ tenant_id, channel }) => ({ tenant_id, id: channel }),
  initial: domain.initialChannelGate,
  decide: domain.decideChannelGate,
  evolve: domain.evolveChannelGate,
  phaseOf: (state) => state.phase,
  repo: channelRepo(),
};

/** Its rows are locked behind the channels themselves: what a release is opened by stands until that is committed. */
function channelRepo(): Repo<domain.ChannelGate, domain.ChannelGateEvent> {
  const table = tableRepo<domain.ChannelGate, domain.ChannelGateEvent>('channel_gate');
  return {
    load(tx, keys) {
      holdChannels(tx, keys);
      return table.load(tx, keys);
    },
    save: table.save,
  };
}

/** One per tenant. */
export const trustRootMachine: Machine<
  domain.TrustRootGate,
  TrustRootIncoming,
  domain.TrustRootEvent,
  domain.DecisionSend,
  never
> = {
  name: 'trust_root',
  keyOf: ({ tenant_id }) => ({ tenant_id, id: 'root' }),
  initial: domain.initialTrustRoot,
  decide: domain.decideTrustRoot,
  evolve: domain.evolveTrustRoot,
  phaseOf: (state) => state.phase,
  repo: tableRepo('trust_root'),
};
