import type { JsonValue } from '@orgo/core';
import type { PassedOver } from '../claim-ir-batch.ts';
import type { ValidationFacts } from './facts.ts';
import type { Finding, Rule } from './rule.ts';

const rowCode = 'TABLE_ROW_MALFORMED';

function* passedOver(facts: ValidationFacts): Generator<{ pointer: string; entry: PassedOver }> {
  for (const [i, entry] of (facts.claimBatch.value?.passed_over ?? []).entries())
    yield { pointer: `/claim_ir_batch/passed_over/${i}`, entry };
}

const finding = (pointer: string, { source_id, doc_id }: PassedOver, details: Record<string, JsonValue>): Finding => ({
  location: { json_pointer: pointer, source_uri: source_id },
  details: { doc_id, ...details },
});

const rowMalformed: Rule = {
  code: 'KRS_V3_TABLE_ROW_MALFORMED',
  version: '1',
  severity: ['WARNING', 'WARNING', 'INFO'],
  message: 'A row of a table was set aside whole: it has a stray quote, or another number of cells than the header.',
  *check(facts): Generator<Finding> {
    for (const { pointer, entry } of passedOver(facts)) {
      if (entry.code !== rowCode) continue;
      const places = entry.places ?? [];
      for (const [i, { row, offsets }] of places.entries())
        yield finding(`${pointer}/places/${i}`, entry, { row, ...offsets });
      // The list of places has a limit: the rest is told by its number.
      if (entry.count > places.length) yield finding(pointer, entry, { more_rows: entry.count - places.length });
    }
  },
};

const sourcePassedOver: Rule = {
  code: 'KRS_V3_SOURCE_PASSED_OVER',
  version: '1',
  severity: ['WARNING', 'WARNING', 'INFO'],
  message: 'The extractor read no claim from a part of a document.',
  *check(facts): Generator<Finding> {
    for (const { pointer, entry } of passedOver(facts)) {
      if (entry.code !== rowCode) yield finding(pointer, entry, { code: entry.code, count: entry.count });
    }
  },
};

const withoutClaims: Rule = {
  code: 'KRS_V3_DOCUMENT_WITHOUT_CLAIMS',
  version: '1',
  severity: ['INFO', 'INFO', 'INFO'],
  message: 'A document of the batch states nothing that the extractor reads.',
  *check(facts): Generator<Finding> {
    for (const document of facts.documents) {
      if (!saysNothing(document)) continue;
      const source = document.claimIr.document?.source_id;
      const location = { json_pointer: `/claim_ir/${document.index}`, ...(source ? { source_uri: source } : {}) };
      yield { location, details: { doc_id: document.doc_id } };
    }
  },
};

/** Whether a document has no claim on either side: then nothing rests on its subject. */
export const saysNothing = ({ claimIr, claims }: ValidationFacts['documents'][number]): boolean =>
  claimIr.claims.length === 0 && claims.length === 0;

/** What the build goes on without, told with its place. None of it leaves content unresolved. */
export const passedOverRules: readonly Rule[] = [rowMalformed, sourcePassedOver, withoutClaims];
