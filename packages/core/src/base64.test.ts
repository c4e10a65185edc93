import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Base64Alphabet, fromBase64, toBase64, toBase64Url } from './base64.ts';
import { utf8 } from './text.ts';

// RFC 4648 section 10.
const known: [string, string][] = [
  ['', ''],
  ['f', 'Zg=='],
  ['fo', 'Zm8='],
  ['foo', 'Zm9v'],
  ['foob', 'Zm9vYg=='],
  ['fooba', 'Zm9vYmE='],
  ['foobar', 'Zm9vYmFy'],
];

it.each(known)('encodes "%s"', (text, base64) => {
  expect(toBase64(utf8(text))).toBe(base64);
  expect(fromBase64(base64)).toEqual({ ok: true, value: utf8(text) });
});

it('goes there and back in both alphabets, as the platform does', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
      expect(toBase64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
      expect(fromBase64(toBase64(bytes))).toEqual({ ok: true, value: bytes });
      expect(fromBase64(toBase64Url(bytes), 'url')).toEqual({ ok: true, value: bytes });
      expect(fromBase64(toBase64(bytes), 'either')).toEqual({ ok: true, value: bytes });
      expect(fromBase64(toBase64Url(bytes), 'either')).toEqual({ ok: true, value: bytes });
    }),
  );
});

describe('has one spelling per value', () => {
  it.each<[string, Base64Alphabet]>([
    ['Zg', 'standard'],
    ['Zg=', 'standard'],
    ['Zg===', 'standard'],
    ['Zg==\n', 'standard'],
    [' Zg==', 'standard'],
    ['Z g==', 'standard'],
    ['Zh==', 'standard'],
    ['Zm9=', 'standard'],
    ['Zm9', 'standard'],
    ['Z===', 'standard'],
    ['====', 'standard'],
    ['Zg==Zg==', 'standard'],
    ['_w==', 'standard'],
    ['-A==', 'standard'],
    ['/w', 'url'],
    ['Zg=', 'url'],
    ['Zh', 'url'],
    ['Z', 'either'],
    ['Zg=', 'either'],
    ['Zm9vé', 'either'],
    ['Zm9v\u0000', 'either'],
  ])('refuses "%s" (%s)', (text, alphabet) => {
    expect(fromBase64(text, alphabet)).toMatchObject({ ok: false, code: 'BASE64_MALFORMED' });
  });

  it('accepts nothing it would not write', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'AQgwZz09+/='), maxLength: 9 }), (text) => {
        const decoded = fromBase64(text);
        if (decoded.ok) expect(toBase64(decoded.value)).toBe(text);
      }),
    );
  });
});
