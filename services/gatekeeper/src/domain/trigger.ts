import { triggerTypes } from '@orgo/contracts';
import type { JsonValue } from '@orgo/core';
import { bounded } from './decision.ts';

/** Who or what started a build, as the Build Record names it. */
export type Trigger = { type: (typeof triggerTypes)[number]; actor: string; reason: string };

const isObject = (value: JsonValue | undefined): value is Record<string, JsonValue> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const text = (value: JsonValue | undefined, max: number): string =>
  typeof value === 'string' ? bounded(value, max) : '';

/** The trigger a claim tells in its detail; `other` by the claim's actor where it tells none. */
export function triggerOf(detail: Record<string, JsonValue>, actor: string): Trigger {
  const told = detail.trigger;
  if (!isObject(told)) return { type: 'other', actor, reason: '' };
  const type = triggerTypes.find((known) => known === told.type) ?? 'other';
  return { type, actor: text(told.actor, 200) || actor, reason: text(told.reason, 500) };
}

/** The build that a claim says is rerun, or null. */
export const rerunOf = (detail: Record<string, JsonValue>): string | null =>
  typeof detail.rerun_of === 'string' ? detail.rerun_of : null;
