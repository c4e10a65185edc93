import { fileURLToPath } from 'node:url';
import type { AfterRequest, RenderBundle, Rendered } from '@orgo/kristal';
import { describe, expect, it } from 'vitest';
import { runChain } from './kristal-chain.fixture.ts';
import {
  asOf,
  item,
  judged,
  plantedExchange,
  rendered,
  requestFor,
  type StoredPack,
  storedPack,
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
