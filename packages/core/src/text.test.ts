import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fromUtf8, utf8, utf8Length } from './text.ts';

it('goes there and back, and counts what it writes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(fromUtf8(utf8(text))).toEqual({ ok: true, value: text });
      expect(utf8Length(text)).toBe(utf8(text).length);
    }),
  );
});

it('keeps a byte order mark in the text instead of losing it', () => {
  expect(fromUtf8(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]))).toEqual({ ok: true, value: '\ufeffa' });
});

it.each([[[0xc0, 0xaf]], [[0xed, 0xa0, 0x80]], [[0xe2, 0x82]], [[0xff]], [[0xf4, 0x90, 0x80, 0x80]]])(
  'refuses the bytes %j',
  (bytes) => {
    expect(fromUtf8(new Uint8Array(bytes))).toMatchObject({ ok: false, code: 'JSON_MALFORMED' });
  },
);
