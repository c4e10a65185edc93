import type { JsonValue } from '@orgo/core';
import type { GazetteerProperty } from '../gazetteer.ts';
import type { IssueLocation } from '../report.ts';
import type { ResolvedObject } from '../resolved.ts';
import { isPossibleTime } from './calendar.ts';
import { claimsIn, type JudgedClaim, type ValidationFacts } from './facts.ts';
import type { Finding, Rule } from './rule.ts';

/** A value with the property that it is a value of, where that resolved to a known one. */
type Slot = {
  at: JudgedClaim;
  location: IssueLocation;
  object: ResolvedObject;
  property: GazetteerProperty | undefined;
};

function* slots(facts: ValidationFacts): Generator<Slot> {
  for (const at of claimsIn(facts)) {
    const { claim, pointer } = at;
    const location = (path: string) => ({ json_pointer: `${pointer}/${path}`, claim_id: claim.claim_id });
    const property = (pid: string | undefined) => (pid === undefined ? undefined : facts.properties.get(pid));
    yield { at, location: location('object'), object: claim.object, property: property(claim.predicate.pid) };
    for (const [i, q] of (claim.qualifiers ?? []).entries()) {
      yield { at, location: location(`qualifiers/${i}/object`), object: q.object, property: property(q.predicate.pid) };
    }
  }
}

const typeMismatch: Rule = {
  code: 'KRS_V3_VALUE_TYPE_MISMATCH',
  version: '1',
  severity: ['ERROR', 'ERROR', 'ERROR'],
  message: 'The kind of the value is not the datatype of its property.',
  *check(facts): Generator<Finding> {
    for (const { location, object, property } of slots(facts)) {
      if (!property || property.datatype === object.kind) continue;
      yield { location, details: { property: property.id, datatype: property.datatype, kind: object.kind } };
    }
  },
};

/** Why a value cannot be, or undefined where it can. */
function impossible(
  object: ResolvedObject,
  property: GazetteerProperty | undefined,
): Record<string, JsonValue> | undefined {
  switch (object.kind) {
    case 'time':
      return isPossibleTime(object.value)
        ? undefined
        : { reason: 'time-impossible', value: object.value.iso8601.slice(0, 64) };
    case 'coord': {
      const { lat, lon } = object.value;
      return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? undefined : { reason: 'coordinate-outside', lat, lon };
    }
    case 'quantity': {
      const { amount, unit_qid, lower_bound, upper_bound } = object.value;
      if ((lower_bound ?? amount) > amount || (upper_bound ?? amount) < amount)
        return { reason: 'bounds-contradict', amount };
      if (!property?.allowed_units.length || property.allowed_units.includes(unit_qid ?? '')) return undefined;
      return { reason: 'unit-not-allowed', unit: unit_qid ?? null, property: property.id };
    }
    case 'url':
      return URL.canParse(object.value) ? undefined : { reason: 'url-malformed' };
    default:
      return undefined;
  }
}

const valueInvalid: Rule = {
  code: 'KRS_V3_VALUE_INVALID',
  version: '1',
  severity: ['ERROR', 'ERROR', 'ERROR'],
  message:
    'The value cannot be: an impossible date, coordinate, range or address, or a unit its property does not allow.',
  *check(facts): Generator<Finding> {
    for (const { location, object, property } of slots(facts)) {
      const details = impossible(object, property);
      if (details) yield { location, details };
    }
  },
};

const normalizationLossy: Rule = {
  code: 'KRS_V3_VALUE_NORMALIZATION_LOSSY',
  version: '1',
  severity: ['WARNING', 'WARNING', 'INFO'],
  message: 'The value could not be brought to its typed form without loss.',
  *check(facts): Generator<Finding> {
    for (const { location, object } of slots(facts)) {
      const notes = object.kind === 'item' ? undefined : object.normalized?.notes;
      if (notes?.startsWith('lossy')) yield { location, details: { notes: notes.slice(0, 200) } };
    }
    for (const { index, claimIr } of facts.documents) {
      const at = claimIr.warnings?.findIndex((warning) => warning.code === 'VALUE_NORMALIZATION_NEEDED') ?? -1;
      if (at >= 0) yield { location: { json_pointer: `/claim_ir/${index}/warnings/${at}` } };
    }
  },
};

/** Values against their properties and against what can be. */
export const valueRules: readonly Rule[] = [typeMismatch, valueInvalid, normalizationLossy];
