import { canonical, type JsonValue } from '@orgo/core';
import type { PackResult } from '../pack-results.ts';
import { alternativeGroupOf } from '../resolved.ts';

const groupsOf = ({ claims }: PackResult): Set<string> =>
  new Set(claims.map((claim) => alternativeGroupOf(claim)).filter((group) => group !== undefined));

const valueText = ({ object }: PackResult): string =>
  canonical((object.type === 'item' ? object.id : object) as JsonValue);

/**
 * The statements that cannot all be right, of one subject and a property with one value: those not withdrawn that differ, beyond the readings
 * of one "A or B".
 */
export function contradicting(statements: readonly PackResult[]): PackResult[] {
  const standing = statements.filter(({ rank }) => rank !== 'deprecated');
  const contradicts = (a: PackResult, b: PackResult): boolean =>
    valueText(a) !== valueText(b) && ![...groupsOf(a)].some((group) => groupsOf(b).has(group));
  return standing.filter((a) => standing.some((b) => contradicts(a, b)));
}
