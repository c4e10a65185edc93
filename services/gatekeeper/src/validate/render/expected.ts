import {
  contradicting,
  type LanguageTable,
  type PackResult,
  type PieceId,
  type RenderFormat,
  type RenderLanguage,
  type RenderTemplate,
  type Support,
  type WordId,
} from '@orgo/kristal';
import { bySource, doubtsOf, sourceCount } from './doubts.ts';
import type { PackSide } from './pack-side.ts';
import { readNumber, shows } from './reading.ts';
import { readsName, readsValue } from './value-reading.ts';

/** What must stand next: these very bytes of the template, or something that reads as what the pack says, resting on exactly this. */
export type Wanted =
  | { boilerplate: string; text: string }
  | { role: string; what: string; reads: (text: string) => boolean; support: Support[] };

export type CardTerms = { template: RenderTemplate; language: RenderLanguage; format: RenderFormat; releaseId: string };

const pointer = (to: string, evidence_ids: string[] = []): Support => ({
  pointer: to,
  evidence_ids,
  source: 'Runtime Pack',
});
const statementSupport = ({ statement_id, evidence_ids }: PackResult): Support => ({
  statement_id,
  evidence_ids,
  source: 'Runtime Pack',
});

/**
 * All that a card must say, in its order, from the pack alone: every statement of the subject with its qualifiers, rank and doubts, every
 * disagreement, every source. The card is right when its spans read so one by one, and there is no span more or less.
 */
export function* wantedOf(side: PackSide, terms: CardTerms): Generator<Wanted> {
  const { template, language, format, releaseId } = terms;
  const table = template.languages[language];
  const card = new Card(side, template, table, format);
  const named = readsNameOf(side, side.subject);
  const name = card.says('name', side.subject, named, [card.nameOf(side.subject)]);

  if (format === 'html') {
    yield* card.piece('open');
    yield { boilerplate: 'word/tag', text: table.tag };
    yield* card.piece('head');
    yield name;
    yield* card.piece('body');
    yield card.word('kind');
  }
  yield* card.piece('name');
  yield name;
  yield* card.foreign(side.names.get(side.subject)?.lang, [card.nameOf(side.subject)]);
  yield* card.piece('id');
  yield card.exactly('subject', side.subject, [pointer(`entity/${side.subject}`)]);
  yield* card.piece('id-end');

  const rows = Map.groupBy(side.statements, ({ property }) => property.id);
  for (const { id, pids } of placesOf(template, [...rows.keys()])) {
    yield* card.piece('section');
    yield card.word(id);
    yield* card.piece('rows');
    for (const pid of pids) yield* card.row(pid, rows.get(pid) as PackResult[]);
    yield* card.piece('section-end');
  }
  yield* card.sources();
  yield* card.piece('foot');
  yield card.word('pack');
  yield* card.piece('pack-id');
  yield card.exactly('pack', side.pack.packId, [pointer('pack')]);
  yield* card.piece('pack-end');
  yield card.word('release');
  yield* card.piece('release-id');
  yield card.exactly('release', releaseId, [pointer('release')]);
  yield* card.piece('release-end');
  yield card.word('promise');
  yield* card.piece('end');
}

const readsNameOf =
  (side: PackSide, id: string) =>
  (text: string): boolean =>
    readsName(text, id, side.names);

/** Which properties stand in which section: as the template lists them, and what it does not list last, by number. */
function placesOf({ sections }: RenderTemplate, present: readonly string[]) {
  const listed = new Set(sections.flatMap(({ properties }) => properties));
  const unlisted = present.filter((pid) => !listed.has(pid)).sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
  return sections
    .map(({ id, properties }, i) => ({
      id,
      pids: [...properties.filter((pid) => present.includes(pid)), ...(i === sections.length - 1 ? unlisted : [])],
    }))
    .filter(({ pids }) => pids.length > 0);
}

class Card {
  readonly #side: PackSide;
  readonly #template: RenderTemplate;
  readonly #table: LanguageTable;
  readonly #format: RenderFormat;
  readonly #sources: string[][];

  constructor(side: PackSide, template: RenderTemplate, table: LanguageTable, format: RenderFormat) {
    this.#side = side;
    this.#template = template;
    this.#table = table;
    this.#format = format;
    this.#sources = bySource(side.evidence.values()).map((group) =>
      group.map(({ evidence_id }) => evidence_id).sort((a, b) => (a < b ? -1 : 1)),
    );
  }

  /** A piece of the template; none where the format has no mark for it. */
  *piece(id: PieceId): Generator<Wanted> {
    const text = this.#template.pieces[this.#format][id];
    if (text !== '') yield { boilerplate: `piece/${id}`, text };
  }

  word(id: WordId): Wanted {
    return { boilerplate: `word/${id}`, text: this.#table.words[id] };
  }

  says(role: string, what: string, reads: (text: string) => boolean, support: Support[]): Wanted {
    return { role, what, reads, support };
  }

  exactly(role: string, text: string, support: Support[]): Wanted {
    return this.says(role, text, (said) => shows(said, text), support);
  }

  /** Where the name of an id stands in the pack. */
  nameOf(id: string): Support {
    const kind = id.startsWith('Q') ? 'entity' : 'property';
    const label = this.#side.names.get(id) ?? null;
    return pointer(label === null ? `${kind}/${id}` : `${kind}/${id}/label/${label.lang}`);
  }

  /** Words in another language than the card's say which. */
  *foreign(lang: string | undefined, support: Support[]): Generator<Wanted> {
    if (lang === undefined || lang === this.#table.tag) return;
    yield* this.piece('lang');
    yield this.exactly('lang', lang, support);
    yield* this.piece('lang-end');
  }

  *row(pid: string, statements: PackResult[]): Generator<Wanted> {
    const { evidence, names } = this.#side;
    const support = [this.nameOf(pid), ...statements.map(statementSupport)];
    yield* this.piece('row');
    yield this.says('property', pid, readsNameOf(this.#side, pid), support);
    yield* this.foreign(names.get(pid)?.lang, support);
    yield* this.piece('values');
    const differ = this.#template.single_valued.includes(pid) ? contradicting(statements) : [];
    if (differ.length > 0) {
      const word = sourceCount(differ, evidence) > 1 ? 'sources-disagree' : 'values-differ';
      yield* this.piece('note');
      yield this.exactly('disagreement', this.#table.words[word], differ.map(statementSupport));
      yield* this.piece('note-end');
    }
    yield* this.piece('list');
    const most = this.#template.max_values;
    for (const [i, statement] of statements.slice(0, most).entries()) {
      if (i > 0) yield* this.piece('between');
      yield* this.value(statement);
    }
    const unshown = statements.slice(most);
    if (unshown.length > 0) {
      yield* this.piece('more');
      const count = (text: string): boolean =>
        text.endsWith(` ${this.#table.words.more}`) &&
        readCount(text.slice(0, -this.#table.words.more.length - 1)) === unshown.length;
      yield this.says('more', `${unshown.length}`, count, unshown.map(statementSupport));
      yield* this.piece('more-end');
    }
    yield* this.piece('row-end');
  }

  *value(statement: PackResult): Generator<Wanted> {
    const { words, percent } = this.#table;
    const support = [statementSupport(statement)];
    const { approximate, alternative } = doubtsOf(statement);
    yield* this.piece('value');
    if (approximate) {
      const word = statement.object.type === 'time' ? words['approximate-time'] : words['approximate-value'];
      yield* this.piece('hedge');
      yield this.exactly('hedge', word, support);
      yield* this.piece('hedge-end');
    }
    yield* this.piece('text');
    const { object } = statement;
    const value = object.type === 'item' ? { type: 'item' as const, value: { qid: object.id } } : object;
    yield* this.said('value', value, support, true);
    for (const { property_id, datavalue } of statement.qualifiers) {
      yield* this.piece('qualifier');
      const withKey = [...support, this.nameOf(property_id)];
      yield this.says('qualifier', property_id, readsNameOf(this.#side, property_id), withKey);
      yield* this.foreign(this.#side.names.get(property_id)?.lang, withKey);
      yield* this.piece('qualifier-text');
      yield* this.said('qualifier-value', datavalue, support, false);
    }
    if (statement.rank === 'preferred' || statement.rank === 'deprecated')
      yield* this.mark(this.exactly('rank', words[statement.rank], support));
    if (alternative) yield* this.mark(this.exactly('alternative', words.alternative, support));
    const bp = statement.confidence_bp;
    if (bp !== null && bp < this.#template.low_confidence_bp) {
      const reads = (text: string): boolean => {
        const [before, after] = [`${words.confidence} `, percent];
        if (!text.startsWith(before) || !text.endsWith(after)) return false;
        const number = readNumber(text.slice(before.length, text.length - after.length), this.#table);
        return number !== null && Math.round(number * 100) === bp;
      };
      yield* this.mark(this.says('confidence', `${bp}`, reads, support));
    }
    for (const [i, ids] of this.#sources.entries()) {
      if (!ids.some((id) => statement.evidence_ids.includes(id))) continue;
      const number = this.says('citation', `${i + 1}`, (text) => readCount(text) === i + 1, support);
      yield* this.piece('cite');
      yield number;
      if (this.#template.pieces[this.#format]['cite-text'] !== '') {
        yield* this.piece('cite-text');
        yield number;
      }
      yield* this.piece('cite-end');
    }
    yield* this.piece('value-end');
  }

  /** A value, the piece that ends it, and its language where that is not the card's. */
  *said(role: string, value: Parameters<typeof readsValue>[1], support: Support[], main: boolean): Generator<Wanted> {
    const { names } = this.#side;
    const { units } = this.#template;
    let lang: string | undefined;
    let all = support;
    if (value.type === 'monolingual_text') lang = value.value.lang;
    const id = value.type === 'item' ? value.value.qid : value.type === 'quantity' ? value.value.unit_qid : undefined;
    if (id !== undefined) {
      const symbol = value.type === 'quantity' && units[id] !== undefined;
      all = [...support, symbol ? pointer(`unit/${id}`) : this.nameOf(id)];
      if (!symbol) lang = names.get(id)?.lang;
    }
    const reads = (text: string): boolean => readsValue(text, value, names, units, this.#table);
    yield this.says(role, JSON.stringify(value.value), reads, all);
    yield* this.piece(main ? 'text-end' : 'qualifier-end');
    yield* this.foreign(lang, all);
  }

  *mark(said: Wanted): Generator<Wanted> {
    yield* this.piece('mark');
    yield said;
    yield* this.piece('mark-end');
  }

  *sources(): Generator<Wanted> {
    const { words } = this.#table;
    yield* this.piece('sources');
    yield this.word('sources');
    yield* this.piece('source-list');
    for (const [i, ids] of this.#sources.entries()) {
      const source = this.#side.evidence.get(ids[0] as string)?.source ?? {};
      const name = source.source_id ?? source.source_url ?? `sha256:${source.source_sha256 ?? ''}`;
      const support = [pointer(`source/${name}`, ids)];
      yield* this.piece('source');
      yield this.says('source-number', `${i + 1}`, (text) => readCount(text) === i + 1, support);
      yield* this.piece('source-name');
      yield this.exactly('source', name, support);
      if (source.source_sha256 !== undefined) {
        yield* this.piece('source-digest');
        yield this.exactly('source-digest', source.source_sha256.slice(0, 16), support);
      }
      yield* this.piece('source-passages');
      const word = ids.length === 1 ? words.passage : words.passages;
      const count = (text: string): boolean =>
        text.endsWith(` ${word}`) && readCount(text.slice(0, -word.length - 1)) === ids.length;
      yield this.says('passages', `${ids.length}`, count, support);
      yield* this.piece('source-end');
    }
  }
}

const readCount = (text: string): number | null => (/^[1-9]\d*$/.test(text) ? Number(text) : null);
