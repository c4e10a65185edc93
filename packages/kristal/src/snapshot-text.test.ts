import { utf8 } from '@orgo/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { atPointer, indexText, pointerToken, snapshotText } from './snapshot-text.ts';

const text = fc.string({ unit: fc.constantFrom('a', 'é', '€', '😀', '𝒳', '\n', '\u0301'), maxLength: 40 });

describe('snapshot text', () => {
  it('slices by code point, as a list of code points does', () => {
    fc.assert(
      fc.property(text, fc.nat(45), fc.nat(45), (value, start, end) => {
        const points = Array.from(value);
        const inside = start < end && end <= points.length;
        expect(indexText(value).slice(start, end)).toBe(inside ? points.slice(start, end).join('') : undefined);
      }),
    );
  });

  it('gives the code point position of every unit that begins a code point', () => {
    fc.assert(
      fc.property(text, (value) => {
        const indexed = indexText(value);
        let unit = 0;
        for (const [point, character] of Array.from(value).entries()) {
          expect(indexed.position(unit)).toBe(point);
          unit += character.length;
        }
        expect(indexed.length).toBe(Array.from(value).length);
      }),
    );
  });

  it('keeps a byte order mark and refuses what is not UTF-8', () => {
    expect(snapshotText(utf8('\ufeffa'))).toMatchObject({ ok: true, value: { length: 2 } });
    expect(snapshotText(new Uint8Array([0x61, 0xff]))).toMatchObject({ ok: false, code: 'INGEST_PARSE_ERROR' });
  });
});

describe('JSON pointers', () => {
  it('find what RFC 6901 section 5 says they find', () => {
    const document = { foo: ['bar', 'baz'], '': 0, 'a/b': 1, 'm~n': 8 };
    expect(atPointer(document, '')).toEqual(document);
    expect(atPointer(document, '/foo/0')).toBe('bar');
    expect(atPointer(document, '/')).toBe(0);
    expect(atPointer(document, `/${pointerToken('a/b')}`)).toBe(1);
    expect(atPointer(document, `/${pointerToken('m~n')}`)).toBe(8);
  });

  it.each(['/foo/2', '/foo/01', '/foo/-', '/nothing', 'foo', '/toString'])('find nothing at %s', (pointer) => {
    expect(atPointer({ foo: ['bar', 'baz'] }, pointer)).toBeUndefined();
  });
});
