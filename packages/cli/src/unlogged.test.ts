import type { BuildStatus, LoggedSubject } from '@orgo/contracts';
import { digestOf } from '@orgo/core';
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { CliError } from './cli-error.ts';
import type { Client } from './client.ts';
import { unloggedChanges } from './unlogged.ts';

const record = digestOf('record');
const idOf = (n: number): string => `bld_${n.toString(16).padStart(8, '0')}`;
const rowOf = (n: number, status = 'COMPLETED'): BuildStatus =>
  ({
    ...{ build_id: idOf(n), status, stages: [], reason_codes: [], record_ref: record, kristal_id: null, pack_id: null },
  }) as unknown as BuildStatus;
const of = { verdict: 'PASS' as const, stage: null, reason_codes: [], outputs: [record] };
const loggedOf = (n: number, outcome = 'COMPLETED'): LoggedSubject => ({
  subject_id: idOf(n),
  entries: [
    { ...of, index: 2 * n, kind: 'ADMISSION', detail: {} },
    { ...of, index: 2 * n + 1, kind: 'RECORD', detail: { outcome, kristal_id: null, pack_id: null } },
  ],
});

/** Two services that answer page by page, newest first; what happens between two questions is a test's. */
let rows: BuildStatus[];
let log: LoggedSubject[];
let most: number;
let asked: (operation: string) => void;
beforeEach(() => {
  rows = Array.from({ length: 120 }, (_, n) => rowOf(n));
  log = Array.from({ length: 120 }, (_, n) => loggedOf(n));
  most = 0;
  asked = () => undefined;
});

function pageOf<T>(all: readonly T[], id: (one: T) => string, { cursor, limit }: Record<string, string>) {
  const below = all.filter((one) => cursor === undefined || id(one) < cursor).sort((a, b) => (id(a) < id(b) ? 1 : -1));
  const items = below.slice(0, Number(limit));
  most = Math.max(most, items.length);
  return { items, next_cursor: below.length > items.length ? id(items.at(-1) as T) : null };
}

const client = {
  async call(operation: string, { query = {}, params = {} }: Record<string, Record<string, string>> = {}) {
    asked(operation);
    if (operation === 'listBuilds') return pageOf(rows, ({ build_id }) => build_id, query);
    if (operation === 'listLogged' && query.of === 'bld') return pageOf(log, ({ subject_id }) => subject_id, query);
    if (operation !== 'getBuild') return { items: [], next_cursor: null };
    const found = rows.find(({ build_id }) => build_id === params.build);
    if (found === undefined) throw new CliError('BUILD_NOT_FOUND', 'no such build is visible');
    return found;
  },
} as unknown as Client;
const found = async () => (await unloggedChanges(client)).map(({ code, place, detail }) => [code, place, detail]);

it('finds nothing where rows and log agree, and holds a page at a time', async () => {
  expect(await found()).toEqual([]);
  expect(most).toBe(50);
});

it('finds rows that differ, that the log does not know and that are gone, on every page and at its edges', async () => {
  const gone = [0, 69, 70, 119];
  rows = [...rows.filter((_, n) => !gone.includes(n)), rowOf(200)];
  log[20] = loggedOf(20, 'FAILED');
  const places = (await found()).map(([code, place]) => `${code} ${place}`);
  expect([...new Set(places)].sort()).toEqual([...gone, 20, 200].map((n) => `UNLOGGED_CHANGE build/${idOf(n)}`).sort());
  rows = [];
  expect(await found()).toHaveLength(120);
});

it('takes no build for gone that was asked for, or went on, while it looked', async () => {
  asked = (operation) => {
    if (operation !== 'listLogged') return;
    asked = () => undefined;
    rows.push(rowOf(150));
    log.push(loggedOf(150), { subject_id: idOf(151), entries: [{ ...of, index: 999, kind: 'REFUSAL', detail: {} }] });
  };
  expect(await found()).toEqual([]);
});

it('looks again at a row that is behind the log, and tells it when it stays behind', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const looked = async () => {
    const all = found();
    await vi.runAllTimersAsync();
    return all;
  };
  rows[7] = rowOf(7, 'CLOSING');
  expect(await looked()).toEqual([
    ['UNLOGGED_CHANGE', `build/${idOf(7)}`, 'the row says: CLOSING; the log says: COMPLETED, log/15'],
  ]);
  asked = (operation) => {
    if (operation === 'getBuild') rows[7] = rowOf(7);
  };
  expect(await looked()).toEqual([]);
});
