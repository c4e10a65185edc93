import { canonical, compareText } from '@orgo/core';
import { type DayRange, dayRange, nested } from './calendar.ts';
import { claimsIn, type JudgedClaim, type ValidationFacts } from './facts.ts';
import type { Finding, Rule } from './rule.ts';

/** Claims with the value they state: the resolved item or the literal. Claims about one document's subject share it even unresolved. */
type Stated = { at: JudgedClaim; pid: string; value: string; range: DayRange | undefined };

function* statedIn(facts: ValidationFacts): Generator<[subject: string, stated: Stated]> {
  for (const at of claimsIn(facts)) {
    const { claim, document } = at;
    const pid = claim.predicate.pid;
    if (pid === undefined) continue;
    const { object } = claim;
    const value = object.kind === 'item' ? object.value.qid : canonical([object.kind, object.value]);
    if (value === undefined) continue;
    const range = object.kind === 'time' ? dayRange(object.value) : undefined;
    yield [document.resolved.subject.qid ?? `line ${document.index}`, { at, pid, value, range }];
  }
}

/** Stated values by subject and property, distinct values only, first statement of each. */
function bySubject(facts: ValidationFacts): Map<string, Map<string, Stated[]>> {
  const subjects = new Map<string, Map<string, Stated[]>>();
  for (const [subject, stated] of statedIn(facts)) {
    const properties = subjects.get(subject) ?? new Map<string, Stated[]>();
    subjects.set(subject, properties);
    const known = properties.get(stated.pid) ?? [];
    properties.set(stated.pid, known);
    if (!known.some((other) => other.value === stated.value)) known.push(stated);
  }
  return subjects;
}

/** Properties whose dates follow each other: birth and death, inception and dissolution, start and end. */
const orderedDates = [
  ['P569', 'P570'],
  ['P571', 'P576'],
  ['P580', 'P582'],
] as const;

const chronology: Rule = {
  code: 'KRS_V3_CHRONOLOGY_CONFLICT',
  version: '1',
  severity: ['ERROR', 'ERROR', 'WARNING'],
  message: 'Something ends before it begins.',
  *check(facts): Generator<Finding> {
    for (const properties of bySubject(facts).values()) {
      for (const [startPid, endPid] of orderedDates) {
        for (const end of properties.get(endPid) ?? []) {
          const start = (properties.get(startPid) ?? []).find(
            (s) => s.range && end.range && end.range.last < s.range.first,
          );
          if (!start) continue;
          const { pointer, claim } = end.at;
          const details = { start: startPid, end: endPid, start_claim: start.at.claim.claim_id };
          yield { location: { json_pointer: pointer, claim_id: claim.claim_id }, details };
        }
      }
    }
    yield* qualifierConflicts(facts);
  },
};

function* qualifierConflicts(facts: ValidationFacts): Generator<Finding> {
  for (const { claim, pointer } of claimsIn(facts)) {
    const range = (pid: string): DayRange | undefined => {
      const found = claim.qualifiers?.find((q) => q.predicate.pid === pid)?.object;
      return found?.kind === 'time' ? dayRange(found.value) : undefined;
    };
    const [start, end] = [range('P580'), range('P582')];
    if (!start || !end || end.last >= start.first) continue;
    const location = { json_pointer: `${pointer}/qualifiers`, claim_id: claim.claim_id };
    yield { location, details: { start: 'P580', end: 'P582' } };
  }
}

/** Distinct values of which some two exclude each other. A year and a day of that year do not. */
function conflict(stated: readonly Stated[]): boolean {
  return stated.some((a, i) => stated.slice(i + 1).some((b) => !(a.range && b.range && nested(a.range, b.range))));
}

const singleValue: Rule = {
  code: 'KRS_V3_SINGLE_VALUE_CONFLICT',
  version: '1',
  severity: ['ERROR', 'WARNING', 'WARNING'],
  message: 'A property of one value has several; all are kept.',
  *check(facts): Generator<Finding> {
    for (const properties of bySubject(facts).values()) {
      for (const [pid, stated] of properties) {
        if (!facts.properties.get(pid)?.single_value || !conflict(stated)) continue;
        const claims = stated.map(({ at }) => at.claim.claim_id).sort(compareText);
        const { pointer, claim } = (stated[0] as Stated).at;
        yield {
          location: { json_pointer: pointer, claim_id: claim.claim_id },
          details: { property: pid, values: stated.length, claims: claims.slice(0, 20) },
        };
      }
    }
  },
};

const selfReference: Rule = {
  code: 'KRS_V3_SELF_REFERENCE',
  version: '1',
  severity: ['WARNING', 'WARNING', 'INFO'],
  message: 'The subject of the claim is its value.',
  *check(facts): Generator<Finding> {
    for (const { document, claim, pointer } of claimsIn(facts)) {
      const subject = document.resolved.subject.qid;
      if (subject === undefined || claim.object.kind !== 'item' || claim.object.value.qid !== subject) continue;
      yield { location: { json_pointer: pointer, claim_id: claim.claim_id, entity_id: subject } };
    }
  },
};

/** Claims against each other, across all documents of a batch. */
export const consistencyRules: readonly Rule[] = [chronology, singleValue, selfReference];
