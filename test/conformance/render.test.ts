import { fileURLToPath } from 'node:url';
import { runRender } from '@orgo/adapter-render';
import { pipelines } from '@orgo/contracts';
import { digestOf, type JsonValue } from '@orgo/core';
import {
  type AfterRequest,
  cardTemplate,
  cardTemplateRef,
  type RenderBundle,
  type Rendered,
  type Support,
} from '@orgo/kristal';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runChain } from './kristal-chain.fixture.ts';
import {
  asOf,
  forged,
  item,
  judged,
  type Piece,
  piecesOf,
  plantedExchange,
  rendered,
  requestFor,
  type StoredPack,
  storedPack,
  withOutput,
} from './render.fixture.ts';

const planted = storedPack(plantedExchange());
const request = requestFor(planted, {});
const bundle = (await rendered(planted, request)) as RenderBundle;
const corporaPack = await chainPack();

async function chainPack(): Promise<StoredPack> {
  const { memory, stages } = await runChain(['atlas', 'reader'], asOf, 'compile-pack');
  const manifestRef = stages.at(-1)?.outputs[0] as StoredPack['manifestRef'];
  return { memory, manifestRef, manifest: (await memory.json(manifestRef)) as unknown as StoredPack['manifest'] };
}

const output = (card: number, format: 'html' | 'markdown'): Rendered =>
  (bundle.cards[card] as RenderBundle['cards'][number]).outputs[format === 'html' ? 0 : 1] as Rendered;
const textOf = (card: number, format: 'html' | 'markdown' = 'markdown'): string => output(card, format).text;

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

describe('cards', () => {
  it.each([
    ['Q142', 'en', 'france.en.html'],
    ['Q8958', 'fr', 'gutenberg.fr.html'],
  ])('%s in %s is the card that a person looked at', async (subject, language, file) => {
    const asked = requestFor(corporaPack, { subjects: { ids: [subject] }, languages: [language] });
    const made = (await rendered(corporaPack, asked)) as RenderBundle;
    const place = fileURLToPath(new URL(`render-golden/${file}`, import.meta.url));
    // Pack ids change with any document of the corpora.
    const html = made.cards[0]?.outputs[0]?.text.replace(asked.pack_id, 'PACK') as string;
    await expect(html).toMatchFileSnapshot(place);
    expect(await judged(corporaPack, asked, made)).toBe('PASS');
  });

  it('of every kind of subject pass the checker, in both languages and formats', async () => {
    const ids = ['Q183', 'Q159', 'Q30', 'Q884', 'Q513', 'Q583', 'Q535', 'Q307', 'Q935', 'Q7186', 'Q7251', 'Q937'];
    const asked = requestFor(corporaPack, { subjects: { ids } });
    const made = (await rendered(corporaPack, asked)) as RenderBundle;
    expect(made.cards).toHaveLength(24);
    expect(await judged(corporaPack, asked, made)).toBe('PASS');
  });

  it('say everything there is a rule for, and pass', async () => {
    expect(await judged(planted, request, bundle)).toBe('PASS');
    const markdown = textOf(0);
    for (const line of [
      '# Testland (Q1)',
      'Springfield, property P580 3 October 1990 [1]',
      '−1,234.5 (deprecated) [1]; 83,019,213 [1]',
      '357,022.25 \\[357,000; 358,000\\] km² [1]',
      'Sources disagree: about 2,962 m (confidence 72.5%) [1]; 2,964 fathom (preferred) [2]',
      'c. 1820 [1]',
      '51.5° S, 0.25° W / Q2',
      '-0044-03-15 / day [1]; February 1900 [1]; 1969-07-20T20:17:40Z / second / UTC [1]; 1 January 1999 [1]',
      '+ 3 more',
      'sha256',
      '\\\\u{202E}evil\\\\u{A}# Heading \\| \\`code\\` \\\\',
    ])
      expect(markdown, line).toContain(line);
    expect(textOf(1)).toMatch(/capitale\*\*: Springfield, property P580 \(en\) 3 octobre 1990/);
    expect(textOf(1)).toContain('357\u202f022,25');
    expect(textOf(2)).toContain('1817 (one of several readings) (confidence 50%) [1]; 1818 (one of several readings)');
    expect(textOf(2)).not.toContain('disagree');
  });

  it('hold no script, no link that leaves them, and nothing of a pack as markup', () => {
    for (const card of [0, 1, 2, 3]) {
      const html = textOf(card, 'html');
      expect(html).not.toMatch(/<script|<img|\son\w+=|href="(?!#source-\d+")|src=|url\(|@import|\u202E/);
      expect(html.split('<li').length).toBe(html.split('</li>').length);
    }
    expect(textOf(0, 'html')).toContain('&lt;script&gt;');
  });

  it('are the same bytes again, and in another process order of requests', async () => {
    expect(await rendered(planted, request)).toEqual(bundle);
    const turned = requestFor(planted, { subjects: { ids: ['Q5', 'Q1', 'Q5'] } });
    expect(((await rendered(planted, turned)) as RenderBundle).cards).toEqual(bundle.cards);
  });

  it('are found by label and by query too', async () => {
    for (const subjects of [{ label: 'Testlande' }, { query: { p: 'P36', o: 'Q3' }, limit: 5 }]) {
      const asked = requestFor(planted, { subjects });
      const made = (await rendered(planted, asked)) as RenderBundle;
      expect(made.cards.map(({ subject }) => subject)).toEqual(['Q1', 'Q1']);
      expect(await judged(planted, asked, made)).toBe('PASS');
    }
  });
});

describe('the renderer refuses', () => {
  const refusal = (render: Partial<AfterRequest['render']>) => rendered(planted, requestFor(planted, render));
  it('an unknown kind, template or language', async () => {
    expect(await refusal({ render_kind: 'article' })).toBe('UNSUPPORTED_RENDER_KIND');
    expect(await refusal({ template: { id: 'card', version: '9.0.0' } })).toBe('UNSUPPORTED_RENDER_KIND');
    expect(await refusal({ languages: ['de'] })).toBe('UNSUPPORTED_RENDER_KIND');
  });
  it('a projection that the pack does not offer', async () => {
    expect(await refusal({ projection: 'truthy' })).toBe('PROJECTION_MISMATCH');
  });
  it('a label of two subjects', async () => {
    expect(await refusal({ subjects: { label: 'Springfield' } })).toBe('AMBIGUOUS_INPUT');
  });
  it('a subject that the pack does not know, or says nothing of', async () => {
    expect(await refusal({ subjects: { ids: ['Q99999'] } })).toBe('RENDER_SUBJECT_UNKNOWN');
    expect(await refusal({ subjects: { ids: ['Q2'] } })).toBe('RENDER_SUBJECT_UNKNOWN');
  });
  it('a statement without evidence', async () => {
    const bare = storedPack(plantedExchange([['Q1', 'P17', item('Q2'), { evidence: false }]]));
    expect(await rendered(bare, requestFor(bare, {}))).toBe('MISSING_TRACE_IDS');
    expect(
      await judged(bare, requestFor(bare, {}), {
        ...bundle,
        render_metadata: {
          ...bundle.render_metadata,
          pack_id: bare.manifest.runtime_pack_id,
          source_kristal_id: `sha256:${bare.manifest.exchange_ref.exchange_id}`,
        },
      }),
    ).toContain('MISSING_TRACE_IDS');
  });
  it('an unverified pack', async () => {
    const other = { ...request, pack_id: 'f'.repeat(64) };
    expect(await rendered(planted, other)).toBe('UNVERIFIED_INPUT');
    const manifest = {
      ...planted.manifest,
      created_at: '2001-01-01T00:00:00.000Z',
      exchange_ref: { exchange_id: '0'.repeat(64) },
    };
    const changed = { ...planted, manifestRef: planted.memory.putJson('pack-manifest', manifest) };
    expect(await rendered(changed, request)).toBe('UNVERIFIED_INPUT');
    expect(await judged(changed, request, bundle)).toBe('UNVERIFIED_INPUT');
  });
});

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
