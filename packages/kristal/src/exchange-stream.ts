import { canonical, compareText, fromUtf8, ok, parseStrict, type Result, refuse, sha256HexOfParts } from '@orgo/core';
import type { z } from 'zod';
import {
  type EvidenceEntry,
  EvidenceEntrySchema,
  type Exchange,
  type ExchangeItem,
  ExchangeItemSchema,
  type ExchangeProperty,
  ExchangePropertySchema,
  ExchangeSchema,
  exchangeLimits,
  issueText,
  type UnresolvedClaim,
  UnresolvedClaimSchema,
  verifyExchangeSignatures,
} from './exchange.ts';
import { elementsAt, membersAt, type Span } from './json-spans.ts';
import { nobody, type Signers } from './signatures.ts';

/** Takes the parts of an Exchange, one at a time, in the order in which they stand. */
export type ExchangeVisitor = {
  items(item: ExchangeItem): void;
  properties(property: ExchangeProperty): void;
  evidence_index(entry: EvidenceEntry): void;
  unresolved(claim: UnresolvedClaim): void;
};

const elements: { [K in keyof ExchangeVisitor]: z.ZodType } = {
  items: ExchangeItemSchema,
  properties: ExchangePropertySchema,
  evidence_index: EvidenceEntrySchema,
  unresolved: UnresolvedClaimSchema,
};
const outsideId = new Set(['kristal_id', 'signatures']);

/**
 * Reads the stored bytes of an Exchange part by part: what `readExchange` judges, without the whole as one object. The bytes must be the canonical
 * ones, so that the id is the digest of the bytes without `kristal_id` and `signatures` (EX-1, EX-3, EX-4). What was visited counts for nothing
 * unless the answer is ok. Answers the `kristal_id`; refuses with `EXCHANGE_SCHEMA_INVALID`, `EXCHANGE_ID_MISMATCH`, `KEY_UNKNOWN` or
 * `SIGNATURE_INVALID`.
 * @param signers whom the caller trusts to sign Exchanges
 */
export function streamExchange(bytes: Uint8Array, visit: ExchangeVisitor, signers: Signers = nobody): Result<string> {
  const rest: Record<string, unknown> = { items: [], properties: [], evidence_index: [], unresolved: [] };
  const hashed: Uint8Array[] = [];
  let before: string | undefined;
  const members = membersAt(bytes, 0);
  for (let next = members.next(); ; next = members.next()) {
    if (next.done) {
      if (next.value !== bytes.length) return invalid('', 'no JSON object, or something behind it');
      break;
    }
    const { name, key, value } = next.value;
    if (before !== undefined && compareText(before, name) >= 0) return invalid(`/${name}`, 'members out of order');
    before = name;
    if (!outsideId.has(name)) hashed.push(bytes.subarray(hashed.length === 0 ? key.from : key.from - 1, value.to));
    const read =
      name in elements
        ? readElements(bytes, value, name as keyof ExchangeVisitor, visit)
        : readPart(bytes, value, `/${name}`);
    if (!read.ok) return read;
    if (!(name in elements)) rest[name] = read.value;
  }
  const parsed = ExchangeSchema.safeParse(rest);
  if (!parsed.success) return refuse('EXCHANGE_SCHEMA_INVALID', issueText(parsed.error));
  const identified = checkId(parsed.data, hashed);
  if (!identified.ok) return identified;
  const signed = verifyExchangeSignatures(parsed.data, signers);
  return signed.ok ? identified : signed;
}

function checkId({ kristal_id }: Exchange, hashed: readonly Uint8Array[]): Result<string> {
  // A first member left out would leave a comma in front; none of the two is first in a valid Exchange.
  const actual = `sha256:${sha256HexOfParts([Uint8Array.of(0x7b), ...hashed, Uint8Array.of(0x7d)])}`;
  return actual === kristal_id
    ? ok(kristal_id)
    : refuse('EXCHANGE_ID_MISMATCH', `the Exchange says ${kristal_id}, its content is ${actual}`);
}

function readElements(
  bytes: Uint8Array,
  list: Span,
  name: keyof ExchangeVisitor,
  visit: ExchangeVisitor,
): Result<unknown> {
  const spans = elementsAt(bytes, list.from);
  let index = 0;
  for (let next = spans.next(); ; next = spans.next(), index++) {
    const path = `/${name}/${index}`;
    if (next.done) return next.value === list.to ? ok(undefined) : invalid(`/${name}`, 'not a list');
    const part = readPart(bytes, next.value, path);
    if (!part.ok) return part;
    const parsed = elements[name].safeParse(part.value);
    if (!parsed.success) return refuse('EXCHANGE_SCHEMA_INVALID', `${path}${issueText(parsed.error)}`);
    (visit[name] as (value: unknown) => void)(parsed.data);
  }
}

function readPart(bytes: Uint8Array, { from, to }: Span, path: string): Result<unknown> {
  const slice = bytes.subarray(from, to);
  const json = parseStrict(slice, exchangeLimits);
  if (!json.ok) return invalid(path, json.detail);
  const text = fromUtf8(slice);
  return text.ok && text.value === canonical(json.value) ? ok(json.value) : invalid(path, 'not in canonical form');
}

const invalid = (path: string, what: string) => refuse('EXCHANGE_SCHEMA_INVALID', `${path}: ${what}`);
