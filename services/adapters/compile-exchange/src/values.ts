import type { JsonValue } from '@orgo/core';
import type { DataValue, OpenRef, ResolvedObject, UnresolvedClaim } from '@orgo/kristal';

type Resolution = {
  status: string;
  surface?: string | undefined;
  lang?: string | undefined;
  candidates?: readonly { id: string; score: number }[] | undefined;
};

/**
 * The typed value of a resolved object, or undefined where it is an item that did not come out as one id. A time without precision is
 * exact to the day, or to the second where it names one; nothing else is filled in.
 */
export function dataValueOf(object: ResolvedObject): DataValue | undefined {
  switch (object.kind) {
    case 'item':
      return object.value.qid === undefined ? undefined : { type: 'item', value: { qid: object.value.qid } };
    case 'time': {
      const { precision = object.value.iso8601.includes('T') ? 'second' : 'day' } = object.value;
      return { type: 'time', value: { ...object.value, precision } };
    }
    case 'string':
    case 'url':
      return { type: object.kind, value: object.value };
    case 'quantity':
      return { type: 'quantity', value: object.value };
    case 'monolingual_text':
      return { type: 'monolingual_text', value: object.value };
    case 'coord':
      return { type: 'coord', value: object.value };
  }
}

/** A mention as an unresolved claim keeps it: its status, words and candidates, or its id where it has one. */
export function openRefOf(resolution: Resolution, id: string | undefined): OpenRef {
  const { status, surface, lang, candidates } = resolution;
  return {
    status,
    ...(id === undefined ? {} : { id }),
    ...(surface === undefined ? {} : { surface }),
    ...(lang === undefined ? {} : { lang }),
    ...(candidates === undefined
      ? {}
      : { candidates: candidates.map((c) => ({ id: c.id, score_bp: Math.round(c.score * 10_000) })) }),
  };
}

/** A value as an unresolved claim keeps it. */
export function openValueOf(object: ResolvedObject): UnresolvedClaim['value'] {
  if (object.kind === 'item') return { type: 'item', ref: openRefOf(object.value, object.value.qid) };
  return { type: object.kind, value: object.value as JsonValue };
}
