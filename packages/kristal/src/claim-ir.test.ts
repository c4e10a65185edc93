import { describe, expect, it } from 'vitest';
import { type ClaimIr, ClaimIrSchema } from './claim-ir.ts';
import { claimId, claimsOf } from './claim-ir-ids.ts';
import { EntityResolutionSchema, PredicateResolutionSchema, ResolvedObjectSchema } from './resolved.ts';

const claim = (digit: string) => ({
  claim_id: `c:${digit.repeat(32)}`,
  predicate: { surface: 'date of birth' },
  object: { kind: 'time' as const, value: { iso8601: '1817-01-01', precision: 'year' as const } },
});

const document: ClaimIr = {
  schema_version: '3.0',
  subject: { surface: 'Frederick Douglass', lang: 'en' },
  claims: [{ ...claim('0'), alternatives: [claim('1')] }, claim('2')],
};

describe('Claim-IR', () => {
  it('takes a document with alternatives', () => {
    expect(ClaimIrSchema.parse(document)).toEqual(document);
  });

  it.each([
    ['an unknown member', { ...document, extra: 1 }],
    ['another version', { ...document, schema_version: '4.0' }],
    ['a mention without id and name', { ...document, subject: { lang: 'en' } }],
    ['a three-letter language', { ...document, subject: { surface: 'x', lang: 'eng' } }],
    ['a claim without id', { ...document, claims: [{ predicate: { surface: 'x' }, object: claim('0').object }] }],
    ['a year without month and day', { ...document, claims: [timed('1817')] }],
    ['a latitude over the pole', { ...document, claims: [placed(91)] }],
    ['an item value as text', { ...document, claims: [{ ...claim('0'), object: { kind: 'item', value: 'Paris' } }] }],
    ['an unknown kind', { ...document, claims: [{ ...claim('0'), object: { kind: 'colour', value: 'red' } }] }],
    ['evidence without a source', { ...document, claims: [{ ...claim('0'), evidence: [{ source: {} }] }] }],
    ['an unknown warning', { ...document, warnings: [{ code: 'OOPS', message: 'x' }] }],
  ])('refuses %s', (_, value) => {
    expect(ClaimIrSchema.safeParse(value).success).toBe(false);
  });

  it('lists first readings and alternatives with their group', () => {
    const listed = [...claimsOf(document)].map(({ claim: { claim_id }, group }) => [claim_id.at(-1), group?.at(-1)]);
    expect(listed).toEqual([
      ['0', '0'],
      ['1', '0'],
      ['2', undefined],
    ]);
  });
});

function timed(iso8601: string) {
  return { ...claim('0'), object: { kind: 'time', value: { iso8601 } } };
}

function placed(lat: number) {
  return { ...claim('0'), object: { kind: 'coord', value: { lat, lon: 0 } } };
}

describe('claim ids', () => {
  const identity = {
    content: `sha256:${'0'.repeat(64)}`,
    subject: 'Ada Lovelace',
    predicate: 'date of birth',
    object: claim('0').object,
    evidence: [{ source: { source_id: 'a' }, offsets: { start_char: 1, end_char: 9 } }],
  };

  it('stay as they are', () => {
    expect(claimId(identity)).toBe('c:617f18742bc79036eb563e5fd235e3fa');
  });

  it('do not depend on how much is quoted, and do on everything that is claimed', () => {
    const [evidence] = identity.evidence;
    expect(claimId({ ...identity, evidence: [{ ...evidence, source: { source_id: 'a' }, quote: 'longer' }] })).toBe(
      claimId(identity),
    );
    const others = [
      { ...identity, content: `sha256:${'1'.repeat(64)}` },
      { ...identity, subject: 'Ada' },
      { ...identity, predicate: 'date of death' },
      { ...identity, object: { kind: 'string' as const, value: '1817' } },
      { ...identity, evidence: [{ source: { source_id: 'a' }, offsets: { start_char: 2, end_char: 9 } }] },
    ].map(claimId);
    expect(new Set([claimId(identity), ...others]).size).toBe(6);
  });
});

describe('resolutions', () => {
  it('name an id exactly when resolved', () => {
    expect(EntityResolutionSchema.safeParse({ status: 'resolved', qid: 'Q7259' }).success).toBe(true);
    expect(EntityResolutionSchema.safeParse({ status: 'resolved', surface: 'Ada' }).success).toBe(false);
    expect(EntityResolutionSchema.safeParse({ status: 'ambiguous', qid: 'Q7259', surface: 'Ada' }).success).toBe(false);
    expect(PredicateResolutionSchema.safeParse({ status: 'unresolved' }).success).toBe(false);
  });

  it('keep a literal as it is, with notes where it was normalised', () => {
    const object = { kind: 'string', value: 'x', normalized: { notes: 'lossy' } };
    expect(ResolvedObjectSchema.parse(object)).toEqual(object);
    expect(ResolvedObjectSchema.safeParse({ kind: 'item', value: { qid: 'Q1' } }).success).toBe(false);
  });
});
