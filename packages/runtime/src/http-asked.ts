import { sha256Hex } from '@orgo/core';
import type { z } from 'zod';
import { Refused } from './errors.ts';
import type { HttpRequest } from './http.ts';

/** Which part of a list is wanted. */
export type PageOf = { cursor: string | null; limit: number };

/** A header that has a value; null otherwise. */
export const headerOf = ({ headers }: HttpRequest, name: string): string | null => {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : null;
};

/** A path parameter. Its shape was checked before the handler was called. */
export const paramOf = (request: HttpRequest, name: string): string => request.params[name] ?? '';

/** A caller's `Idempotency-Key`, as a name of fixed length; null where none was sent. @throws Refused REQUEST_INVALID */
export const requestKeyOf = (request: HttpRequest): string | null => {
  const key = headerOf(request, 'idempotency-key');
  if (key !== null && key.length > 255)
    throw new Refused('REQUEST_INVALID', 'an idempotency key has at most 255 characters');
  return key === null ? null : sha256Hex(key);
};

/** `cursor` and `limit` of a list: 1 to 200 items, 50 unless told. @throws Refused REQUEST_INVALID */
export function pageOf({ query }: HttpRequest, cursorSchema: z.ZodType): PageOf {
  const { cursor = null, limit = '50' } = query;
  if (cursor !== null && !cursorSchema.safeParse(cursor).success)
    throw new Refused('REQUEST_INVALID', 'not a cursor of this list');
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > 200)
    throw new Refused('REQUEST_INVALID', 'a page has 1 to 200 items');
  return { cursor, limit: Number(limit) };
}
