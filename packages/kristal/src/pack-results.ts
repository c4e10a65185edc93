import type { StatementClaim } from './exchange.ts';
import { labelOf, numberAt, type Pack, textAt } from './pack-open.ts';
import type { DataValue, Qualifier } from './statement.ts';

/** A row of the triples table, by dictionary ids. */
export type MatchedRow = { row: number; s: number; p: number; o: number; stmt: number };

export type PackLabel = { lang: string; text: string } | null;

/** A statement as a query answers it. `confidence_bp` is null where no claim carried one. */
export type PackResult = {
  row: number;
  subject: { id: string; label: PackLabel };
  property: { id: string; label: PackLabel };
  object: { type: 'item'; id: string; label: PackLabel } | Exclude<DataValue, { type: 'item' }>;
  statement_id: string;
  rank: string;
  confidence_bp: number | null;
  qualifiers: Qualifier[];
  evidence_ids: string[];
  /** The claims behind the statement, each with its own evidence. */
  claims: StatementClaim[];
};

/** Turns matched rows into results with ids, labels, statement and evidence ids. Labels are looked up once per page. */
export async function rowResults(
  pack: Pack,
  rows: readonly MatchedRow[],
  languages: readonly string[],
): Promise<PackResult[]> {
  const { entities, properties, literals, statements } = pack.tables;
  const labels = new Map<string, PackLabel>();
  const label = async (target: 'entity' | 'property', id: number): Promise<PackLabel> => {
    const key = `${target}:${id}`;
    const known = labels.get(key);
    if (known !== undefined) return known;
    const found = await labelOf(pack, target, id, languages);
    labels.set(key, found);
    return found;
  };
  const object = async (id: number): Promise<PackResult['object']> =>
    id < entities.rows
      ? { type: 'item', id: await textAt(entities, 'qid', id), label: await label('entity', id) }
      : JSON.parse(await textAt(literals, 'value_json', id - entities.rows));

  const results: PackResult[] = [];
  for (const { row, s, p, o, stmt } of rows) {
    const confidence = await numberAt(statements, 'confidence_bp', stmt);
    results.push({
      row,
      subject: { id: await textAt(entities, 'qid', s), label: await label('entity', s) },
      property: { id: await textAt(properties, 'pid', p), label: await label('property', p) },
      object: await object(o),
      statement_id: await textAt(statements, 'statement_id', stmt),
      rank: await textAt(statements, 'rank', stmt),
      confidence_bp: confidence < 0 ? null : confidence,
      qualifiers: JSON.parse(await textAt(statements, 'qualifiers_json', stmt)),
      evidence_ids: JSON.parse(await textAt(statements, 'evidence_ids_json', stmt)),
      claims: JSON.parse(await textAt(statements, 'claims_json', stmt)),
    });
  }
  return results;
}
