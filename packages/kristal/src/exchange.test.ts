import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Exchange, kristalId, readExchange } from './exchange.ts';
import { compareIds, compareValues, type DataValue, type Qualifier, sortQualifiers, statementId } from './statement.ts';

const content: Omit<Exchange, 'kristal_id'> = {
  schema_version: '3.0',
  exchange_format: 'orgo.exchange/1',
  canonicalization_profile: 'kristal.v3:jcs-rfc8785',
  canonicalization_version: '1',
  items: [],
  properties: [],
  evidence_index: [],
  unresolved: [],
};
const signature = { key_id: 'k', alg: 'ed25519' as const, signature: 'x'.repeat(86) };
const exchange: Exchange = { ...content, kristal_id: kristalId(content) };

describe('kristalId', () => {
  it('is a fixed vector for the empty Exchange', () => {
    expect(exchange.kristal_id).toBe('sha256:58d204ae4033bca333ac21dc6c85a715bae74ff7cd1da003ecfeeb7a7ad22dd3');
  });

  it('is the same for unsigned and signed copies (EX-3)', () => {
    expect(kristalId({ ...exchange, signatures: [signature] })).toBe(exchange.kristal_id);
  });

  it('does not depend on the order of members', () => {
    const reversed = Object.fromEntries(Object.entries(exchange).reverse());
    expect(kristalId(reversed as Exchange)).toBe(exchange.kristal_id);
  });
});

describe('readExchange refuses (EX-4)', () => {
  const cases: [string, string, unknown][] = [
    ['another id', 'EXCHANGE_ID_MISMATCH', { ...exchange, kristal_id: `sha256:${'0'.repeat(64)}` }],
    [
      'a changed content',
      'EXCHANGE_ID_MISMATCH',
      { ...exchange, properties: [{ property_id: 'P1', datatype: 'item', labels: {}, descriptions: {}, aliases: {} }] },
    ],
    ['a bare id', 'EXCHANGE_SCHEMA_INVALID', { ...exchange, kristal_id: exchange.kristal_id.slice(7) }],
    ['a legacy id', 'EXCHANGE_SCHEMA_INVALID', { ...exchange, kristal_id: `krs_${exchange.kristal_id.slice(7)}` }],
    ['no id', 'EXCHANGE_SCHEMA_INVALID', content],
    ['a hash of itself', 'EXCHANGE_SCHEMA_INVALID', { ...exchange, content_hash: { alg: 'sha256', value: 'x' } }],
    ['a time', 'EXCHANGE_SCHEMA_INVALID', { ...exchange, created_at: '2026-01-01T00:00:00Z' }],
    ['a signature by a key that nobody named', 'KEY_UNKNOWN', { ...exchange, signatures: [signature] }],
    [
      'a signature of another shape',
      'EXCHANGE_SCHEMA_INVALID',
      { ...exchange, signatures: [{ kid: 'k', sig: 'abc' }] },
    ],
    [
      'a signature under two names of its key',
      'EXCHANGE_SCHEMA_INVALID',
      { ...exchange, signatures: [{ ...signature, kid: 'other' }] },
    ],
    [
      'a signature that is no base64url',
      'EXCHANGE_SCHEMA_INVALID',
      { ...exchange, signatures: [{ ...signature, signature: `${'x'.repeat(86)}==` }] },
    ],
    ['signatures that are none', 'EXCHANGE_SCHEMA_INVALID', { ...exchange, signatures: null }],
    ['another canonicalization', 'EXCHANGE_SCHEMA_INVALID', { ...exchange, canonicalization_profile: 'jcs-rfc8785' }],
  ];
  it.each(cases)('%s: %s', (_what, code, value) => {
    expect(readExchange(value)).toMatchObject({ ok: false, code });
  });
});

const qid = fc.integer({ min: 1, max: 2_000_000_000 }).map((n) => `Q${n}`);
const value: fc.Arbitrary<DataValue> = fc.oneof(
  qid.map((id): DataValue => ({ type: 'item', value: { qid: id } })),
  fc.string().map((text): DataValue => ({ type: 'string', value: text })),
  fc.integer().map((amount): DataValue => ({ type: 'quantity', value: { amount } })),
);

describe('orders', () => {
  it('ids by number', () => {
    expect(['Q100', 'Q9', 'Q10', 'Q99999999999999999999'].sort(compareIds)).toEqual([
      'Q9',
      'Q10',
      'Q100',
      'Q99999999999999999999',
    ]);
    fc.assert(
      fc.property(
        qid,
        qid,
        (a, b) => Math.sign(compareIds(a, b)) === Math.sign(Number(a.slice(1)) - Number(b.slice(1))),
      ),
    );
  });

  it('values totally', () => {
    fc.assert(
      fc.property(value, value, value, (a, b, c) => {
        expect(Math.sign(compareValues(a, b)) + Math.sign(compareValues(b, a))).toBe(0);
        if (compareValues(a, b) <= 0 && compareValues(b, c) <= 0) expect(compareValues(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });
});

describe('statementId', () => {
  const qualifier: fc.Arbitrary<Qualifier> = fc.record({ property_id: fc.constantFrom('P9', 'P10'), datavalue: value });

  it('takes qualifiers and evidence as sets', () => {
    const sets = fc.tuple(fc.uniqueArray(fc.string(), { maxLength: 5 }), fc.array(qualifier, { maxLength: 5 }));
    fc.assert(
      fc.property(value, sets, (datavalue, [evidence, qualifiers]) => {
        const base = { subject: 'Q1', property_id: 'P1', datavalue };
        const one = statementId({ ...base, qualifiers }, evidence);
        const twice = statementId(
          { ...base, qualifiers: [...qualifiers].reverse().concat(qualifiers) },
          [...evidence].reverse().concat(evidence),
        );
        expect(twice).toBe(one);
        expect(sortQualifiers(sortQualifiers(qualifiers))).toEqual(sortQualifiers(qualifiers));
      }),
    );
  });

  it('changes with every part', () => {
    const base = {
      subject: 'Q1',
      property_id: 'P1',
      datavalue: { type: 'string', value: 'x' } as DataValue,
      qualifiers: [],
    };
    const others = [
      statementId(base, []),
      statementId({ ...base, subject: 'Q2' }, []),
      statementId({ ...base, property_id: 'P2' }, []),
      statementId({ ...base, datavalue: { type: 'url', value: 'x' } }, []),
      statementId({ ...base, qualifiers: [{ property_id: 'P1', datavalue: base.datavalue }] }, []),
      statementId(base, ['ev:1']),
    ];
    expect(new Set(others).size).toBe(others.length);
  });
});
