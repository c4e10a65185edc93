import { type Pack, queryPack, type Subjects, textAt } from '@orgo/kristal';

/** The subjects that the request means, found in the checker's own way: it walks the whole pack. None where a label fits several. */
export async function wantedSubjects(pack: Pack, asked: Subjects): Promise<string[]> {
  if ('ids' in asked) return [...new Set(asked.ids)];
  if ('label' in asked) {
    const found = await labelled(pack, asked.label);
    return found.length === 1 ? found : [];
  }
  const subjects: string[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await queryPack(pack, { ...asked.query, limit: 50, ...(cursor === undefined ? {} : { cursor }) });
    if (!page.ok) return [];
    for (const { subject } of page.value.results)
      if (!subjects.includes(subject.id) && subjects.length < asked.limit) subjects.push(subject.id);
    cursor = subjects.length < asked.limit ? page.value.next_cursor : null;
  }
  return subjects;
}

async function labelled({ tables: { labels, entities } }: Pack, label: string): Promise<string[]> {
  const found = new Set<string>();
  for (const [group, { rows }] of labels.groups.entries()) {
    const [targets, kinds, texts, ids] = await Promise.all([
      labels.texts('target', group),
      labels.texts('kind', group),
      labels.texts('text', group),
      labels.numbers('target_id', group),
    ]);
    for (let row = 0; row < rows; row++)
      if (targets.at(row) === 'entity' && kinds.at(row) === 'label' && texts.at(row) === label)
        found.add(await textAt(entities, 'qid', ids[row] as number));
  }
  return [...found];
}
