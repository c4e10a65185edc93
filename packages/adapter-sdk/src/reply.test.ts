import { parseStrict, utf8 } from '@orgo/core';
import { holdsNul } from '@orgo/runtime/envelope';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bounded } from './reply.ts';

/** As it travels: JSON inside JSON. */
const onTheRoad = (detail: string): Uint8Array => utf8(JSON.stringify({ payload: JSON.stringify({ detail }) }));

it.each([
  ['a NUL', 'a\u0000b', 'a\\u{0}b'],
  ['a NUL that is spelled', '"a\\u0000b" has a control character', '"a\\u{0}b" has a control character'],
  ['a line break', 'a\nb', 'a\\u{a}b'],
  ['a noncharacter', 'a\uffffb', 'a\\u{ffff}b'],
  ['half a surrogate', 'a\ud800', 'a\ufffd'],
])('%s is spelled out', (_, text, said) => {
  expect(bounded(text)).toBe(said);
});

it('whatever a stage says can be said, and is at most 500 long', () => {
  const text = fc.string({
    unit: fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\\u0000', '\\', 'u0000', '\u0000')),
  });
  fc.assert(
    fc.property(text, (detail) => {
      const said = bounded(detail);
      const bytes = onTheRoad(said);
      expect(said.length).toBeLessThanOrEqual(500);
      expect([parseStrict(bytes).ok, parseStrict(JSON.stringify({ said })).ok, holdsNul(bytes)]).toEqual([
        true,
        true,
        false,
      ]);
    }),
  );
});
