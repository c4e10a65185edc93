import fc from 'fast-check';
import { expect, it } from 'vitest';
import { contextTokens, fingerprint } from './gazetteer-text.ts';

it.each([
  ['Ada  LOVELACE ', 'ada lovelace'],
  ['ﬁn', 'fin'],
  ['Cafe\u0301', 'café'],
  ['São\u00a0Tomé', 'são tomé'],
  ['St. John’s', 'st. john’s'],
])('%j has the fingerprint %j', (text, expected) => {
  expect(fingerprint(text)).toBe(expected);
});

it('is its own fingerprint', () => {
  const unit = fc.constantFrom('A', 'ß', 'É', 'e\u0301', 'Σ', 'ﬁ', '１', ' ', '\u00a0', '’', '😀', 'Ж', '漢');
  fc.assert(fc.property(fc.string({ unit }), (text) => fingerprint(fingerprint(text)) === fingerprint(text)));
});

it('keeps words that can tell meanings apart', () => {
  expect([...contextTokens('She was born in Cambridge, a city of England; of England!')].sort()).toEqual([
    'cambridge',
    'city',
    'england',
    'she',
  ]);
});
