import type { JsonValue } from '@orgo/core';
import type { ResolutionStatus } from '../resolved.ts';
import { compareIds } from '../statement.ts';
import { basisPoints } from './confidence.ts';
import type { ValidationFacts } from './facts.ts';
import { isPredicate, type Mention, mentionsIn } from './mentions.ts';
import { saysNothing } from './passed-over.ts';
import type { Finding, Rule } from './rule.ts';

function statusRule(
  code: Rule['code'],
  of: 'entity' | 'property',
  statuses: readonly ResolutionStatus[],
  message: string,
): Rule {
  return {
    code,
    version: '2',
    severity: ['ERROR', 'WARNING', 'WARNING'],
    message,
    *check(facts): Generator<Finding> {
      for (const mention of mentionsIn(facts)) {
        // A document that says nothing has a title for a subject, and leaves nothing open by it.
        if (mention.role === 'subject' && saysNothing(mention.document)) continue;
        const { status, candidates } = mention.resolution;
        if (isPredicate(mention) !== (of === 'property') || !statuses.includes(status)) continue;
        const details = { role: mention.role, status, candidates: candidates?.length ?? 0 };
        yield { location: mention.location, details };
      }
    },
  };
}

function knows(facts: ValidationFacts, mention: Mention, id: string): boolean {
  return isPredicate(mention) ? facts.properties.has(id) : facts.entities.has(id);
}

const idUnknown: Rule = {
  code: 'KRS_V3_ENTITY_ID_UNKNOWN',
  version: '1',
  severity: ['ERROR', 'ERROR', 'ERROR'],
  message: 'The resolution names an id that the pinned gazetteer does not have.',
  *check(facts): Generator<Finding> {
    for (const mention of mentionsIn(facts)) {
      const ids = new Set(mention.resolution.candidates?.map((candidate) => candidate.id));
      if (mention.id !== undefined) ids.add(mention.id);
      for (const id of ids) {
        if (!knows(facts, mention, id)) yield { location: { ...mention.location, entity_id: id } };
      }
    }
  },
};

function orderProblem(facts: ValidationFacts, mention: Mention): Record<string, JsonValue> | undefined {
  const candidates = mention.resolution.candidates ?? [];
  const { top_k_entity, top_k_property } = facts.context.value.resolution;
  // A chosen candidate may stand past the pinned length: then it ends the list.
  const chosen = (mention.resolution.decision?.chosen_candidate_index ?? -1) + 1;
  const most = Math.max(isPredicate(mention) ? top_k_property : top_k_entity, chosen);
  if (candidates.length > most) return { reason: 'too-many', candidates: candidates.length, most };
  for (let i = 1; i < candidates.length; i++) {
    const [before, after] = [candidates[i - 1], candidates[i]];
    if (!before || !after) continue;
    const byScore = basisPoints(after.score) - basisPoints(before.score);
    if (byScore > 0) return { reason: 'score', index: i };
    if (byScore === 0 && compareIds(before.id, after.id) >= 0) return { reason: 'tie', index: i };
  }
  return undefined;
}

const candidateOrder: Rule = {
  code: 'KRS_V3_CANDIDATE_ORDER_INVALID',
  version: '1',
  severity: ['ERROR', 'ERROR', 'ERROR'],
  message: 'Candidates are not ordered by score descending and then by id, or are more than the pinned number.',
  *check(facts): Generator<Finding> {
    for (const mention of mentionsIn(facts)) {
      const details = orderProblem(facts, mention);
      if (details) yield { location: mention.location, details };
    }
  },
};

/** How mentions came out: left open, with ids nobody knows, or with candidates in the wrong order. */
export const resolutionRules: readonly Rule[] = [
  statusRule(
    'KRS_V3_ENTITY_UNRESOLVED',
    'entity',
    ['unresolved', 'failed'],
    'A mention of an entity was not resolved.',
  ),
  statusRule('KRS_V3_ENTITY_AMBIGUOUS', 'entity', ['ambiguous'], 'A mention of an entity has several candidates.'),
  statusRule('KRS_V3_PROPERTY_UNRESOLVED', 'property', ['unresolved', 'failed'], 'A predicate was not resolved.'),
  statusRule('KRS_V3_PROPERTY_AMBIGUOUS', 'property', ['ambiguous'], 'A predicate has several candidates.'),
  idUnknown,
  candidateOrder,
];
