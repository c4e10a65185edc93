import { createHash, timingSafeEqual } from 'node:crypto';
import {
  buildIdSchema,
  digestSchema,
  nameSchema,
  type ReasonCode,
  type Route,
  releaseIdSchema,
  tenantIdSchema,
} from '@orgo/contracts';
import { type JsonValue, parseStrict } from '@orgo/core';
import { z } from 'zod';
import { holdsNul } from './envelope.ts';
import { Refused } from './errors.ts';

/** Path parameters by name: their shape, and what a wrong one is answered with (absent and malformed look the same). */
const pathParameters: Record<string, { schema: z.ZodType; code: ReasonCode }> = {
  tenant: { schema: tenantIdSchema, code: 'TENANT_NOT_FOUND' },
  digest: { schema: digestSchema, code: 'ARTIFACT_NOT_FOUND' },
  letter: { schema: digestSchema, code: 'DEADLETTER_NOT_FOUND' },
  build: { schema: buildIdSchema, code: 'BUILD_NOT_FOUND' },
  release: { schema: releaseIdSchema, code: 'RELEASE_NOT_FOUND' },
  node: { schema: nameSchema, code: 'NODE_NOT_FOUND' },
  index: { schema: z.string().regex(/^\d{1,15}$/), code: 'REQUEST_INVALID' },
};

/** @throws Refused with the code of the first parameter that has not its shape. */
export function checkParams(params: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(params)) {
    const known = pathParameters[name];
    if (known !== undefined && !known.schema.safeParse(value).success)
      throw new Refused(known.code, `not ${name === 'index' ? 'an' : 'a'} ${name}`);
  }
}

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Compares a bearer token in constant time. @throws Refused REQUEST_UNAUTHENTICATED */
export function tokenCheck(token: string): (authorization: string | undefined) => void {
  const expected = hashOf(`Bearer ${token}`);
  return (authorization) => {
    if (!timingSafeEqual(hashOf(authorization ?? ''), expected))
      throw new Refused('REQUEST_UNAUTHENTICATED', 'a bearer token is needed');
  };
}

/** Reads a JSON body by the strict reader. @throws Refused with a `JSON_…` code. */
export function readJson(body: Uint8Array): JsonValue {
  const json = parseStrict(body);
  if (!json.ok) throw Refused.from(json);
  if (holdsNul(body)) throw new Refused('REQUEST_INVALID', 'U+0000, which PostgreSQL cannot keep');
  return json.value;
}

/** Checks a body against its route. @throws Refused REQUEST_INVALID naming the first field. */
export function checkBody(route: Route, body: unknown): unknown {
  if (route.request === undefined || route.request === 'bytes') return undefined;
  const parsed = route.request.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Refused(codeOfIssue(issue), `/${(issue?.path ?? []).join('/')}: ${issue?.message ?? 'invalid'}`);
}

type Issue = { path: PropertyKey[]; pattern?: string | undefined };

const patternsOf = (...schemas: z.ZodType[]): ReadonlySet<string | undefined> =>
  new Set(schemas.map((schema) => (schema.safeParse('').error?.issues[0] as Issue | undefined)?.pattern));
const identifiers = patternsOf(tenantIdSchema, nameSchema);
const digests = patternsOf(digestSchema);

/** Names that could be taken for others, and integrity fields, have words of their own: neither is ever read as “absent” (IN-04). */
function codeOfIssue(issue: Issue | undefined): ReasonCode {
  if (issue?.pattern !== undefined && identifiers.has(issue.pattern)) return 'IDENTIFIER_INVALID';
  const isDigest = issue?.pattern !== undefined && digests.has(issue.pattern);
  return isDigest || issue?.path.at(-1) === 'size' ? 'INTEGRITY_FIELD_MALFORMED' : 'REQUEST_INVALID';
}

/** The pieces of a body, refused as soon as they are more than the limit. */
export async function* limited(source: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const piece of source) {
    size += piece.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    yield piece;
  }
}

export const tooLarge = (maxBytes: number): Refused => new Refused('ARTIFACT_TOO_LARGE', `more than ${maxBytes} bytes`);

/** A whole body in memory, for the few routes that need one. @throws Refused ARTIFACT_TOO_LARGE */
export async function collect(source: AsyncIterable<Uint8Array>, maxBytes = 1_048_576): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of limited(source, maxBytes)) pieces.push(piece);
  return Buffer.concat(pieces);
}
