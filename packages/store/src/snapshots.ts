import type { Pipeline } from '@orgo/contracts';
import type { Queryable, Tx } from './db.ts';
import { textArray } from './text-array.ts';

export type Snapshot = { ref: string; pipeline: Pipeline };

/** Pipeline definitions by digest, in the table `pipeline` of a service. They never change, so what was read once is kept; forgetting one costs a read. */
export type Snapshots = {
  /** Stores definitions; durable on return, harmless where they are there. */
  keep(db: Queryable, snapshots: readonly Snapshot[]): Promise<void>;
  /** Stores them with the commit of the transaction that names them. */
  keepWith(tx: Tx, snapshots: readonly Snapshot[]): void;
  /** Every definition asked for that was kept. A build names only what was kept before it. */
  load(db: Queryable, refs: readonly string[]): Promise<ReadonlyMap<string, Pipeline>>;
};

const insert = `INSERT INTO pipeline (ref, definition) SELECT r, d::jsonb FROM unnest($1::text[], $2::text[]) AS x(r, d) ON CONFLICT (ref) DO NOTHING`;
const select = 'SELECT ref, definition FROM pipeline WHERE ref = ANY ($1::text[])';

const inserting = (snapshots: readonly Snapshot[]) =>
  [
    { name: 'pipeline_keep', text: insert },
    [textArray(snapshots.map(({ ref }) => ref)), textArray(snapshots.map(({ pipeline }) => JSON.stringify(pipeline)))],
  ] as const;

/** More definitions than `maxKnown` are hardly in use at once: the oldest is forgotten first. */
export function createSnapshots(maxKnown = 256): Snapshots {
  const known = new Map<string, Pipeline>();
  const remember = ({ ref, pipeline }: Snapshot): void => {
    known.set(ref, pipeline);
    for (const oldest of known.keys()) {
      if (known.size <= maxKnown) return;
      known.delete(oldest);
    }
  };
  return {
    async keep(db, snapshots) {
      const unknown = snapshots.filter(({ ref }) => !known.has(ref));
      if (unknown.length === 0) return;
      await db.query(...inserting(unknown));
      for (const snapshot of unknown) remember(snapshot);
    },
    keepWith(tx, snapshots) {
      if (snapshots.length > 0) tx.post(...inserting(snapshots));
    },
    async load(db, refs) {
      const found = new Map<string, Pipeline>();
      const missing = new Set<string>();
      for (const ref of refs) {
        const pipeline = known.get(ref);
        if (pipeline === undefined) missing.add(ref);
        else found.set(ref, pipeline);
      }
      if (missing.size === 0) return found;
      const { rows } = await db.query<{ ref: string; definition: Pipeline }>({ name: 'pipeline_load', text: select }, [
        textArray([...missing]),
      ]);
      for (const { ref, definition: pipeline } of rows) {
        found.set(ref, pipeline);
        remember({ ref, pipeline });
      }
      return found;
    },
  };
}
