import type { GazetteerProperty } from '../gazetteer.ts';
import { claimsIn, type ValidationFacts } from './facts.ts';
import type { Finding, Rule } from './rule.ts';

/** Whether the known types of an entity exclude it. An entity without types, or a property without a list, excludes nothing. */
function excluded(facts: ValidationFacts, qid: string | undefined, allowed: readonly string[]): boolean {
  const types = (qid === undefined ? undefined : facts.entities.get(qid)?.types) ?? [];
  return types.length > 0 && allowed.length > 0 && !types.some((type) => allowed.includes(type));
}

function classRule(
  code: Rule['code'],
  message: string,
  list: (property: GazetteerProperty) => readonly string[],
  side: 'subject' | 'object',
): Rule {
  return {
    code,
    version: '1',
    severity: ['ERROR', 'WARNING', 'WARNING'],
    message,
    *check(facts): Generator<Finding> {
      for (const { document, pointer, claim } of claimsIn(facts)) {
        const property = claim.predicate.pid === undefined ? undefined : facts.properties.get(claim.predicate.pid);
        const object = claim.object.kind === 'item' ? claim.object.value.qid : undefined;
        const qid = side === 'subject' ? document.resolved.subject.qid : object;
        if (!property || !qid || !excluded(facts, qid, list(property))) continue;
        const location = { json_pointer: pointer, claim_id: claim.claim_id, entity_id: qid };
        yield { location, details: { property: property.id, allowed: [...list(property)] } };
      }
    },
  };
}

/** Types of subjects and item values against what their property takes. */
export const classRules: readonly Rule[] = [
  classRule(
    'KRS_V3_SUBJECT_CLASS_MISMATCH',
    'The type of the subject is not one its property takes.',
    (property) => property.subject_types,
    'subject',
  ),
  classRule(
    'KRS_V3_VALUE_CLASS_MISMATCH',
    'The type of the item value is not one its property takes.',
    (property) => property.value_types,
    'object',
  ),
];
