import { describe, expect, it } from 'vitest';
import { extract, prose } from './core.fixture.ts';

describe('a document that cannot be extracted', () => {
  const good = prose('Ada Lovelace was born in 1815.');
  const nameless = prose('---\ntitle: ""\n---\nNothing here.', { path: 'b.md' });
  const rich = prose('Ada Lovelace was born in 1815. Ada Lovelace died in 1852.', { path: 'c.md' });

  it('stops the build where the mandate says stop', async () => {
    expect((await extract([good, nameless])).code).toBe('EXTRACT_SCHEMA_INVALID');
    expect((await extract([good, rich], { policy: { max_document_claims: 1 } })).code).toBe('STAGE_LIMIT_EXCEEDED');
  });

  it('is put aside with its code where the mandate says so, and the others go on', async () => {
    const policy = { on_poison: 'dead_letter', max_document_claims: 1 } as const;
    const { documents, letters, codes, metrics } = await extract([good, nameless, rich], { policy });
    expect(documents.map((document) => document.document?.doc_id)).toEqual(['a.md']);
    expect(letters).toMatchObject([
      { path: 'b.md', code: 'EXTRACT_SCHEMA_INVALID', source_id: 'b.md', media_type: 'text/markdown' },
      { path: 'c.md', code: 'STAGE_LIMIT_EXCEEDED', detail: 'c.md: 2 claims; max_document_claims is 1' },
    ]);
    expect(codes).toEqual(['DEAD_LETTERED 2', 'EXTRACT_SCHEMA_INVALID 1', 'STAGE_LIMIT_EXCEEDED 1']);
    expect(metrics).toMatchObject({ documents: 1, excluded: 2 });
  });

  it('leaves nothing to go on with where it is the only one', async () => {
    expect((await extract([nameless], { policy: { on_poison: 'dead_letter' } })).code).toBe('INGEST_CORPUS_EMPTY');
  });
});

it('a second copy of a document states nothing new, and stops nothing', async () => {
  const text = 'Ada Lovelace was born in 1815.';
  const { documents, codes } = await extract([prose(text), prose(text, { path: 'copy.md' })]);
  expect(documents.map((document) => document.document?.doc_id)).toEqual(['a.md']);
  expect(codes).toEqual(['CLAIM_REPEATED 1']);
});
