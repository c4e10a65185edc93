import { runRender } from '@orgo/adapter-render';
import { pipelines } from '@orgo/contracts';
import { digestOf, type JsonValue } from '@orgo/core';
import { cardTemplate, cardTemplateRef, type RenderBundle, type Rendered, type Support } from '@orgo/kristal';
import { describe, expect, it } from 'vitest';
import {
  asOf,
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

const output = (card: number, format: 'html' | 'markdown'): Rendered =>
  (bundle.cards[card] as RenderBundle['cards'][number]).outputs[format === 'html' ? 0 : 1] as Rendered;

/** What the checker says of the English card of Q1 after a forger was at work on it. */
const afterForging = (change: (pieces: Piece[]) => Piece[], format: 'html' | 'markdown' = 'html'): Promise<string> => {
  const made = forged(output(0, format), change(structuredClone(piecesOf(output(0, format)))));
  return judged(planted, request, withOutput(bundle, 0, format === 'html' ? 0 : 1, made));
};
const saying = (pieces: readonly Piece[], role: string, text?: string): Piece => {
  const found = pieces.find(
    (piece) => 'role' in piece.segment && piece.segment.role === role && (text === undefined || piece.text === text),
  );
  if (found === undefined) throw new Error(`nothing says ${role} ${text}`);
  return found;
};
const supportOf = (piece: Piece): Support[] =>
  'role' in piece.segment ? (piece.segment.assertions[0]?.support ?? []) : [];

const newFact = 'POLICY_VIOLATION_NEW_FACT_RISK';

describe('the checker refuses, whoever made the spans right', () => {
  it('an injected date', async () => {
    const change = (pieces: Piece[]) => {
      const value = saying(pieces, 'value', '1820');
      value.text = '4 July 1820';
      return pieces;
    };
    expect(await afterForging(change)).toBe(newFact);
    expect(await afterForging(change, 'markdown')).toBe(newFact);
  });
  it('a superlative', async () => {
    expect(
      await afterForging((pieces) => {
        saying(pieces, 'value', 'Springfield').text = 'Springfield, the largest city';
        return pieces;
      }),
    ).toBe(newFact);
  });
  it('a swapped name', async () => {
    expect(
      await afterForging((pieces) => {
        saying(pieces, 'value', 'Springfield').text = 'sovereign state';
        saying(pieces, 'value', 'sovereign state').text = 'Springfield';
        return pieces;
      }),
    ).toBe(newFact);
  });
  it('an extra sentence, as text of the pack or as boilerplate', async () => {
    const sentence = ' It is a very old country.';
    expect(
      await afterForging((pieces) => {
        const last = pieces.at(-1) as Piece;
        const at = pieces.length - 1;
        return [
          ...pieces.slice(0, at),
          { text: sentence, segment: { ...last.segment, boilerplate: 'word/promise' } as Piece['segment'] },
          last,
        ];
      }),
    ).toBe(newFact);
    expect(
      await afterForging((pieces) => {
        const value = saying(pieces, 'value', 'Springfield');
        return pieces.flatMap((piece) => (piece === value ? [piece, { ...value, text: sentence }] : [piece]));
      }),
    ).toBe(newFact);
  });
  it('a template with a hidden fact', async () => {
    expect(
      await afterForging((pieces) => {
        const promise = pieces.find(
          ({ segment }) => 'boilerplate' in segment && segment.boilerplate === 'word/promise',
        ) as Piece;
        promise.text += ' Testland is the best.';
        return pieces;
      }),
    ).toBe(newFact);
    const copy = structuredClone(bundle);
    copy.render_metadata.template.ref = digestOf({
      ...cardTemplate,
      units: { Q11573: 'miles' },
    } as unknown as JsonValue);
    expect(await judged(planted, request, copy)).toBe('UNSUPPORTED_RENDER_KIND');
  });
  it('a missing statement id', async () => {
    expect(
      await afterForging((pieces) => {
        const [first] = supportOf(saying(pieces, 'value', 'Springfield'));
        delete (first as Support).statement_id;
        (first as Support).pointer = 'entity/Q1';
        return pieces;
      }),
    ).toBe('MISSING_TRACE_IDS');
  });
  it('a dangling statement or evidence id, and evidence of another statement', async () => {
    for (const harm of [
      (one: Support) => {
        one.statement_id = digestOf('nowhere');
      },
      (one: Support) => {
        one.evidence_ids = ['ev:nowhere'];
      },
      (one: Support) => {
        one.evidence_ids = [];
      },
    ])
      expect(
        await afterForging((pieces) => {
          harm(supportOf(saying(pieces, 'value', 'Springfield'))[0] as Support);
          return pieces;
        }),
      ).toBe('MISSING_TRACE_IDS');
    expect(
      await afterForging((pieces) => {
        const [one] = supportOf(saying(pieces, 'value', 'Springfield'));
        const [other] = supportOf(saying(pieces, 'value', 'sovereign state'));
        Object.assign(one as Support, other);
        return pieces;
      }),
    ).toBe('MISSING_TRACE_IDS');
  });
  it('a projection mismatch', async () => {
    const copy = structuredClone(bundle);
    copy.render_metadata.projection = 'truthy';
    expect(await judged(planted, request, copy)).toBe('PROJECTION_MISMATCH');
  });
  it('an unknown kind', async () => {
    const copy = structuredClone(bundle);
    copy.render_metadata.render_kind = 'article';
    expect(await judged(planted, request, copy)).toBe('UNSUPPORTED_RENDER_KIND');
  });
  it('an unverified pack, or a bundle of another one', async () => {
    const copy = structuredClone(bundle);
    copy.render_metadata.pack_id = 'f'.repeat(64);
    expect(await judged(planted, request, copy)).toBe('UNVERIFIED_INPUT');
    expect(await judged(planted, { ...request, pack_id: 'f'.repeat(64) }, bundle)).toBe('UNVERIFIED_INPUT');
  });
  it('a negation', async () => {
    expect(
      await afterForging((pieces) => {
        saying(pieces, 'property', 'property P31').text = 'not property P31';
        return pieces;
      }),
    ).toBe(newFact);
    expect(
      await afterForging((pieces) => {
        saying(pieces, 'value', '−1,234.5').text = '1,234.5';
        return pieces;
      }),
    ).toBe(newFact);
  });
  it.each([
    ['a unit', 'value', '357,022.25 [357,000; 358,000] km²', '357,022.25 [357,000; 358,000] km'],
    ['an amount that claims more digits', 'value', '83,019,213', '83,019,213.0'],
    ['a number grouped otherwise', 'value', '83,019,213', '8,3019,213'],
    ['a bound', 'value', '357,022.25 [357,000; 358,000] km²', '357,022.25 [357,000; 359,000] km²'],
    ['a count', 'more', '3 more', '4 more'],
    ['a count of passages', 'passages', undefined, '99 passages'],
    ['a hedge', 'hedge', 'c.', 'about'],
    ['a confidence', 'confidence', 'confidence 72.5%', 'confidence 97.5%'],
    ['a rank', 'rank', 'deprecated', 'preferred'],
    ['a disagreement', 'disagreement', 'Sources disagree', 'Values differ'],
    ['the name', 'name', 'Testland', 'Testlande'],
    ['a source', 'source', 'planted/two', 'planted/one'],
    ['the digest of a source', 'source-digest', undefined, '0123456789abcdef'],
    ['a citation', 'citation', '1', '2'],
    ['the pack', 'pack', undefined, 'f'.repeat(64)],
    ['a qualifier', 'qualifier-value', '3 October 1990', '4 October 1990'],
    ['a date of another precision', 'value', 'February 1900', '1 February 1900'],
    ['a place', 'value', '51.5° S, 0.25° W / Q2', '51.5° N, 0.25° W / Q2'],
    ['markup', 'value', 'Springfield', '<b>Springfield</b>'],
  ])('%s that was changed', async (_, role, from, to) => {
    expect(
      await afterForging((pieces) => {
        saying(pieces, role, from).text = to;
        return pieces;
      }),
    ).toBe(newFact);
  });
  it('a statement, qualifier, hedge, disagreement or source that was left out', async () => {
    const roles = [
      'value',
      'qualifier',
      'hedge',
      'disagreement',
      'confidence',
      'rank',
      'more',
      'source',
      'citation',
      'lang',
    ];
    for (const role of roles)
      expect(
        await afterForging((pieces) => {
          const gone = pieces.indexOf(saying(pieces, role));
          // With its brackets, as an honest layout would.
          return pieces.filter((_, i) => i < gone - 1 || i > gone + 1);
        }),
        role,
      ).toBe(newFact);
  });
  it('a whole row that was left out, and one told twice', async () => {
    const row = (pieces: Piece[]): [number, number] => {
      const is =
        (name: string) =>
        ({ segment }: Piece) =>
          'boilerplate' in segment && segment.boilerplate === `piece/${name}`;
      const start = pieces.findIndex(is('row'));
      return [start, pieces.findIndex(is('row-end')) + 1];
    };
    expect(await afterForging((pieces) => pieces.toSpliced(row(pieces)[0], row(pieces)[1] - row(pieces)[0]))).toBe(
      newFact,
    );
    expect(await afterForging((pieces) => pieces.toSpliced(row(pieces)[1], 0, ...pieces.slice(...row(pieces))))).toBe(
      newFact,
    );
  });
  it('a doubt that the pack does not have', async () => {
    expect(
      await afterForging((pieces) => {
        const hedge = saying(pieces, 'hedge');
        const at = pieces.indexOf(hedge);
        const value = pieces.indexOf(saying(pieces, 'value', 'Springfield'));
        return pieces.toSpliced(value - 1, 0, ...pieces.slice(at - 1, at + 2));
      }),
    ).toBe(newFact);
  });
  it('a card that is missing, doubled, of another subject, or in another language', async () => {
    const [one, two, three, four] = bundle.cards as [
      RenderBundle['cards'][0],
      RenderBundle['cards'][0],
      RenderBundle['cards'][0],
      RenderBundle['cards'][0],
    ];
    for (const cards of [
      [],
      [one, two, three],
      [one, two, three, three],
      [two, one, three, four],
      [{ ...one, language: 'fr' as const }, two, three, four],
      [{ ...one, subject: 'Q5' }, two, three, four],
      [{ ...three, subject: 'Q1' }, two, three, four],
      [{ ...one, outputs: one.outputs.slice(1) }, two, three, four],
    ])
      expect(await judged(planted, request, { ...bundle, cards })).toContain(newFact);
  });
  it('another time or release than the build’s', async () => {
    const at = structuredClone(bundle);
    at.render_metadata.created = '2031-05-06T07:08:09.011Z';
    expect(await judged(planted, request, at)).toBe(newFact);
    const other = structuredClone(bundle);
    other.render_metadata.release_id = 'rel_0198c0de-0000-7000-8000-000000000002';
    expect(await judged(planted, request, other)).toBe('UNVERIFIED_INPUT');
  });
  it('spans that leave a gap, overlap, run over, or cut a character; a wrong hash; what is no bundle', async () => {
    const spoil = async (change: (made: Rendered) => void): Promise<string> => {
      const made = structuredClone(output(0, 'html'));
      change(made);
      return judged(planted, request, withOutput(bundle, 0, 0, made));
    };
    const span = (made: Rendered, i: number) => made.trace_map.segments[i]?.text_span as [number, number];
    const trace = 'RENDER_TRACE_INVALID';
    expect(
      await spoil((made) => {
        span(made, 3)[1] -= 1;
      }),
    ).toBe(trace);
    expect(
      await spoil((made) => {
        span(made, 4)[0] -= 1;
      }),
    ).toBe(trace);
    expect(
      await spoil((made) => {
        span(made, made.trace_map.segments.length - 1)[1] += 1;
      }),
    ).toBe(trace);
    expect(
      await spoil((made) => {
        made.trace_map.segments.pop();
      }),
    ).toBe(trace);
    expect(
      await spoil((made) => {
        made.trace_map.segments = [];
      }),
    ).toBe(trace);
    expect(
      await spoil((made) => {
        made.text += ' ';
      }),
    ).toBe(trace);
    expect(
      await spoil((made) => {
        (made.trace_map.segments[1] as { segment_id: string }).segment_id = 's1';
      }),
    ).toBe(trace);
    expect(
      await spoil((made) => {
        const at = piecesOf(made).findIndex(({ text }) => text.includes('km²'));
        span(made, at)[1] -= 1;
        span(made, at + 1)[0] -= 1;
      }),
    ).toBe(trace);
    expect(await judged(planted, request, { hello: 1 })).toBe(trace);
  });
  it('a template that the checker has not pinned', async () => {
    const { pinnedTemplateRef } = await import('@orgo/gatekeeper/check-render-pins');
    expect(cardTemplateRef).toBe(pinnedTemplateRef);
    const config = pipelines['kristal-after']?.stages[0]?.config;
    expect(config?.template_ref).toBe(pinnedTemplateRef);
    const inputs = [planted.memory.putJson('after-request', request), planted.manifestRef];
    const { result } = await planted.memory.run(runRender, inputs, asOf, { template_ref: digestOf('another') });
    expect(result).toMatchObject({ ok: false, code: 'UNSUPPORTED_RENDER_KIND' });
  });
});
