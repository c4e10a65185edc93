import { digestOf, type JsonLimits, type JsonValue, ok, type Result, refuse } from '@orgo/core';
import { z } from 'zod';
import { DigestTextSchema, Hex64Schema } from './digest-text.ts';
import { ExchangeSignatureSchema, nobody, type Signers, verifySignatures } from './signatures.ts';
import { DataValueSchema, PidSchema, QidSchema, QualifierSchema } from './statement.ts';

const basisPoints = z.int().min(0).max(10_000);
const languageMap = z.record(z.string(), z.string());
const evidenceIds = z.array(z.string());

/** One claim behind a statement: its confidence in basis points (0-10000) and the evidence it brought. */
export const StatementClaimSchema = z.strictObject({
  claim_id: z.string(),
  confidence_bp: basisPoints.optional(),
  evidence_ids: evidenceIds,
  /** What the claim says about its doubt, such as an interval. */
  uncertainty_notes: z.string().optional(),
  /** Marks one reading of "A or B"; see `alternativeGroupOf`. */
  notes: z.string().optional(),
});
export type StatementClaim = z.infer<typeof StatementClaimSchema>;

/** A resolved statement. `confidence_bp` is the best of its claims; `evidence_ids` the union of theirs, sorted. */
export const ExchangeStatementSchema = z.strictObject({
  statement_id: DigestTextSchema,
  property_id: PidSchema,
  snaktype: z.literal('value'),
  datavalue: DataValueSchema,
  rank: z.enum(['preferred', 'normal', 'deprecated']),
  confidence_bp: basisPoints.optional(),
  qualifiers: z.array(QualifierSchema),
  claims: z.array(StatementClaimSchema).min(1),
  evidence_ids: evidenceIds,
});
export type ExchangeStatement = z.infer<typeof ExchangeStatementSchema>;

const names = {
  labels: languageMap,
  descriptions: languageMap,
  aliases: z.record(z.string(), z.array(z.string())),
};

/** An entity that a statement speaks of, as subject or as object; the latter may have no statements of its own. */
export const ExchangeItemSchema = z.strictObject({
  entity_id: QidSchema,
  type: z.literal('item'),
  ...names,
  statements: z.array(ExchangeStatementSchema),
});
export type ExchangeItem = z.infer<typeof ExchangeItemSchema>;

/** A property that a statement or qualifier uses, with its names and datatype from the pinned gazetteer. */
export const ExchangePropertySchema = z.strictObject({ property_id: PidSchema, datatype: z.string(), ...names });
export type ExchangeProperty = z.infer<typeof ExchangePropertySchema>;

/** Where in a source a quote stands. Offsets count Unicode code points of the decoded text, half open. */
export const LocatorSchema = z.strictObject({
  offsets: z.strictObject({ start_char: z.int().min(0), end_char: z.int().min(0) }).optional(),
  page: z.int().min(1).optional(),
  selector: z.strictObject({ kind: z.string(), value: z.string() }).optional(),
});

/** A piece of evidence: the source by id and content, the place in it, and the hash of the quoted text. No text, no time. */
export const EvidenceEntrySchema = z.strictObject({
  evidence_id: z.string(),
  source: z.strictObject({
    source_id: z.string().optional(),
    source_url: z.string().optional(),
    source_sha256: Hex64Schema.optional(),
  }),
  locator: LocatorSchema,
  excerpt_sha256: Hex64Schema.optional(),
});
export type EvidenceEntry = z.infer<typeof EvidenceEntrySchema>;

/** A subject, property or item value that did not come out as one id. */
export const OpenRefSchema = z.strictObject({
  status: z.string(),
  id: z.string().optional(),
  surface: z.string().optional(),
  lang: z.string().optional(),
  candidates: z.array(z.strictObject({ id: z.string(), score_bp: basisPoints })).optional(),
});
export type OpenRef = z.infer<typeof OpenRefSchema>;

/** What a slot of an unresolved claim holds: an open reference for items, else the typed value. */
export const OpenValueSchema = z.union([
  z.strictObject({ type: z.literal('item'), ref: OpenRefSchema }),
  z.strictObject({ type: z.string(), value: z.json() }),
]);

/** A claim that became no statement: kept with its candidates, never coerced, and left out of runtime packs. */
export const UnresolvedClaimSchema = z.strictObject({
  claim_id: z.string(),
  reasons: z.array(z.string()).min(1),
  subject: OpenRefSchema,
  property: OpenRefSchema,
  value: OpenValueSchema,
  qualifiers: z.array(z.strictObject({ property: OpenRefSchema, value: OpenValueSchema })),
  confidence_bp: basisPoints.optional(),
  evidence_ids: evidenceIds,
});
export type UnresolvedClaim = z.infer<typeof UnresolvedClaimSchema>;

/**
 * The Exchange, in our own closed form (Kristal v3 has no schema for its body). Inside its hash: everything here but `kristal_id` and
 * `signatures`. Outside: times, build ids, tenants, workflow; they live in the manifest beside it. Every list has one order.
 */
export const ExchangeSchema = z.strictObject({
  schema_version: z.literal('3.0'),
  exchange_format: z.literal('orgo.exchange/1'),
  canonicalization_profile: z.literal('kristal.v3:jcs-rfc8785'),
  canonicalization_version: z.literal('1'),
  kristal_id: DigestTextSchema,
  items: z.array(ExchangeItemSchema),
  properties: z.array(ExchangePropertySchema),
  evidence_index: z.array(EvidenceEntrySchema),
  unresolved: z.array(UnresolvedClaimSchema),
  signatures: z.array(ExchangeSignatureSchema).optional(),
});
export type Exchange = z.infer<typeof ExchangeSchema>;

/** How much an Exchange may hold when read: half a million statements fit. */
export const exchangeLimits: Readonly<JsonLimits> = {
  maxBytes: 500 * 1024 * 1024,
  maxDepth: 64,
  maxMembers: 50_000_000,
  maxString: 1024 * 1024,
};

/**
 * The id of an Exchange: `sha256:` over the canonical JSON of the object without `kristal_id` and top-level `signatures` (EX-1, EX-3).
 * Equal content gives an equal id in any tenant, build and time.
 */
export function kristalId(exchange: Omit<Exchange, 'kristal_id'>): string {
  const { kristal_id: _id, signatures: _signatures, ...content } = exchange as Exchange;
  return digestOf(content as JsonValue);
}

/** What a signature of an Exchange stands on: the id, which is the digest of the content, and how it came about. */
export function exchangeSignaturePayload(
  exchange: Pick<Exchange, 'kristal_id' | 'canonicalization_profile' | 'canonicalization_version'>,
): JsonValue {
  return {
    artifact_kind: 'exchange',
    artifact_version: 'v3',
    content_id: exchange.kristal_id,
    canonicalization_profile: exchange.canonicalization_profile,
    canonicalization_version: exchange.canonicalization_version,
    hash_alg: 'sha256',
    content_hash: exchange.kristal_id,
  };
}

/**
 * Checks every signature that an Exchange declares, once its id was recomputed (EX-4). Refuses with `KEY_UNKNOWN` or `SIGNATURE_INVALID`.
 * @param signers whom the caller trusts to sign Exchanges
 */
export function verifyExchangeSignatures(
  exchange: Parameters<typeof exchangeSignaturePayload>[0] & Pick<Exchange, 'signatures'>,
  signers: Signers,
): Result<true> {
  return verifySignatures(exchange.signatures, exchangeSignaturePayload(exchange), 'url', signers);
}

/**
 * Reads an Exchange from parsed JSON, recomputes its id and checks its signatures (EX-4).
 * Refuses with `EXCHANGE_SCHEMA_INVALID`, `EXCHANGE_ID_MISMATCH`, `KEY_UNKNOWN` or `SIGNATURE_INVALID`.
 * @param signers whom the caller trusts to sign Exchanges
 */
export function readExchange(value: unknown, signers: Signers = nobody): Result<Exchange> {
  const parsed = ExchangeSchema.safeParse(value);
  if (!parsed.success) return refuse('EXCHANGE_SCHEMA_INVALID', issueText(parsed.error));
  const actual = kristalId(parsed.data);
  if (actual !== parsed.data.kristal_id) {
    return refuse('EXCHANGE_ID_MISMATCH', `the Exchange says ${parsed.data.kristal_id}, its content is ${actual}`);
  }
  const signed = verifyExchangeSignatures(parsed.data, signers);
  return signed.ok ? ok(parsed.data) : signed;
}

/** The first problem of a failed parse, as `path: message`. */
export function issueText(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue ? `/${issue.path.join('/')}: ${issue.message}` : 'invalid';
}
