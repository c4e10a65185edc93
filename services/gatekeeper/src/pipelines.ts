import type { Pipeline } from '@orgo/contracts';
import type { Queryable, Tx } from '@orgo/store/db';
import { textArray } from '@orgo/store/text-array';

/** Pipeline snapshots by tenant and digest. They never change, so what was read once is kept; forgetting one costs a read. */
export type Pipelines = {
  /** Stores snapshots in the transaction that admits their builds; harmless where they are there. */
  keep(tx: Tx, snapshots: readonly { ref: string; pipeline: Pipeline }[]): void;
  /** Every snapshot asked for that was kept. */
  load(db: Queryable, refs: readonly string[]): Promise<ReadonlyMap<string, Pipeline>>;
};

const insert = `INSERT INTO pipeline (ref, definition) SELECT r, d::jsonb FROM unnest($1::text[], $2::text[]) AS x(r, d) ON CONFLICT (ref) DO NOTHING`;
const select = 'SELECT ref, definition FROM pipeline WHERE ref = ANY ($1::text[])';
const maxKnown = 256;

export function createPipelines(): Pipelines {
  let known = new Map<string, Pipeline>();
  return {
    keep(tx, snapshots) {
      if (snapshots.length === 0) return;
      tx.post({ name: 'pipeline_keep', text: insert }, [
        textArray(snapshots.map(({ ref }) => ref)),
        textArray(snapshots.map(({ pipeline }) => JSON.stringify(pipeline))),
      ]);
    },
    async load(db, refs) {
      const missing = [...new Set(refs)].filter((ref) => !known.has(ref));
      if (missing.length === 0) return known;
      if (known.size + missing.length > maxKnown) known = new Map();
      const { rows } = await db.query<{ ref: string; definition: Pipeline }>({ name: 'pipeline_load', text: select }, [
        textArray(missing),
      ]);
      for (const row of rows) known.set(row.ref, row.definition);
      return known;
    },
  };
}
