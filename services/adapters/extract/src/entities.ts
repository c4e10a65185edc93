import { canonical, type JsonValue } from '@orgo/core';
import {
  type ClaimObject,
  type ClaimQualifier,
  type EntityRef,
  type Evidence,
  LangSchema,
  PidSchema,
  type PredicateRef,
  pointerToken,
  QidSchema,
  type Snapshot,
  type TimePrecision,
} from '@orgo/kristal';
import type { Draft } from './drafts.ts';
import { exactNumber } from './numbers.ts';

/** Score of a value that a structured source states, by its rank. A deprecated statement makes no claim. */
const rankBp: Readonly<Record<string, number>> = { preferred: 9900, normal: 9800 };

type Members = { [key: string]: JsonValue };
const members = (value: JsonValue | undefined): Members =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {};
const list = (value: JsonValue | undefined): JsonValue[] => (Array.isArray(value) ? value : []);
const text = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** Whether a JSON document has the shape of a Wikidata entity file: `entities` by id, `properties` with labels. */
export function isEntityFile(document: JsonValue): boolean {
  return Object.keys(members(members(document).entities)).length > 0;
}

/**
 * Reads entities with statements. Ids that the file states become candidates with the file as their source: they are the source's word,
 * and the resolver's to accept. Evidence is a JSON pointer to the statement's snak, quoted as canonical JSON.
 */
export function readEntities(
  snapshot: Snapshot,
  document: JsonValue,
  title: string,
): { drafts: Draft[]; skipped: number } {
  const root = members(document);
  const entities = members(root.entities);
  const properties = members(root.properties);
  const source = snapshot.source.source_id;
  const drafts: Draft[] = [];
  let skipped = 0;

  const labelOf = (from: Members, id: string): { surface: string; lang?: string } => {
    const labels = members(members(from[id]).labels);
    const lang = ['en', 'fr', ...Object.keys(labels).sort()].find(
      (code) => LangSchema.safeParse(code).success && code in labels,
    );
    const surface = lang === undefined ? undefined : text(members(labels[lang]).value);
    return surface === undefined ? { surface: id } : { surface, lang: lang as string };
  };
  const entityRef = (id: string): EntityRef => ({ ...labelOf(entities, id), candidates: [{ id, score: 1, source }] });
  const predicateRef = (id: string): PredicateRef => ({
    ...labelOf(properties, id),
    candidates: [{ id, score: 1, source }],
  });

  for (const [id, entity] of Object.entries(entities)) {
    if (!QidSchema.safeParse(id).success) {
      skipped++;
      continue;
    }
    for (const [property, statements] of Object.entries(members(members(entity).claims))) {
      for (const [position, statement] of list(statements).entries()) {
        const bp = rankBp[text(members(statement).rank) ?? 'normal'];
        const read = PidSchema.safeParse(property).success
          ? objectOf(members(statement).mainsnak, entityRef)
          : undefined;
        if (bp === undefined || read === undefined) {
          skipped++;
          continue;
        }
        const pointer = ['entities', id, 'claims', property, String(position), 'mainsnak'].map(pointerToken);
        drafts.push({
          subject: entityRef(id),
          predicate: predicateRef(property),
          readings: [read.object],
          qualifiers: qualifiersOf(members(statement).qualifiers, predicateRef, entityRef),
          evidence: evidenceOf(source, title, `/${pointer.join('/')}`, members(statement).mainsnak as JsonValue),
          confidence_bp: bp,
          rule: 'entity-json',
          notes: [],
          warnings: read.exact ? [] : ['VALUE_NORMALIZATION_NEEDED'],
        });
      }
    }
  }
  return { drafts, skipped };
}

function evidenceOf(source: string, title: string, pointer: string, value: JsonValue): Evidence {
  return {
    source: { source_id: source, title },
    quote: canonical(value),
    selector: { kind: 'json_pointer', value: pointer },
  };
}

function qualifiersOf(
  value: JsonValue | undefined,
  predicateRef: (id: string) => PredicateRef,
  entityRef: (id: string) => EntityRef,
): ClaimQualifier[] {
  return Object.entries(members(value)).flatMap(([property, snaks]) =>
    list(snaks).flatMap((snak) => {
      const read = PidSchema.safeParse(property).success ? objectOf(snak, entityRef) : undefined;
      return read ? [{ predicate: predicateRef(property), object: read.object }] : [];
    }),
  );
}

type Read = { object: ClaimObject; exact: boolean } | undefined;

/** The typed value of a snak, or undefined for unknown, missing or ill-formed values. The type is the value's own, never the property's. */
function objectOf(snak: JsonValue | undefined, entityRef: (id: string) => EntityRef): Read {
  const { snaktype, datavalue, datatype } = members(snak);
  if (snaktype !== 'value') return undefined;
  const { type, value } = members(datavalue);
  const parts = members(value);
  switch (type) {
    case 'wikibase-entityid': {
      const id = text(parts.id);
      return id !== undefined && QidSchema.safeParse(id).success
        ? { object: { kind: 'item', value: entityRef(id) }, exact: true }
        : undefined;
    }
    case 'string':
      return typeof value === 'string' && value !== ''
        ? { object: { kind: datatype === 'url' ? 'url' : 'string', value }, exact: true }
        : undefined;
    case 'monolingualtext': {
      const [content, lang] = [text(parts.text), text(parts.language)];
      return content !== undefined && LangSchema.safeParse(lang).success
        ? { object: { kind: 'monolingual_text', value: { text: content, lang: lang as string } }, exact: true }
        : undefined;
    }
    case 'quantity':
      return quantityOf(parts);
    case 'time':
      return timeOf(parts);
    case 'globecoordinate': {
      const { latitude, longitude } = parts;
      const inRange =
        typeof latitude === 'number' &&
        typeof longitude === 'number' &&
        Math.abs(latitude) <= 90 &&
        Math.abs(longitude) <= 180;
      return inRange ? { object: { kind: 'coord', value: { lat: latitude, lon: longitude } }, exact: true } : undefined;
    }
    default:
      return undefined;
  }
}

/** Amounts are signed decimal text; units are `1` or an entity address that ends in the unit's id. */
function quantityOf(parts: Members): Read {
  const amountText = text(parts.amount)?.replace(/^\+/, '');
  if (amountText === undefined) return undefined;
  const unit = text(parts.unit)?.match(/(?:^|\/)(Q[1-9]\d*)$/)?.[1];
  const amount = exactNumber(amountText);
  if (amount === undefined)
    return { object: { kind: 'string', value: unit ? `${amountText} ${unit}` : amountText }, exact: false };
  return { object: { kind: 'quantity', value: { amount, ...(unit ? { unit_qid: unit } : {}) } }, exact: true };
}

const precisions: Readonly<Record<number, TimePrecision>> = { 9: 'year', 10: 'month', 11: 'day' };

/** Wikidata writes an unknown month or day as `00`; here it is `01` with a coarser precision. */
function timeOf(parts: Members): Read {
  const found = /^([+-])(\d{4,})-(\d{2})-(\d{2})T/.exec(text(parts.time) ?? '');
  const precision = precisions[Number(parts.precision)];
  if (!found || precision === undefined) return undefined;
  const [, sign, year, month, day] = found as unknown as [string, string, string, string, string];
  const iso8601 = `${sign === '-' ? '-' : ''}${year}-${month === '00' ? '01' : month}-${day === '00' ? '01' : day}`;
  return { object: { kind: 'time', value: { iso8601, precision } }, exact: true };
}
