import { digestOf, utf8 } from '@orgo/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeLines, encodeLines, sortedLines } from './json-lines.ts';

const value = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.oneof(fc.integer(), fc.constantFrom('x', 'ü', '😀')));

it('reads back what it wrote, sorted by digest', () => {
  fc.assert(
    fc.property(fc.array(value, { maxLength: 20 }), (values) => {
      const lines = sortedLines(values);
      const refs = lines.map((line) => line.ref);
      expect(refs).toEqual([...refs].sort());
      const read = decodeLines(encodeLines(lines));
      expect(read).toEqual({ ok: true, value: lines.map((line) => line.value) });
      if (read.ok) expect(read.value.map((line) => digestOf(line))).toEqual(refs);
    }),
  );
});

it.each([
  ['{"a":1}\n{"a":1', 'JSON_MALFORMED', 'line 2'],
  ['{"a":1}\n{"a":1,"a":2}\n', 'JSON_DUPLICATE_KEY', 'line 2'],
  ['\n', 'JSON_MALFORMED', 'line 1'],
])('refuses %j', (text, code, path) => {
  expect(decodeLines(utf8(text))).toMatchObject({ ok: false, code, path });
});
