import type { DataValue, RenderBundle, Rendered } from '@orgo/kristal';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  forged,
  judged,
  type Piece,
  piecesOf,
  plantedExchange,
  rendered,
  requestFor,
  storedPack,
  withOutput,
} from './render.fixture.ts';

const planted = storedPack(plantedExchange());
const request = requestFor(planted, {});
const bundle = (await rendered(planted, request)) as RenderBundle;

it('any single change of a good output is refused', async () => {
  const index = fc.nat();
  const mutation = fc.oneof(
    fc.record({ kind: fc.constant('digit' as const), at: index, by: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ kind: fc.constant('swap' as const), at: index, other: index }),
    fc.record({ kind: fc.constant('drop' as const), at: index, more: fc.integer({ min: 0, max: 6 }) }),
    fc.record({
      kind: fc.constant('add' as const),
      at: index,
      text: fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }),
    }),
    fc.record({ kind: fc.constant('repeat' as const), at: index, more: fc.integer({ min: 0, max: 6 }) }),
    fc.record({ kind: fc.constant('relabel' as const), at: index }),
  );
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 3 }), fc.nat({ max: 1 }), mutation, async (card, place, change) => {
      const before = (bundle.cards[card] as RenderBundle['cards'][number]).outputs[place] as Rendered;
      const pieces = piecesOf(before);
      const at = change.at % pieces.length;
      const here = pieces[at] as Piece;
      let made: Piece[];
      if (change.kind === 'digit') {
        const digits = [...before.text.matchAll(/\d/g)].map((found) => found.index);
        const place = digits[change.at % digits.length] as number;
        const text =
          before.text.slice(0, place) + ((Number(before.text[place]) + change.by) % 10) + before.text.slice(place + 1);
        made = piecesOf({ ...before, text });
      } else if (change.kind === 'swap') {
        const other = change.other % pieces.length;
        made = pieces
          .with(at, { ...here, text: (pieces[other] as Piece).text })
          .with(other, { ...(pieces[other] as Piece), text: here.text });
      } else if (change.kind === 'drop') made = pieces.toSpliced(at, 1 + change.more);
      else if (change.kind === 'add') made = pieces.with(at, { ...here, text: here.text + change.text });
      else if (change.kind === 'repeat') made = pieces.toSpliced(at, 0, ...pieces.slice(at, at + 1 + change.more));
      else
        made = pieces.with(at, {
          ...here,
          segment:
            'role' in here.segment
              ? { segment_id: 's', text_span: [0, 1], boilerplate: 'word/promise' }
              : {
                  segment_id: 's',
                  text_span: [0, 1],
                  role: 'value',
                  assertions: [
                    { assertion_id: 'a', support: [{ pointer: 'pack', evidence_ids: [], source: 'Runtime Pack' }] },
                  ],
                },
        });
      const output = forged(before, made);
      fc.pre(output.text !== before.text || change.kind === 'relabel');
      expect(await judged(planted, request, withOutput(bundle, card, place, output))).not.toBe('PASS');
    }),
    { numRuns: 50 },
  );
});

const text = fc.string({ maxLength: 20, unit: 'grapheme' });
/** Numbers that an Exchange may hold: no whole ones beyond 2^53 - 1. */
const number = fc
  .oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }))
  .filter((n) => !Number.isInteger(n) || Number.isSafeInteger(n));
const two = (most: number) => fc.integer({ min: 0, max: most }).map((n) => String(n).padStart(2, '0'));
const date = fc
  .tuple(fc.integer({ min: 0, max: 9999 }), two(13), two(32), fc.constantFrom('', 'T00:00:00Z', '-'))
  .map(([year, month, day, rest]) => `${String(year).padStart(4, '0')}-${month}-${day}${rest}`);
const unit = fc.constantFrom('Q11573', 'Q4', 'Q2', 'Q777');
const precision = fc.constantFrom('year' as const, 'month' as const, 'day' as const, 'second' as const);
const values: fc.Arbitrary<DataValue> = fc.oneof(
  text.map((value): DataValue => ({ type: 'string', value })),
  fc
    .record({ text, lang: fc.constantFrom('en', 'fr', 'de-CH') })
    .map((value): DataValue => ({ type: 'monolingual_text', value })),
  fc.constantFrom('Q2', 'Q3', 'Q5', 'Q777').map((qid): DataValue => ({ type: 'item', value: { qid } })),
  fc
    .record({ amount: number, unit_qid: unit, lower_bound: number, upper_bound: number }, { requiredKeys: ['amount'] })
    .map((value): DataValue => ({ type: 'quantity', value })),
  fc
    .record(
      { iso8601: fc.oneof(date, text), precision, calendar: text, timezone: text },
      { requiredKeys: ['iso8601', 'precision'] },
    )
    .map((value): DataValue => ({ type: 'time', value })),
  fc
    .record({ lat: number, lon: number, globe: text }, { requiredKeys: ['lat', 'lon'] })
    .map((value): DataValue => ({ type: 'coord', value })),
);
const property = fc.constantFrom('P31', 'P569', 'P2044', 'P1082', 'P625', 'P9999', 'P10000');
const more = fc.record(
  {
    note: fc.constantFrom('approximate', 'approximate; interval 0.1 to 0.2', 'pronoun subject'),
    group: fc.constantFrom('c:a', 'c:b'),
    from: fc.constantFrom('one', 'two', 'l\u2028ine'),
    rank: fc.constantFrom('preferred' as const, 'deprecated' as const),
    confidence_bp: fc.integer({ min: 0, max: 10_000 }),
    qualifiers: fc.array(fc.record({ property_id: property, datavalue: values }), { maxLength: 2 }),
  },
  { requiredKeys: [] },
);

it('the card of any pack is taken: writer and reader agree on every value and doubt', async () => {
  const statements = fc.uniqueArray(fc.tuple(fc.constant('Q6'), property, values, more), {
    minLength: 1,
    maxLength: 12,
    selector: ([, pid, value]) => JSON.stringify([pid, value]),
  });
  await fc.assert(
    fc.asyncProperty(statements, async (extra) => {
      const pack = storedPack(plantedExchange(extra));
      const asked = requestFor(pack, { subjects: { ids: ['Q6'] } });
      const made = await rendered(pack, asked);
      expect(made).toBeTypeOf('object');
      expect(await judged(pack, asked, made)).toBe('PASS');
    }),
    { numRuns: 60 },
  );
});
