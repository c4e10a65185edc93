import { compareText } from '@orgo/core';
import type { EvidenceEntry } from './exchange.ts';
import { lowerBound, type Pack, textAt } from './pack-open.ts';

/** Evidence of a pack by id, in the order asked; an id that the pack does not hold is left out. */
export async function packEvidence(pack: Pack, ids: readonly string[]): Promise<EvidenceEntry[]> {
  const { evidence } = pack.tables;
  const found: EvidenceEntry[] = [];
  for (const id of ids) {
    const row = await lowerBound(evidence, async (r) => compareText(await textAt(evidence, 'evidence_id', r), id));
    if (row >= evidence.rows || (await textAt(evidence, 'evidence_id', row)) !== id) continue;
    const excerpt_sha256 = await textAt(evidence, 'excerpt_sha256', row);
    found.push({
      evidence_id: id,
      source: JSON.parse(await textAt(evidence, 'source_json', row)),
      locator: JSON.parse(await textAt(evidence, 'locator_json', row)),
      ...(excerpt_sha256 === '' ? {} : { excerpt_sha256 }),
    });
  }
  return found;
}
