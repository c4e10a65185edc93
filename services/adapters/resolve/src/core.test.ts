import { digestOf } from '@orgo/core';
import { type Claim, type ClaimIr, claimsOf, type EntityRef, type EntityResolution } from '@orgo/kristal';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claimOf, documentOf, entity, type Given, property, resolve } from './core.fixture.ts';

const town = { types: ['Q515'] };
const england = entity('Q350', 'Cambridge', {
  ...town,
  description: 'university city in Cambridgeshire England',
  popularity_bp: 9500,
});
const states = entity('Q49111', 'Cambridge', { ...town, description: 'city in Massachusetts', popularity_bp: 6000 });
const entities = [
  england,
  states,
  entity('Q8958', 'Johannes Gutenberg', { types: ['Q5'], aliases: { en: ['Gutenberg'] } }),
  entity('Q1720', 'Mainz', { ...town, labels: { en: 'Mainz', fr: 'Mayence' } }),
  entity('Q100', 'Cambridge', { types: ['Q5'] }),
];
const properties = [
  property('P551', 'residence', { subject_types: ['Q5'], value_types: ['Q515'] }),
  property('P569', 'date of birth', { datatype: 'time' }),
  property('P585', 'date', { datatype: 'time' }),
  property('P1000', 'date', { datatype: 'string' }),
];
const gazetteers: Given = { entities, properties };
const subject: EntityRef = { surface: 'Gutenberg', lang: 'en' };

/** How the object of one residence claim comes out. */
async function object(value: EntityRef, quote = 'x', given: Given = {}): Promise<EntityResolution> {
  const document = documentOf(subject, [claimOf({ surface: 'residence' }, { kind: 'item', value }, quote)]);
  const resolved = await resolve([document], { ...gazetteers, ...given });
  if (resolved.code !== undefined) throw new TypeError(resolved.detail);
  const found = resolved.documents[0]?.claims[0]?.object;
  if (found?.kind !== 'item') throw new TypeError('not an item');
  return found.value;
}

const ids = (resolution: EntityResolution) => resolution.candidates?.map(({ id }) => id);

describe('a mention', () => {
  it('is resolved by its one label, in any language and case', async () => {
    expect(await object({ surface: 'MAYENCE' })).toMatchObject({
      status: 'resolved',
      qid: 'Q1720',
      decision: { method: 'exact_match' },
    });
  });

  it('stays ambiguous with all its candidates, best first, those of a wrong class left out', async () => {
    const found = await object({ surface: 'Cambridge' });
    expect(found).toMatchObject({ status: 'ambiguous', surface: 'Cambridge' });
    expect(found).not.toHaveProperty('qid');
    expect(ids(found)).toEqual(['Q350', 'Q49111']);
    expect(found.candidates?.map(({ score }) => score)).toEqual([0.68, 0.54]);
  });

  it('is resolved by score where the sentence says which one is meant', async () => {
    const found = await object({ surface: 'Cambridge' }, 'a university city in Cambridgeshire in England');
    expect(found).toMatchObject({
      status: 'resolved',
      qid: 'Q350',
      decision: { score_threshold: 0.85, chosen_candidate_index: 0 },
    });
    expect(found.decision).not.toHaveProperty('method');
  });

  it('is found by a similar name, and left open', async () => {
    const found = await object({ surface: 'Mainzz' });
    expect(found).toMatchObject({ status: 'ambiguous' });
    expect(ids(found)).toEqual(['Q1720']);
  });

  it('is unresolved where nothing is like it', async () => {
    expect(await object({ surface: 'Xyzzy' })).toEqual({
      status: 'unresolved',
      surface: 'Xyzzy',
      decision: { notes: 'no candidate' },
    });
  });

  it('believes a stated id under its own name, and only that', async () => {
    const stated = (id: string, surface: string) => object({ surface, candidates: [{ id, score: 1, source: 's' }] });
    expect(await stated('Q49111', 'Cambridge')).toMatchObject({
      status: 'resolved',
      qid: 'Q49111',
      decision: { notes: 'source_identifier@1' },
    });
    expect(await stated('Q49111', 'Oxford')).toMatchObject({ status: 'ambiguous', candidates: [{ id: 'Q49111' }] });
    expect(await stated('Q999', 'Mainz')).toMatchObject({ status: 'resolved', qid: 'Q1720' });
    expect(await stated('Q999', 'Xyzzy')).toMatchObject({ status: 'unresolved' });
  });

  it('follows a pinned human choice in its own document only', async () => {
    const hint = { doc_id: 'a.md', surface: 'Cambridge', accepted_id: 'Q49111', reason: 'WRONG_CONTEXT' as const };
    expect(await object({ surface: 'Cambridge' }, 'x', { hints: [hint] })).toMatchObject({
      qid: 'Q49111',
      decision: { method: 'human' },
    });
    expect((await object({ surface: 'Cambridge' }, 'x', { hints: [{ ...hint, doc_id: 'b.md' }] })).status).toBe(
      'ambiguous',
    );
  });

  it('shows at most top-K candidates and says that it cut', async () => {
    const many = Array.from({ length: 30 }, (_, i) => entity(`Q${1000 - i}`, 'Springfield', town));
    const document = documentOf(subject, [
      claimOf({ surface: 'residence' }, { kind: 'item', value: { surface: 'Springfield' } }),
    ]);
    const resolved = await resolve([document], { properties, entities: [...entities, ...many] });
    if (resolved.code !== undefined) throw new TypeError(resolved.detail);
    const [claim] = resolved.documents[0]?.claims ?? [];
    const shown = claim?.object.kind === 'item' ? ids(claim.object.value) : [];
    expect(shown).toHaveLength(20);
    expect(shown?.slice(0, 2)).toEqual(['Q971', 'Q972']);
    expect(resolved.documents[0]?.warnings?.map(({ code }) => code)).toContain('LIMIT_REACHED');
  });
});

describe('a predicate', () => {
  it('with one name for two properties is told by the kind of its value', async () => {
    const time = { kind: 'time' as const, value: { iso8601: '1400-01-01', precision: 'year' as const } };
    const text = { kind: 'string' as const, value: 'x' };
    const document = documentOf(subject, [claimOf({ surface: 'date' }, time), claimOf({ surface: 'date' }, text)]);
    const resolved = await resolve([document], gazetteers);
    expect(resolved).toMatchObject({
      documents: [{ claims: [{ predicate: { pid: 'P585' } }, { predicate: { pid: 'P1000' } }] }],
    });
  });

  it('keeps its property where the value is of another kind, and says so', async () => {
    const document = documentOf(subject, [
      claimOf({ surface: 'date of birth' }, { kind: 'string', value: 'long ago' }),
    ]);
    const resolved = await resolve([document], gazetteers);
    expect(resolved).toMatchObject({
      documents: [
        {
          claims: [{ predicate: { pid: 'P569' }, object: { kind: 'string', value: 'long ago' } }],
          warnings: [{ code: 'VALUE_NORMALIZATION_NEEDED', path: '/claims/0/object' }],
        },
      ],
      codes: ['NORMALIZE_LITERAL_INVALID 1'],
      run: { diagnostics: [{ params: { property: 'P569', datatype: 'time', kind: 'string' }, severity: 'WARNING' }] },
    });
  });

  it('nobody knows stays open', async () => {
    const document = documentOf(subject, [claimOf({ surface: 'favourite colour' }, { kind: 'string', value: 'red' })]);
    const resolved = await resolve([document], gazetteers);
    expect(resolved).toMatchObject({
      documents: [{ claims: [{ predicate: { status: 'unresolved' } }], warnings: [{ code: 'UNRESOLVED_PID' }] }],
      codes: ['RESOLVE_PROPERTY_NOT_FOUND 1'],
    });
  });
});

describe('a document', () => {
  it('keeps alternatives as claims of one group, evidence without selectors, and the interval in words', async () => {
    const alternative = claimOf({ surface: 'residence' }, { kind: 'item', value: { surface: 'Mainz' } });
    const first = claimOf({ surface: 'residence' }, { kind: 'item', value: { surface: 'Cambridge' } }, 'x', {
      alternatives: [alternative],
      uncertainty: { confidence: 0.5, confidence_interval: { low: 0.4, high: 0.6 }, notes: 'approximate' },
      evidence: [{ source: { source_id: 's' }, selector: { kind: 'json_pointer', value: '/a' }, quote: '1' }],
    });
    const resolved = await resolve([documentOf(subject, [first])], gazetteers);
    const notes = `alternative-group:${first.claim_id}`;
    expect(resolved).toMatchObject({
      documents: [
        {
          claims: [
            {
              claim_id: first.claim_id,
              notes,
              evidence: [{ source: { source_id: 's' }, quote: '1' }],
              uncertainty: { notes: 'approximate; interval 0.4 to 0.6' },
            },
            { claim_id: alternative.claim_id, notes },
          ],
        },
      ],
    });
    expect(JSON.stringify(resolved)).not.toContain('json_pointer');
  });

  it('looks for a subject of the class its properties speak of', async () => {
    const claims = [claimOf({ surface: 'residence' }, { kind: 'item', value: { surface: 'Mainz' } })];
    expect(await resolve([documentOf({ surface: 'Cambridge' }, claims)], gazetteers)).toMatchObject({
      documents: [{ subject: { status: 'resolved', qid: 'Q100' } }],
    });
  });

  it('counts what it left open', async () => {
    const resolved = await resolve(
      [
        documentOf({ surface: 'Nobody' }, [
          claimOf({ surface: 'residence' }, { kind: 'item', value: { surface: 'Cambridge' } }),
        ]),
      ],
      gazetteers,
    );
    expect(resolved).toMatchObject({
      documents: [
        {
          resolution: {
            summary: { entities_ambiguous: 1, entities_unresolved: 1, properties_resolved: 1, warnings: 3 },
          },
          warnings: [
            { code: 'UNRESOLVED_QID', path: '/subject' },
            { code: 'UNRESOLVED_QID', path: '/claims/0/object/value' },
            { code: 'LOW_CONFIDENCE_RESOLUTION', path: '/claims/0/object/value' },
          ],
        },
      ],
      codes: ['RESOLVE_ENTITY_AMBIGUOUS 1', 'RESOLVE_ENTITY_NOT_FOUND 1'],
    });
  });
});

describe('a batch', () => {
  const documents = ['a', 'b', 'c', 'd'].map((name) => documentOf({ surface: name }, [], name));

  it('is answered in its own order, whatever as_of is', async () => {
    const [early, late] = await Promise.all(
      ['2026-01-01T00:00:00.000Z', '2026-12-31T00:00:00.000Z'].map((asOf) =>
        resolve(documents, { ...gazetteers, asOf }),
      ),
    );
    if (early?.code !== undefined || late?.code !== undefined) throw new TypeError('refused');
    expect(early?.batch.members.map((member) => member.claim_ir_ref)).toEqual(
      documents.map((document) => digestOf(document)).sort(),
    );
    expect(late?.batch.members.map((member) => member.claim_ir_ref)).toEqual(
      early?.batch.members.map((member) => member.claim_ir_ref),
    );
    expect(late?.run.run_id).toBe(early?.run.run_id);
    expect(late?.refs).not.toEqual(early?.refs);
  });

  it('gives the same bytes again', async () => {
    const [one, two] = await Promise.all([resolve(documents, gazetteers), resolve(documents, gazetteers)]);
    expect(one).toEqual(two);
  });

  it('never drops, adds or reorders a claim', async () => {
    const surface = fc.constantFrom('Cambridge', 'Mainz', 'Gutenberg', 'Xyzzy', 'Mainzz');
    const claim: fc.Arbitrary<Claim> = fc
      .tuple(fc.constantFrom('residence', 'date', 'nonsense'), surface, fc.uuid(), fc.array(surface, { maxLength: 2 }))
      .map(([predicate, name, quote, others]) => {
        const of = (value: string, place: string) =>
          claimOf({ surface: predicate }, { kind: 'item', value: { surface: value } }, place);
        const alternatives = others.map((other, i) => of(other, `${quote}${i}`));
        return { ...of(name, quote), ...(alternatives.length ? { alternatives } : {}) };
      });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(claim, { maxLength: 4 }), { minLength: 1, maxLength: 3 }), async (lists) => {
        const batch = lists.map((claims, i): ClaimIr => documentOf({ surface: 'Gutenberg' }, claims, `${i}.md`));
        const resolved = await resolve(batch, gazetteers);
        if (resolved.code !== undefined) throw new TypeError(resolved.detail);
        for (const [i, document] of resolved.documents.entries()) {
          const asked = batch.find((b) => digestOf(b) === resolved.batch.members[i]?.claim_ir_ref) as ClaimIr;
          expect(document.claims.map((c) => c.claim_id)).toEqual([...claimsOf(asked)].map((c) => c.claim.claim_id));
          expect(document.claims.map((c) => c.evidence)).toEqual([...claimsOf(asked)].map((c) => c.claim.evidence));
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('resolve refuses', () => {
  it.each<[string, string, Given]>([
    [
      'another pinned resolver',
      'RESOURCE_VERSION_MISSING',
      { tools: { resolve: { name: 'other', version: '1.0.0' } } },
    ],
    ['a ruleset it does not have', 'RESOURCE_VERSION_MISSING', { policy: { ruleset_id: 'orgo.resolution-ladder@2' } }],
    [
      'a gazetteer of another size',
      'RESOURCE_VERSION_MISSING',
      {
        tamper: ({ context }) => {
          context.resources.entities.size++;
        },
      },
    ],
    ['a gazetteer with an id twice', 'RESOURCE_VERSION_MISSING', { entities: [...entities, england] }],
    [
      'a gazetteer line of another shape',
      'RESOURCE_VERSION_MISSING',
      { entities: [{ ...england, types: 'Q515' as never }] },
    ],
    [
      'a line that is not its member',
      'HASH_MISMATCH',
      {
        tamper: ({ batch }) => {
          (batch.members[0] as { ref: string }).ref = digestOf('x');
        },
      },
    ],
    [
      'a batch with a member too few',
      'STAGE_INPUT_INVALID',
      {
        tamper: ({ batch }) => {
          batch.members.pop();
        },
      },
    ],
  ])('%s', async (_, code, given) => {
    expect((await resolve([documentOf(subject, [])], { ...gazetteers, ...given })).code).toBe(code);
  });
});
