import { canonical, canonicalBytes, digestOfBytes, utf8 } from '@orgo/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Exchange, kristalId } from './exchange.ts';
import { type ExchangeVisitor, streamExchange } from './exchange-stream.ts';
import type { Signers } from './signatures.ts';

const names = { labels: { en: 'a "quoted" \\ name', fr: 'é𐍈' }, descriptions: {}, aliases: { en: ['x]}', '{["'] } };
const evidence = {
  evidence_id: 'ev:1',
  source: { source_id: 's' },
  locator: { offsets: { start_char: 0, end_char: 1 } },
};
const content: Omit<Exchange, 'kristal_id'> = {
  schema_version: '3.0',
  exchange_format: 'orgo.exchange/1',
  canonicalization_profile: 'kristal.v3:jcs-rfc8785',
  canonicalization_version: '1',
  items: [
    {
      entity_id: 'Q1',
      type: 'item',
      ...names,
      statements: [
        {
          statement_id: digestOfBytes(utf8('1')),
          property_id: 'P1',
          snaktype: 'value',
          datavalue: { type: 'string', value: '\\"]' },
          rank: 'normal',
          qualifiers: [],
          claims: [{ claim_id: 'c:1', evidence_ids: ['ev:1'] }],
          evidence_ids: ['ev:1'],
        },
      ],
    },
    { entity_id: 'Q2', type: 'item', ...names, statements: [] },
  ],
  properties: [{ property_id: 'P1', datatype: 'string', ...names }],
  evidence_index: [evidence, { ...evidence, evidence_id: 'ev:2' }],
  unresolved: [
    {
      claim_id: 'c:2',
      reasons: ['x'],
      subject: { status: 'ambiguous' },
      property: { status: 'failed' },
      value: { type: 'string', value: 1 },
      qualifiers: [],
      evidence_ids: [],
    },
  ],
};
const exchange: Exchange = { ...content, kristal_id: kristalId(content) };

const signature = { key_id: 'k', alg: 'ed25519' as const, signature: 'A'.repeat(86) };
const signedBytes = canonicalBytes({ ...exchange, signatures: [signature] });
const trusting = (good: boolean): Signers => ({
  keys: [{ keyid: 'k', alg: 'ed25519', public: '' }],
  verify: () => good,
});

function read(bytes: Uint8Array, signers?: Signers) {
  const parts = { items: [], properties: [], evidence_index: [], unresolved: [] } as Record<
    keyof ExchangeVisitor,
    unknown[]
  >;
  const visit = Object.fromEntries(
    Object.entries(parts).map(([name, list]) => [name, (part: unknown) => void list.push(part)]),
  );
  return { result: streamExchange(bytes, visit as ExchangeVisitor, signers), parts };
}

describe('streamExchange', () => {
  it('hands over every part, in order, and the id', () => {
    const { result, parts } = read(canonicalBytes(exchange));
    expect(result).toEqual({ ok: true, value: exchange.kristal_id });
    expect(parts).toEqual({
      items: exchange.items,
      properties: exchange.properties,
      evidence_index: exchange.evidence_index,
      unresolved: exchange.unresolved,
    });
  });

  it('gives the signed copy the same id (EX-3)', () => {
    const { result } = read(signedBytes, trusting(true));
    expect(result).toEqual({ ok: true, value: exchange.kristal_id });
  });

  it('passes no signature over: one by an unknown key, one that does not verify, one that is none (EX-4)', () => {
    expect(read(signedBytes).result).toMatchObject({ ok: false, code: 'KEY_UNKNOWN' });
    expect(read(signedBytes, trusting(false)).result).toMatchObject({ ok: false, code: 'SIGNATURE_INVALID' });
    const shapeless = canonicalBytes({ ...exchange, signatures: [{ sig: '],}' }] });
    expect(read(shapeless, trusting(true)).result).toMatchObject({ ok: false, code: 'EXCHANGE_SCHEMA_INVALID' });
  });

  it('reads an Exchange of nothing', () => {
    const empty = { ...content, items: [], properties: [], evidence_index: [], unresolved: [] };
    const { result } = read(canonicalBytes({ ...empty, kristal_id: kristalId(empty) }));
    expect(result.ok).toBe(true);
  });

  const text = canonical(exchange);
  const refused: [string, string, string][] = [
    ['another id', 'EXCHANGE_ID_MISMATCH', text.replace(exchange.kristal_id, `sha256:${'0'.repeat(64)}`)],
    ['other content', 'EXCHANGE_ID_MISMATCH', text.replace('"Q2"', '"Q3"')],
    ['an unknown member', 'EXCHANGE_SCHEMA_INVALID', text.replace('"unresolved"', '"tenant":1,"unresolved"')],
    ['a part of the wrong shape', 'EXCHANGE_SCHEMA_INVALID', text.replace('"Q2"', '"X2"')],
    ['white space', 'EXCHANGE_SCHEMA_INVALID', text.replace(',"items"', ', "items"')],
    ['white space inside a part', 'EXCHANGE_SCHEMA_INVALID', text.replace('{"aliases"', '{ "aliases"')],
    ['a number in another spelling', 'EXCHANGE_SCHEMA_INVALID', text.replace('"value":1}', '"value":1.0}')],
    [
      'a member twice',
      'EXCHANGE_SCHEMA_INVALID',
      text.replace('"items"', '"exchange_format":"orgo.exchange/1","items"'),
    ],
    ['a missing member', 'EXCHANGE_SCHEMA_INVALID', text.replace('"canonicalization_version":"1",', '')],
    ['something behind it', 'EXCHANGE_SCHEMA_INVALID', `${text} `],
    ['no object', 'EXCHANGE_SCHEMA_INVALID', '[]'],
    ['nothing', 'EXCHANGE_SCHEMA_INVALID', ''],
    [
      'a list that is none',
      'EXCHANGE_SCHEMA_INVALID',
      text.replace(/"properties":\[.*\],"schema/, '"properties":{},"schema'),
    ],
  ];
  it.each(refused)('refuses %s: %s', (_what, code, changed) => {
    expect(changed).not.toBe(text);
    expect(read(utf8(changed)).result).toMatchObject({ ok: false, code });
  });

  it('takes no cut and no changed byte', () => {
    const bytes = canonicalBytes(exchange);
    for (let to = 0; to < bytes.length; to += 7) expect(read(bytes.subarray(0, to)).result.ok).toBe(false);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = bytes.map((byte, i) => (i === at ? byte ^ change : byte));
        const { result } = read(changed);
        expect(result.ok).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
