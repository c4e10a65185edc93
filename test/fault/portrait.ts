import { channelTable, nodeTable, releaseTable, stepTable } from '@orgo/release/domain';
import type pg from 'pg';
import { eventName } from '../kit/holds.ts';
import type { Stage } from './lives.ts';

/** One event of a machine, as it was committed. */
export type Happened = {
  machine: string;
  id: string;
  whose: string;
  type: string;
  data: { step?: number; release_id?: string; verdict?: string };
  /** The transaction that it was committed in. */
  xid: string;
  name: string;
  /** The row of the machine's table that it took; null for a note, which takes none. */
  row: string | null;
};

type Table = Readonly<Record<string, Partial<Record<string, string>>>>;
const tables: Record<string, Table> = { release: releaseTable, channel: channelTable, node: nodeTable };

/** Every row of the four tables: where it begins, and what happens there. */
export const allRows: string[] = Object.entries({ ...tables, step: stepTable as Table }).flatMap(([name, table]) =>
  Object.entries(table).flatMap(([from, exits]) => Object.keys(exits).map((type) => `${name} ${from} ${type}`)),
);

/** Follows the tables along the events, and says for each the row that it took. */
export function rowsOf(events: readonly Omit<Happened, 'row' | 'name'>[]): Happened[] {
  const places = new Map<string, string>();
  const times = new Map<string, number>();
  return events.map((event) => {
    const { machine, id, whose, type, data } = event;
    const nth = (times.get(`${whose} ${machine} ${type}`) ?? 0) + 1;
    times.set(`${whose} ${machine} ${type}`, nth);
    const take = (table: Table, key: string, first: string, name: string): string | null => {
      const from = places.get(key) ?? first;
      const to = table[from]?.[type];
      if (to === undefined) return null;
      places.set(key, to);
      return `${name} ${from} ${type}`;
    };
    const row =
      (machine === 'release' && data.step !== undefined
        ? take(stepTable as Table, `${id} ${data.step}`, 'PENDING', 'step')
        : null) ?? take(tables[machine] as Table, id, 'NEW', machine);
    return { ...event, name: eventName(whose, machine, type, nth), row };
  });
}

const eventsText = `SELECT e.machine, e.id, e.type, e.data, e.xmin::text AS xid, coalesce(r.channel, e.id) AS whose
FROM release.event e LEFT JOIN release.release r ON e.machine = 'release' AND r.tenant_id = e.tenant_id AND r.id = e.id
WHERE e.machine IN ('release', 'channel', 'node') AND (r.channel = $1 OR e.id = $1 OR e.id = ANY($2)) ORDER BY r.created_at, e.id, e.seq`;

/** Everything that happened in a life, each machine in its own order. */
export async function happenedIn(admin: pg.Pool, { channel, nodes }: Stage): Promise<Happened[]> {
  const values = [channel, nodes.map(({ id }) => id)];
  return rowsOf((await admin.query<Happened>(eventsText, values)).rows);
}

const logText = `SELECT convert_from(leaf, 'UTF8')::json AS said FROM audit.log_leaf ORDER BY idx`;
const ledgerText = `SELECT t.instance_id, t.step, t.late, t.state, t.reason_code, t.active_pack_id FROM release.release_target t
WHERE t.release_id = $1 ORDER BY t.instance_id`;
const releasesText = 'SELECT state FROM release.release WHERE channel = $1 ORDER BY created_at, id';
const channelText = 'SELECT state FROM release.channel WHERE id = $1';
const nodesText = 'SELECT id, phase, state FROM release.node WHERE id = ANY($1) ORDER BY id';

/** Said twice in a row is said once: a node that has no answer says it again, under another nonce, and either is sealed. */
const once = (all: string[]): string[] => all.filter((one, at) => one !== all[at - 1]);

/**
 * What has no place in the order of a channel's events: whom it has told to wait is told as often as that asks, and that one release held is noted while the
 * next may be offered; the offers say which.
 */
const unordered = ['ReleaseWaits', 'OfferConfirmed'];

// biome-ignore lint/suspicious/noExplicitAny: rows as they are stored
type Row = any;

/** Names of a life in place of those that differ from one to the next: ids, times, digests that follow from them, and places in the one log of all. */
function plainly(value: unknown, names: ReadonlyMap<string, string>): unknown {
  const text = JSON.stringify(value);
  const timeless = text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'then');
  return JSON.parse([...names].reduce((plain, [name, stands]) => plain.replaceAll(name, stands), timeless));
}

/**
 * What has to be the same however a life was disturbed: of every release its end, its frozen steps, how far each went, what happened to it in order and who did
 * it, and its ledger; the whole channel with its history; who of the nodes is enrolled and what it runs; every pointer that a node ever had; and the entries of
 * the log about each of them, in order, as kind, verdict, codes and actor.
 */
export async function portraitOf(admin: pg.Pool, stage: Stage) {
  const { channel, nodes } = stage;
  const events = await happenedIn(admin, stage);
  const releases = (await admin.query<{ state: Row }>(releasesText, [channel])).rows.map(({ state }) => state);
  const names = new Map<string, string>(releases.map(({ release_id }, at) => [release_id, `release ${at + 1}`]));
  names.set(channel, 'channel');
  const [held] = (await admin.query<{ state: Row }>(channelText, [channel])).rows;
  const log = (await admin.query<{ said: Row }>(logText)).rows.map(({ said }) => said);
  const about = (holds: (said: Row) => boolean): string[] =>
    log.filter(holds).map(({ kind, verdict, reason_codes, actor, build_id, detail }) => {
      const { attempt } = detail;
      const said = attempt === undefined ? [] : [attempt.type, attempt.status, detail.active_pack_id, build_id];
      return [kind, verdict, ...reason_codes, actor, ...said].join(' ');
    });
  const types = (machine: string, id: string): string[] =>
    events
      .filter((one) => one.machine === machine && one.id === id && one.row !== null && !unordered.includes(one.type))
      .map(({ type, data }) => [type, ...(type === 'NodeReported' ? [data.release_id, data.verdict] : [])].join(' '));
  const ledgers: Row[] = [];
  for (const { release_id } of releases) ledgers.push((await admin.query(ledgerText, [release_id])).rows);
  return plainly(
    {
      releases: releases.map((state, at) => ({
        id: state.release_id,
        phase: state.phase,
        codes: state.reason_codes,
        place: [state.place?.release_seq, state.place?.pack_seq],
        eligible: state.eligible,
        steps: state.steps.map(({ step_hash: _hash, enrolled_through: _through, ...step }: Row) => step),
        runs: state.runs.map(({ state: run, asks, tally, promoted }: Row) => [run, asks, tally, promoted]),
        ending:
          state.ending === null
            ? null
            : [state.ending.to, state.ending.trigger, state.ending.codes, state.ending.act.actor],
        history: state.history
          .filter(({ type }: Row) => type !== 'ChannelRefused')
          .map(({ type, actor }: Row) => `${type} ${actor}`),
        events: types('release', state.release_id),
        ledger: ledgers[at],
        log: about((said) => said.build_id === state.release_id && said.kind !== 'NODE_REPORT'),
      })),
      channel: held && {
        phase: held.state.phase,
        places: [held.state.index_seq, held.state.release_seq, held.state.pack_seq],
        current: held.state.current,
        candidate: held.state.candidate,
        floor: held.state.floor,
        pin: held.state.pin,
        frozen: held.state.frozen,
        barred: [held.state.revoked, held.state.quarantined],
        offers: held.state.offers,
        asked: held.state.asked.map(({ kind, actor, status, reason_codes }: Row) => [
          kind,
          actor,
          status,
          reason_codes,
        ]),
        rollback: held.state.rollback && [held.state.rollback.from_pack_id, held.state.rollback.to_pack_id],
        events: types('channel', channel),
        log: about((said) => said.kind === 'CHANNEL_CHANGE' && said.detail.channel === channel),
      },
      nodes: (
        await admin.query<{ id: string; phase: string; state: Row }>(nodesText, [nodes.map(({ id }) => id)])
      ).rows.map(({ id, phase, state }) => ({
        id,
        phase,
        runs: state.said?.active_pack_id ?? null,
        pointers: nodes.find((node) => node.id === id)?.pointers,
        events: once(types('node', id)),
        log: once(about((said) => said.detail.instance_id === id)),
      })),
    },
    names,
  );
}
