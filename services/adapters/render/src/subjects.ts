import { ok, type Result, refuse } from '@orgo/core';
import { compareIds, entityId, numberAt, type Pack, queryPack, type Subjects, textAt } from '@orgo/kristal';

/**
 * The subjects that a request means, in the order of their numbers. Refuses with `AMBIGUOUS_INPUT` where a label fits several, with
 * `RENDER_SUBJECT_UNKNOWN` where nothing fits, and with the code of a query that the pack does not answer.
 */
export async function subjectsOf(pack: Pack, asked: Subjects): Promise<Result<string[]>> {
  if ('ids' in asked) return known(pack, [...new Set(asked.ids)].sort(compareIds));
  if ('label' in asked) return labelled(pack, asked.label);
  const found = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await queryPack(pack, { ...asked.query, cursor });
    if (!page.ok) return page;
    for (const { subject } of page.value.results) found.add(subject.id);
    cursor = page.value.next_cursor ?? undefined;
  } while (cursor !== undefined && found.size < asked.limit);
  const subjects = [...found].slice(0, asked.limit).sort(compareIds);
  return subjects.length > 0 ? ok(subjects) : refuse('RENDER_SUBJECT_UNKNOWN', 'no subject matches the query');
}

async function known(pack: Pack, ids: string[]): Promise<Result<string[]>> {
  for (const id of ids)
    if ((await entityId(pack, id)) === undefined) return refuse('RENDER_SUBJECT_UNKNOWN', `the pack has no ${id}`);
  return ok(ids);
}

/** A label names a subject when it is that of one entity alone, in whatever language. Aliases name nothing. */
async function labelled(pack: Pack, label: string): Promise<Result<string[]>> {
  const { labels, entities } = pack.tables;
  const found = new Set<number>();
  for (let row = 0; row < labels.rows; row++) {
    if ((await textAt(labels, 'text', row)) !== label) continue;
    if ((await textAt(labels, 'target', row)) !== 'entity' || (await textAt(labels, 'kind', row)) !== 'label') continue;
    found.add(await numberAt(labels, 'target_id', row));
  }
  const ids = await Promise.all([...found].map((id) => textAt(entities, 'qid', id)));
  if (ids.length > 1) return refuse('AMBIGUOUS_INPUT', `${label}: ${ids.sort(compareIds).join(', ')}`);
  return ids.length === 1 ? ok(ids) : refuse('RENDER_SUBJECT_UNKNOWN', `nothing is labelled ${label}`);
}
