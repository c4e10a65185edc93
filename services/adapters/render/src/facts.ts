import { ok, type Result, refuse } from '@orgo/core';
import {
  type EvidenceEntry,
  entityId,
  labelOf,
  type Pack,
  type PackLabel,
  type PackResult,
  packEvidence,
  propertyId,
  queryPack,
  type RenderLanguage,
  renderLanguages,
} from '@orgo/kristal';

/** All that a pack says of a subject, with names for everything that it mentions. */
export type SubjectFacts = {
  packId: string;
  subject: string;
  statements: readonly PackResult[];
  evidence: ReadonlyMap<string, EvidenceEntry>;
  /** By `Q…` or `P…`: the name in the wanted language, or in the other one; null where there is none. */
  names: ReadonlyMap<string, PackLabel>;
};

/** Reads a subject's statements page by page. Refuses with `MISSING_TRACE_IDS` where a statement has no evidence in the pack. */
export async function factsOf(pack: Pack, subject: string, language: RenderLanguage): Promise<Result<SubjectFacts>> {
  const languages = [language, ...renderLanguages.filter((other) => other !== language)];
  const statements: PackResult[] = [];
  let cursor: string | undefined;
  do {
    const page = await queryPack(pack, { s: subject, languages, cursor });
    if (!page.ok) return page;
    statements.push(...page.value.results);
    cursor = page.value.next_cursor ?? undefined;
  } while (cursor !== undefined);
  if (statements.length === 0) return refuse('RENDER_SUBJECT_UNKNOWN', `the pack says nothing of ${subject}`);

  const wanted = [...new Set(statements.flatMap((statement) => statement.evidence_ids))];
  const evidence = new Map((await packEvidence(pack, wanted)).map((entry) => [entry.evidence_id, entry]));
  for (const { statement_id, evidence_ids } of statements)
    if (evidence_ids.length === 0 || evidence_ids.some((id) => !evidence.has(id)))
      return refuse('MISSING_TRACE_IDS', `${statement_id} has no evidence in the pack`);

  const names = new Map<string, PackLabel>();
  for (const id of mentioned(subject, statements)) {
    const place = id.startsWith('Q') ? await entityId(pack, id) : await propertyId(pack, id);
    const target = id.startsWith('Q') ? 'entity' : 'property';
    names.set(id, place === undefined ? null : await labelOf(pack, target, place, languages));
  }
  return ok({ packId: pack.packId, subject, statements, evidence, names });
}

function mentioned(subject: string, statements: readonly PackResult[]): Set<string> {
  const ids = new Set([subject]);
  for (const { property, object, qualifiers } of statements) {
    ids.add(property.id);
    if (object.type === 'item') ids.add(object.id);
    if (object.type === 'quantity' && object.value.unit_qid !== undefined) ids.add(object.value.unit_qid);
    for (const { property_id, datavalue } of qualifiers) {
      ids.add(property_id);
      if (datavalue.type === 'item') ids.add(datavalue.value.qid);
      if (datavalue.type === 'quantity' && datavalue.value.unit_qid !== undefined) ids.add(datavalue.value.unit_qid);
    }
  }
  return ids;
}
