import {
  cardTemplate,
  compareIds,
  type PackResult,
  type Rendered,
  type RenderFormat,
  type RenderLanguage,
  type Support,
} from '@orgo/kristal';
import { disagreement, doubtOf } from './doubt.ts';
import { Emitter } from './emitter.ts';
import type { SubjectFacts } from './facts.ts';
import { type Sources, sourcesOf } from './sources.ts';
import { named, type Said, valueText } from './values.ts';

const source = 'Runtime Pack' as const;
const at = (pointer: string): Support => ({ pointer, evidence_ids: [], source });
const by = ({ statement_id, evidence_ids }: PackResult): Support => ({ statement_id, evidence_ids, source });

/** Sections that have something to say, each with its properties in the template's order. */
function sectionsOf(statements: readonly PackResult[]) {
  const present = [...new Set(statements.map(({ property }) => property.id))].sort(compareIds);
  const placed = new Set(cardTemplate.sections.flatMap(({ properties }) => properties));
  return cardTemplate.sections
    .map(({ id, properties }) => ({
      id,
      properties:
        id === 'other' ? present.filter((pid) => !placed.has(pid)) : properties.filter((pid) => present.includes(pid)),
    }))
    .filter(({ properties }) => properties.length > 0);
}

/** Renders the card of a subject. */
export function renderCard(
  facts: SubjectFacts,
  releaseId: string,
  language: RenderLanguage,
  format: RenderFormat,
): Rendered {
  const out = new Emitter(format, language);
  const table = cardTemplate.languages[language];
  const name = named(facts.subject, facts.names, table.tag);
  const sources = sourcesOf(facts);
  if (format === 'html') {
    out.piece('open');
    out.word('tag');
    out.piece('head');
    out.say('name', name.text, name.pointers.map(at));
    out.piece('body');
    out.word('kind');
  }
  out.piece('name');
  out.say('name', name.text, name.pointers.map(at));
  sayLanguage(out, name);
  out.piece('id');
  out.say('subject', facts.subject, [at(`entity/${facts.subject}`)]);
  out.piece('id-end');

  for (const { id, properties } of sectionsOf(facts.statements)) {
    out.piece('section');
    out.word(id);
    out.piece('rows');
    for (const property of properties) {
      const statements = facts.statements.filter((statement) => statement.property.id === property);
      renderRow(out, property, statements, facts, language, sources);
    }
    out.piece('section-end');
  }

  out.piece('sources');
  out.word('sources');
  out.piece('source-list');
  for (const { number, name: sourceName, digest, evidence_ids } of sources.list) {
    const support = [{ pointer: `source/${sourceName}`, evidence_ids: [...evidence_ids], source }];
    out.piece('source');
    out.say('source-number', String(number), support);
    out.piece('source-name');
    out.say('source', sourceName, support);
    if (digest !== null) {
      out.piece('source-digest');
      out.say('source-digest', digest, support);
    }
    out.piece('source-passages');
    const word = evidence_ids.length === 1 ? 'passage' : 'passages';
    out.say('passages', `${evidence_ids.length} ${table.words[word]}`, support);
    out.piece('source-end');
  }
  out.piece('foot');
  out.word('pack');
  out.piece('pack-id');
  out.say('pack', facts.packId, [at('pack')]);
  out.piece('pack-end');
  out.word('release');
  out.piece('release-id');
  out.say('release', releaseId, [at('release')]);
  out.piece('release-end');
  out.word('promise');
  out.piece('end');
  return out.end();
}

function sayLanguage(out: Emitter, { lang, pointers }: Said, support: Support[] = pointers.map(at)): void {
  if (lang === null) return;
  out.piece('lang');
  out.say('lang', lang, support);
  out.piece('lang-end');
}

function renderRow(
  out: Emitter,
  property: string,
  statements: readonly PackResult[],
  facts: SubjectFacts,
  language: RenderLanguage,
  sources: Sources,
): void {
  const table = cardTemplate.languages[language];
  const label = named(property, facts.names, table.tag);
  const rowSupport = [...label.pointers.map(at), ...statements.map(by)];
  out.piece('row');
  out.say('property', label.text, rowSupport);
  sayLanguage(out, label, rowSupport);
  out.piece('values');
  const quarrel = disagreement(property, statements, facts.evidence);
  if (quarrel !== null) {
    out.piece('note');
    out.say('disagreement', table.words[quarrel.word], quarrel.statements.map(by));
    out.piece('note-end');
  }
  out.piece('list');
  const shown = statements.slice(0, cardTemplate.max_values);
  for (const [i, statement] of shown.entries()) {
    if (i > 0) out.piece('between');
    renderValue(out, statement, facts, language, sources);
  }
  const rest = statements.slice(shown.length);
  if (rest.length > 0) {
    out.piece('more');
    out.say('more', `${rest.length} ${table.words.more}`, rest.map(by));
    out.piece('more-end');
  }
  out.piece('row-end');
}

function renderValue(
  out: Emitter,
  statement: PackResult,
  facts: SubjectFacts,
  language: RenderLanguage,
  sources: Sources,
): void {
  const table = cardTemplate.languages[language];
  const support = [by(statement)];
  const mark = (role: string, text: string): void => {
    out.piece('mark');
    out.say(role, text, support);
    out.piece('mark-end');
  };
  const { approximate, alternative, confidence_bp } = doubtOf(statement);
  out.piece('value');
  if (approximate) {
    out.piece('hedge');
    out.say('hedge', table.words[statement.object.type === 'time' ? 'approximate-time' : 'approximate-value'], support);
    out.piece('hedge-end');
  }
  const value = valueText(statement.object, facts.names, table);
  const withNames = [...support, ...value.pointers.map(at)];
  out.piece('text');
  out.say('value', value.text, withNames);
  out.piece('text-end');
  sayLanguage(out, value, withNames);
  for (const { property_id, datavalue } of statement.qualifiers) {
    const key = named(property_id, facts.names, table.tag);
    const said = valueText(datavalue, facts.names, table);
    out.piece('qualifier');
    out.say('qualifier', key.text, [...support, ...key.pointers.map(at)]);
    sayLanguage(out, key, [...support, ...key.pointers.map(at)]);
    out.piece('qualifier-text');
    out.say('qualifier-value', said.text, [...support, ...said.pointers.map(at)]);
    out.piece('qualifier-end');
    sayLanguage(out, said, [...support, ...said.pointers.map(at)]);
  }
  if (statement.rank !== 'normal') mark('rank', table.words[statement.rank as 'preferred' | 'deprecated']);
  if (alternative) mark('alternative', table.words.alternative);
  if (confidence_bp !== null) {
    const percent = String(confidence_bp / 100).replace('.', table.decimal);
    mark('confidence', `${table.words.confidence} ${percent}${table.percent}`);
  }
  for (const number of sources.numbersOf(statement)) {
    out.piece('cite');
    out.say('citation', String(number), support);
    // Only a link names its number twice: where it leads, and as what it is read.
    if (cardTemplate.pieces[out.format]['cite-text'] !== '') {
      out.piece('cite-text');
      out.say('citation', String(number), support);
    }
    out.piece('cite-end');
  }
  out.piece('value-end');
}
