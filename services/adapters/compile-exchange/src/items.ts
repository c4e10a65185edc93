import { compareText } from '@orgo/core';
import {
  compareIds,
  type DataValue,
  type Exchange,
  type ExchangeItem,
  type ExchangeStatement,
  type GazetteerEntity,
  type GazetteerProperty,
} from '@orgo/kristal';

type Statements = ReadonlyMap<string, readonly ExchangeStatement[]>;

/** Everything a statement speaks of: subjects, item values, items and units inside qualifiers and quantities. Sorted by number. */
export function itemsOf(statements: Statements, entities: readonly GazetteerEntity[]): ExchangeItem[] {
  const ids = new Set(statements.keys());
  for (const { datavalue, qualifiers } of eachOf(statements)) {
    for (const value of [datavalue, ...qualifiers.map((q) => q.datavalue)]) for (const id of idsIn(value)) ids.add(id);
  }
  const known = new Map(entities.map((entity) => [entity.id, entity]));
  return [...ids].sort(compareIds).map((entity_id) => {
    const entity = known.get(entity_id);
    return {
      entity_id,
      type: 'item',
      labels: { ...entity?.labels },
      // The gazetteer's one description is English prose.
      descriptions: entity?.description ? { en: entity.description } : {},
      aliases: aliasesOf(entity?.aliases),
      statements: [...(statements.get(entity_id) ?? [])],
    };
  });
}

/** Properties of statements and qualifiers, with names and datatype of the gazetteer. Sorted by number. */
export function propertiesOf(statements: Statements, properties: readonly GazetteerProperty[]): Exchange['properties'] {
  const ids = new Set<string>();
  for (const { property_id, qualifiers } of eachOf(statements)) {
    ids.add(property_id);
    for (const qualifier of qualifiers) ids.add(qualifier.property_id);
  }
  const known = new Map(properties.map((property) => [property.id, property]));
  return [...ids].sort(compareIds).map((property_id) => {
    const property = known.get(property_id);
    return {
      property_id,
      datatype: property?.datatype ?? '',
      labels: { ...property?.labels },
      descriptions: {},
      aliases: aliasesOf(property?.aliases),
    };
  });
}

function* eachOf(statements: Statements): Generator<ExchangeStatement> {
  for (const list of statements.values()) yield* list;
}

function idsIn(value: DataValue): string[] {
  if (value.type === 'item') return [value.value.qid];
  return value.type === 'quantity' && value.value.unit_qid !== undefined ? [value.value.unit_qid] : [];
}

/** Aliases as a sorted set per language: their order in the gazetteer says nothing. */
function aliasesOf(aliases: Readonly<Record<string, readonly string[]>> = {}): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(aliases).map(([lang, list]) => [lang, [...new Set(list)].sort(compareText)]),
  );
}
