import { canonical, toBase64Url, utf8 } from '@orgo/core';
import { type Pack, type PackPage, type PackQuery, packEvidence, queryPack } from '@orgo/kristal';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { exchangeOf, type Triple, tinyExchange } from './exchange.fixture.ts';
import { compiled, opened } from './pack.fixture.ts';

async function packOf(exchange = tinyExchange): Promise<Pack> {
  const pack = await opened(await compiled(exchange));
  if (!pack.ok) throw new Error(pack.detail);
  return pack.value;
}

async function ask(pack: Pack, query: unknown): Promise<PackPage> {
  const page = await queryPack(pack, query);
  if (!page.ok) throw new Error(`${page.code}: ${page.detail}`);
  return page.value;
}

const told = (page: PackPage) =>
  page.results.map((r) => [
    r.subject.id,
    r.property.id,
    r.object.type === 'item' ? r.object.id : canonical(r.object.value),
  ]);

describe('queryPack', () => {
  let pack: Pack;
  beforeAll(async () => {
    pack = await packOf();
  });

  it('answers all rows in the order of the pack: ids by number, items before literals', async () => {
    expect(told(await ask(pack, {}))).toEqual([
      ['Q2', 'P571', '{"iso8601":"1820-01-01","precision":"year"}'],
      ['Q2', 'P625', '{"lat":48.5,"lon":2.25}'],
      ['Q2', 'P1082', '{"amount":1200}'],
      ['Q9', 'P17', 'Q10'],
      ['Q9', 'P31', 'Q2'],
      ['Q9', 'P31', 'Q10'],
      ['Q9', 'P1448', '{"lang":"fr","text":"Neuf"}'],
      ['Q10', 'P36', 'Q9'],
      ['Q100', 'P300', '"X-1"'],
    ]);
  });

  const patterns: [PackQuery, number][] = [
    [{ s: 'Q9' }, 4],
    [{ s: 'Q9', p: 'P31' }, 2],
    [{ s: 'Q9', p: 'P31', o: 'Q10' }, 1],
    [{ s: 'Q9', o: 'Q10' }, 2],
    [{ p: 'P31' }, 2],
    [{ p: 'P31', o: { type: 'item', value: { qid: 'Q2' } } }, 1],
    [{ o: 'Q10' }, 2],
    [{ o: { type: 'quantity', value: { amount: 1200 } } }, 1],
    [{ o: { type: 'quantity', value: { amount: 1201 } } }, 0],
    [{ s: 'Q77' }, 0],
    [{ s: 'Q100', p: 'P31' }, 0],
  ];
  it.each(patterns)('%j matches %i rows', async (query, count) => {
    const page = await ask(pack, query);
    expect(page.results).toHaveLength(count);
    expect(page.page_info).toEqual({ returned: count, has_more: false });
    expect(page.next_cursor).toBeNull();
  });

  it('gives labels in the wanted languages, and statement and evidence ids', async () => {
    const [first] = (await ask(pack, { s: 'Q10', languages: ['de', 'fr'] })).results;
    const made = tinyExchange.items.find((i) => i.entity_id === 'Q10')?.statements[0];
    expect(first).toMatchObject({
      subject: { id: 'Q10', label: { lang: 'fr', text: 'le thing Q10' } },
      property: { id: 'P36', label: { lang: 'fr', text: 'le P36' } },
      object: { type: 'item', id: 'Q9', label: { lang: 'fr', text: 'le thing Q9' } },
      statement_id: made?.statement_id,
      evidence_ids: made?.evidence_ids,
      confidence_bp: 9000,
      claims: made?.claims,
    });
    const [evidence] = tinyExchange.evidence_index;
    expect(await packEvidence(pack, ['ev:none', evidence?.evidence_id as string])).toEqual([evidence]);
    expect((await ask(pack, { s: 'Q10', languages: ['de'] })).results[0]?.subject.label).toBeNull();
  });

  const refused: [unknown, string][] = [
    [null, 'PACK_QUERY_INVALID'],
    [{ s: 'Q0' }, 'PACK_QUERY_INVALID'],
    [{ s: 'P1' }, 'PACK_QUERY_INVALID'],
    [{ o: { type: 'quantity', value: '1' } }, 'PACK_QUERY_INVALID'],
    [{ join: 1 }, 'PACK_QUERY_INVALID'],
    [{ limit: 0 }, 'PACK_QUERY_INVALID'],
    [{ limit: 1001 }, 'PACK_PAGE_TOO_LARGE'],
    [{ cursor: 'x' }, 'PACK_CURSOR_INVALID'],
    [{ cursor: toBase64Url(utf8('{}')) }, 'PACK_CURSOR_INVALID'],
  ];
  it.each(refused)('refuses %j with %s', async (query, code) => {
    expect(await queryPack(pack, query)).toMatchObject({ ok: false, code });
  });

  it('takes a cursor only with the pack and query it was made for', async () => {
    const cursor = (await ask(pack, { limit: 2 })).next_cursor as string;
    const other = await packOf(exchangeOf([['Q1', 'P1', { type: 'string', value: 'x' }]]));
    expect(await queryPack(pack, { limit: 3, cursor })).toMatchObject({ code: 'PACK_CURSOR_INVALID' });
    expect(await queryPack(pack, { limit: 2, p: 'P31', cursor })).toMatchObject({ code: 'PACK_CURSOR_INVALID' });
    expect(await queryPack(other, { limit: 2, cursor })).toMatchObject({ code: 'PACK_CURSOR_INVALID' });
    expect((await ask(pack, { limit: 2, cursor, languages: ['fr'] })).results).toHaveLength(2);
  });
});

describe('queryPack against a plain filter', () => {
  const qid = fc.integer({ min: 1, max: 12 }).map((n) => `Q${n}`);
  const pid = fc.integer({ min: 1, max: 4 }).map((n) => `P${n}`);
  const value = fc.oneof(
    qid.map((id) => ({ type: 'item' as const, value: { qid: id } })),
    fc.integer({ min: 0, max: 3 }).map((amount) => ({ type: 'quantity' as const, value: { amount } })),
  );
  const triples = fc.uniqueArray(fc.tuple(qid, pid, value), { maxLength: 60, selector: (t) => canonical(t) });
  const query = fc.record({ s: qid, p: pid, o: value }, { requiredKeys: [] });

  it('finds the same rows, whatever the page size, each once and in order', async () => {
    await fc.assert(
      fc.asyncProperty(triples, query, fc.integer({ min: 1, max: 7 }), async (all, pattern, limit) => {
        const pack = await packOf(exchangeOf(all as Triple[]));
        const expected = all.filter(
          ([s, p, o]) => (pattern.s ?? s) === s && (pattern.p ?? p) === p && canonical(pattern.o ?? o) === canonical(o),
        );
        const rows: number[] = [];
        const found: string[] = [];
        let cursor: string | null | undefined;
        do {
          const page: PackPage = await ask(pack, { ...pattern, limit, ...(cursor ? { cursor } : {}) });
          rows.push(...page.results.map((r) => r.row));
          found.push(...page.results.map((r) => r.statement_id));
          cursor = page.next_cursor;
        } while (cursor);
        expect(rows).toEqual([...rows].sort((a, b) => a - b));
        expect(found).toHaveLength(expected.length);
        expect(new Set(found).size).toBe(expected.length);
      }),
      { numRuns: 40 },
    );
  });
});
