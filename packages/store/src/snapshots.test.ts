import type { Pipeline } from '@orgo/contracts';
import { expect, test } from 'vitest';
import type { Queryable, Statement, Tx } from './db.ts';
import { createSnapshots } from './snapshots.ts';

const pipelineOf = (ref: string): Pipeline => ({ pipeline_id: ref }) as unknown as Pipeline;
const snapshotOf = (ref: string) => ({ ref, pipeline: pipelineOf(ref) });

/** Has every definition, and counts how often it was asked. */
function table() {
  const asked: string[] = [];
  const db = {
    async query(statement: Statement, values: readonly Buffer[]) {
      asked.push(statement.name ?? '');
      const rows = ['a', 'b', 'c', 'd'].filter((ref) => values[0]?.includes(ref));
      return { rows: rows.map((ref) => ({ ref, definition: pipelineOf(ref) })) };
    },
  } as unknown as Queryable;
  return { asked, db };
}

test('a load answers everything that is asked for, however much of it is known and however little is kept', async () => {
  const { db } = table();
  const snapshots = createSnapshots(2);
  const refs = async (...wanted: string[]) => [...(await snapshots.load(db, wanted)).keys()].sort();
  expect(await refs('a', 'b')).toEqual(['a', 'b']);
  expect(await refs('a', 'c')).toEqual(['a', 'c']);
  expect(await refs('a', 'b', 'c', 'd', 'a')).toEqual(['a', 'b', 'c', 'd']);
  expect(await refs('none')).toEqual([]);
});

test('what is known is neither read nor stored again, and the oldest is forgotten first', async () => {
  const { db, asked } = table();
  const snapshots = createSnapshots(2);
  await snapshots.keep(db, ['a', 'b'].map(snapshotOf));
  await snapshots.keep(db, [snapshotOf('b')]);
  await snapshots.load(db, ['a', 'b']);
  expect(asked).toEqual(['pipeline_keep']);
  await snapshots.load(db, ['c']);
  await snapshots.load(db, ['b', 'c']);
  await snapshots.load(db, ['a']);
  expect(asked).toEqual(['pipeline_keep', 'pipeline_load', 'pipeline_load']);
});

test('what travels with a transaction is believed when it was read', async () => {
  const { db, asked } = table();
  const posted: string[] = [];
  const tx = { post: ({ name }: Statement) => void posted.push(name ?? '') } as unknown as Tx;
  const snapshots = createSnapshots();
  snapshots.keepWith(tx, []);
  snapshots.keepWith(tx, [snapshotOf('a')]);
  await snapshots.load(db, ['a']);
  expect([posted, asked]).toEqual([['pipeline_keep'], ['pipeline_load']]);
});
