import type {
  BuildStatus,
  ChannelStatus,
  FsckReport,
  LoggedSubject,
  OperationId,
  ReleaseStatus,
} from '@orgo/contracts';
import { CliError } from './cli-error.ts';
import type { Client } from './client.ts';
import {
  buildDifferences,
  channelDifferences,
  createLoggedChannels,
  type Difference,
  releaseDifferences,
} from './unlogged-rows.ts';

type Page<T> = { items: T[]; next_cursor: string | null };
type Entries = LoggedSubject['entries'];
type Finding = FsckReport['findings'][number];

/** Rows, and subjects of the log, that are held at once. */
const page = '50';
/** A receipt that is on its way arrives meanwhile. */
const looks = 20;
const betweenLooksMs = 500;

/** Every item of a list, a page at a time. */
async function* listed<T>(
  client: Client,
  operation: OperationId,
  query: Record<string, string> = {},
): AsyncGenerator<{ items: T[]; cursor: string | null; next_cursor: string | null }> {
  for (let cursor = query.cursor ?? null; ; ) {
    const more = cursor === null ? {} : { cursor };
    const found = await client.call<Page<T>>(operation, { query: { ...query, ...more, limit: page } });
    yield { ...found, cursor };
    if (found.next_cursor === null) return;
    cursor = found.next_cursor;
  }
}

/** What the log says of subjects of a kind, from the newest below `cursor` down to `last`. */
async function* logged(
  client: Client,
  of: 'bld' | 'rel' | 'chg',
  { cursor = null, last = null }: { cursor?: string | null; last?: string | null } = {},
): AsyncGenerator<LoggedSubject> {
  const query = { of, ...(cursor === null ? {} : { cursor }) };
  for await (const { items } of listed<LoggedSubject>(client, 'listLogged', query))
    for (const subject of items) {
      if (last !== null && subject.subject_id < last) return;
      yield subject;
    }
}

/** What may be explained by a receipt on its way is told when it stays. */
async function lasting(found: Difference[], again: () => Promise<Difference[]>): Promise<Difference[]> {
  let late = found.filter((one) => one.late);
  for (let look = 0; look < looks && late.length > 0; look++) {
    await new Promise((resume) => setTimeout(resume, betweenLooksMs));
    const now = await again();
    late = late.filter(({ row, log }) => now.some((one) => one.row === row && one.log === log));
  }
  return [...found.filter((one) => !one.late), ...late];
}

const findings = (place: string, found: readonly Difference[]): Finding[] =>
  found.map(({ row, log }) => ({
    code: 'UNLOGGED_CHANGE',
    place,
    detail: `the row says: ${row}; the log says: ${log}`,
  }));

/** Rows of a service, and how they are held against the log. */
type Kind<Row> = {
  of: 'bld' | 'rel';
  name: 'build' | 'release';
  list: OperationId;
  get: OperationId;
  idOf(row: Row): string;
  differences(row: Row, entries: Entries): Difference[];
  /** Whether the log says that there has to be a row. */
  demands(entries: Entries): boolean;
};

const builds: Kind<BuildStatus> = {
  of: 'bld',
  name: 'build',
  list: 'listBuilds',
  get: 'getBuild',
  idOf: ({ build_id }) => build_id,
  differences: buildDifferences,
  demands: (entries) => entries.some(({ kind }) => kind === 'ADMISSION'),
};
const releases: Kind<ReleaseStatus> = {
  of: 'rel',
  name: 'release',
  list: 'listReleases',
  get: 'getRelease',
  idOf: ({ release_id }) => release_id,
  differences: releaseDifferences,
  demands: (entries) => entries.some(({ kind }) => kind === 'RELEASE'),
};

/** Rows by page, each page before what the log says of it: so no row can be ahead of the log by having been read later. */
async function* ofKind<Row>(client: Client, kind: Kind<Row>): AsyncGenerator<Finding> {
  const read = (id: string) => client.call<Row>(kind.get, { params: { [kind.name]: id } });
  const compare = async (id: string, row: Row, entries: Entries): Promise<Finding[]> => {
    const again = async () => kind.differences(await read(id), entries);
    return findings(`${kind.name}/${id}`, await lasting(kind.differences(row, entries), again));
  };
  // One that was asked for after its page was read has a row by now.
  const absent = async (id: string): Promise<Finding[]> => {
    try {
      await read(id);
      return [];
    } catch (error) {
      if (!(error instanceof CliError) || !error.code.endsWith('_NOT_FOUND')) throw error;
      return findings(`${kind.name}/${id}`, [{ row: 'nothing, it is gone', log: 'decided', late: false }]);
    }
  };
  for await (const { items, cursor, next_cursor } of listed<Row>(client, kind.list)) {
    const rows = new Map(items.map((row) => [kind.idOf(row), row]));
    for await (const { subject_id, entries } of logged(client, kind.of, { cursor, last: next_cursor })) {
      const row = rows.get(subject_id);
      rows.delete(subject_id);
      if (row !== undefined) yield* await compare(subject_id, row, entries);
      else if (kind.demands(entries)) yield* await absent(subject_id);
    }
    for (const [id, row] of rows) yield* await compare(id, row, []);
  }
}

type Placed = { place: string; difference: Difference };

async function channelsNow(client: Client): Promise<Placed[]> {
  const rows: ChannelStatus[] = [];
  for await (const { items } of listed<ChannelStatus>(client, 'listChannels'))
    rows.push(...items.map((row) => ({ ...row, nodes: [], offers: [], changes: [] })));
  const log = createLoggedChannels();
  for (const kind of ['chg', 'rel'] as const) for await (const { entries } of logged(client, kind)) log.add(entries);
  const gone = log.names().filter((name) => !rows.some(({ channel }) => channel === name));
  return [
    ...rows.flatMap((row) =>
      channelDifferences(row, log.of(row.channel)).map((difference) => ({
        place: `channel/${row.channel}`,
        difference,
      })),
    ),
    ...gone.map((channel) => ({
      place: `channel/${channel}`,
      difference: { row: 'nothing, it is gone', log: 'decided', late: true },
    })),
  ];
}

async function* ofChannels(client: Client): AsyncGenerator<Finding> {
  const found = await channelsNow(client);
  for (const place of new Set(found.map((one) => one.place))) {
    const at = (all: Placed[]): Difference[] => all.filter((one) => one.place === place).map((one) => one.difference);
    yield* findings(place, await lasting(at(found), async () => at(await channelsNow(client))));
  }
}

/** What is spelled out; of what comes after that, only the number is told. */
const most = 1000;

/**
 * Holds what services show of builds, releases and channels against the sealed log: each row that says what no entry bears out is `UNLOGGED_CHANGE`, and so is one that stays
 * behind the log, or is gone. It reads through the public API alone, and holds a page of rows at a time.
 */
export async function unloggedChanges(client: Client): Promise<Finding[]> {
  const found: Finding[] = [];
  let count = 0;
  for (const all of [ofKind(client, builds), ofKind(client, releases), ofChannels(client)])
    for await (const one of all) {
      count++;
      if (count <= most) found.push(one);
    }
  const last = found.at(-1);
  if (count <= most || last === undefined) return found;
  return [...found.slice(0, -1), { ...last, detail: `${last.detail}; ${count - most} more are not listed` }];
}
