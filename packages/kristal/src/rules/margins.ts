import type { JsonValue } from '@orgo/core';
import { fingerprint } from '../gazetteer-text.ts';
import { compareIds } from '../statement.ts';
import { basisPoints } from './confidence.ts';
import type { ValidationFacts } from './facts.ts';
import { isPredicate, type Mention, mentionsIn } from './mentions.ts';
import { bearersOf, type NameIndex, nameIndex } from './name-index.ts';
import type { Finding, Rule } from './rule.ts';

type Violation = Record<string, JsonValue> | undefined;

type Indexes = { entities: NameIndex; properties: NameIndex };

/**
 * Whether a resolved mention was entitled to its choice, judged from what is recorded and from the pinned gazetteer, not from the
 * resolver's code: the choice is a candidate; a match by name is by a name that nothing else of the right kind bears; a human choice is a
 * pinned hint; a scored choice clears the pinned threshold and gap.
 */
function violation(facts: ValidationFacts, indexes: Indexes, mention: Mention): Violation {
  const { id, resolution } = mention;
  if (resolution.status !== 'resolved' || id === undefined) return undefined;
  const candidates = resolution.candidates ?? [];
  const index = resolution.decision?.chosen_candidate_index;
  if (candidates.length > 0 && !candidates.some((c) => c.id === id)) return { reason: 'not-a-candidate', id };
  if (index !== undefined && candidates[index]?.id !== id) return { reason: 'another-index', id, index };
  const method = resolution.decision?.method;
  switch (method) {
    case 'exact_match':
    case 'alias_match':
      return byName(facts, indexes, mention, id, method);
    case 'human':
      return byHint(facts, mention, id);
    case undefined:
      return byScore(facts, mention, id);
    default:
      return { reason: 'method-not-pinned', id, method };
  }
}

function byName(
  facts: ValidationFacts,
  indexes: Indexes,
  mention: Mention,
  id: string,
  method: 'exact_match' | 'alias_match',
): Violation {
  const index = isPredicate(mention) ? indexes.properties : indexes.entities;
  const { labels, aliases } = bearersOf(facts, index, mention);
  const bearers = method === 'exact_match' ? labels : aliases;
  if (!bearers.includes(id)) return { reason: 'name-not-pinned', id };
  // A label decides over aliases; an alias decides only where nothing has the name as label.
  const other = [...bearers, ...(method === 'alias_match' ? labels : [])].filter((bearer) => bearer !== id);
  return other.length > 0 ? { reason: 'name-shared', id, other: other.sort(compareIds).slice(0, 5) } : undefined;
}

function byHint(facts: ValidationFacts, { document, resolution }: Mention, id: string): Violation {
  const surface = fingerprint(resolution.surface ?? '');
  const hint = facts.hints.some(
    (h) => h.doc_id === document.doc_id && fingerprint(h.surface) === surface && h.accepted_id === id,
  );
  return hint ? undefined : { reason: 'hint-missing', id };
}

function byScore(facts: ValidationFacts, { resolution }: Mention, id: string): Violation {
  const [top, next] = resolution.candidates ?? [];
  if (!top || top.id !== id) return { reason: 'not-the-top', id };
  const { resolved_min_bp, gap_min_bp } = facts.context.value.resolution;
  const score = basisPoints(top.score);
  if (score < resolved_min_bp) return { reason: 'score', id, score_bp: score, least: resolved_min_bp };
  const gap = score - basisPoints(next?.score ?? 0);
  return next && gap < gap_min_bp ? { reason: 'gap', id, gap_bp: gap, least: gap_min_bp } : undefined;
}

const marginViolation: Rule = {
  code: 'KRS_V3_RESOLUTION_MARGIN_VIOLATION',
  version: '1',
  severity: ['ERROR', 'ERROR', 'ERROR'],
  message: 'A mention was resolved although what is recorded does not meet the pinned policy.',
  *check(facts): Generator<Finding> {
    const indexes = { entities: nameIndex(facts.entities.values()), properties: nameIndex(facts.properties.values()) };
    for (const mention of mentionsIn(facts)) {
      const details = violation(facts, indexes, mention);
      if (details) yield { location: mention.location, details: { role: mention.role, ...details } };
    }
  },
};

/** Silent coercion: a choice where the policy demanded ambiguity. */
export const marginRules: readonly Rule[] = [marginViolation];
