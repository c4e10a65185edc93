import {
  type EvidenceEntry,
  entityId,
  labelOf,
  type Pack,
  type PackResult,
  packEvidence,
  propertyId,
  queryPack,
  type RenderLanguage,
} from '@orgo/kristal';
import type { Names } from './value-reading.ts';

/** What the pack holds of a subject, as the checker itself reads it: all statements, their evidence, and the names of what they mention. */
export type PackSide = {
  pack: Pack;
  subject: string;
  statements: PackResult[];
  evidence: Map<string, EvidenceEntry>;
  names: Names;
};

/** Null where the pack says nothing of the subject. Pages are small, so that paging itself is part of what is checked. */
export async function packSide(pack: Pack, subject: string, language: RenderLanguage): Promise<PackSide | null> {
  const statements: PackResult[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await queryPack(pack, { s: subject, limit: 50, ...(cursor === undefined ? {} : { cursor }) });
    if (!page.ok) return null;
    statements.push(...page.value.results);
    cursor = page.value.next_cursor;
  }
  if (statements.length === 0) return null;
  const evidence = new Map<string, EvidenceEntry>();
  for (const { evidence_ids } of statements)
    for (const entry of await packEvidence(pack, evidence_ids)) evidence.set(entry.evidence_id, entry);

  const order = language === 'fr' ? ['fr', 'en'] : ['en', 'fr'];
  const names: [string, Awaited<ReturnType<typeof labelOf>>][] = [];
  for (const id of idsIn([subject, statements])) {
    const item = id.startsWith('Q');
    const row = await (item ? entityId : propertyId)(pack, id);
    names.push([id, row === undefined ? null : await labelOf(pack, item ? 'entity' : 'property', row, order)]);
  }
  return { pack, subject, statements, evidence, names: new Map(names) };
}

/** Every Q and P id anywhere in a value: more than is needed does no harm. */
function idsIn(value: unknown, found = new Set<string>()): Set<string> {
  if (typeof value === 'string' && /^[QP][1-9]\d*$/.test(value)) found.add(value);
  else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) idsIn(part, found);
  return found;
}
