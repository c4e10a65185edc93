import type { RenderBundle, Rendered } from '@orgo/kristal';
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
    { numRuns: 60 },
  );
});
