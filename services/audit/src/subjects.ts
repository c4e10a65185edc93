import type { LoggedSubject } from '@orgo/contracts';
import type { PageOf } from '@orgo/runtime/http-asked';
import type { Queryable } from '@orgo/store/db';
import { leavesOf, type StoredLeaf } from './leaves.ts';

const kinds = ['bld', 'rel', 'chg', 'root'] as const;
/** First word of a subject's id. */
export type SubjectKind = (typeof kinds)[number];
export const isSubjectKind = (word: string): word is SubjectKind => (kinds as readonly string[]).includes(word);

// Ids go on in hexadecimal digits: all of a kind are between these two words.
const idsText = `SELECT DISTINCT build_id FROM log_leaf WHERE tenant_id = $1 AND build_id > $2 AND build_id < $3
ORDER BY build_id DESC LIMIT $4`;

const entryOf = ({ index, decision }: StoredLeaf): LoggedSubject['entries'][number] => {
  const { kind, verdict, stage, reason_codes, outputs, detail } = decision;
  return { index, kind, verdict, stage, reason_codes, outputs: outputs.map(({ ref }) => ref), detail };
};

/**
 * What the log says of each subject of a kind, newest id first: whoever holds a service's rows against the log asks for as many of them as it has rows. Every entry
 * is read back and re-hashed.
 * @throws Breach LEAF_HASH_MISMATCH, DECISION_MALFORMED
 */
export async function loggedSubjects(
  db: Queryable,
  tenant: string,
  kind: SubjectKind,
  { cursor, limit }: PageOf,
): Promise<{ items: LoggedSubject[]; next_cursor: string | null }> {
  const { rows } = await db.query<{ build_id: string }>({ name: 'log_subjects', text: idsText }, [
    tenant,
    `${kind}_`,
    cursor ?? `${kind}_g`,
    limit + 1,
  ]);
  const items: LoggedSubject[] = [];
  for (const { build_id } of rows.slice(0, limit))
    items.push({ subject_id: build_id, entries: (await leavesOf(db, tenant, build_id)).map(entryOf) });
  return { items, next_cursor: rows.length > limit ? (items.at(-1)?.subject_id ?? null) : null };
}
