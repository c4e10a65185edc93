import type { Pipeline } from '@orgo/contracts';
import type { Queryable } from '@orgo/store/db';
import { textArray } from '@orgo/store/text-array';

/** Pipeline definitions by digest. They never change, so what was read once is kept. */
export type Snapshots = {
  /** Stores a definition; durable on return, harmless when it is there. */
  keep(db: Queryable, ref: string, pipeline: Pipeline): Promise<void>;
  /** Every definition asked for. A build names only what was kept before it. */
  load(db: Queryable, refs: readonly string[]): Promise<ReadonlyMap<string, Pipeline>>;
};

const insert = 'INSERT INTO pipeline (ref, definition) VALUES ($1, $2::jsonb) ON CONFLICT (ref) DO NOTHING';
const select = 'SELECT ref, definition FROM pipeline WHERE ref = ANY ($1::text[])';

/** More definitions than this are never in use at once; forgetting one costs a read. */
const maxKnown = 256;

export function createSnapshots(): Snapshots {
  const known = new Map<string, Pipeline>();
  const kept = new Set<string>();
  const remember = (ref: string, pipeline: Pipeline): void => {
    if (known.size >= maxKnown) known.clear();
    known.set(ref, pipeline);
  };
  return {
    async keep(db, ref, pipeline) {
      if (kept.has(ref)) return;
      await db.query({ name: 'pipeline_keep', text: insert }, [ref, JSON.stringify(pipeline)]);
      kept.add(ref);
      remember(ref, pipeline);
    },
    async load(db, refs) {
      const missing = [...new Set(refs)].filter((ref) => !known.has(ref));
      if (missing.length > 0) {
        const { rows } = await db.query<{ ref: string; definition: Pipeline }>(
          { name: 'pipeline_load', text: select },
          [textArray(missing)],
        );
        for (const row of rows) remember(row.ref, row.definition);
      }
      return known;
    },
  };
}
