import { z } from 'zod';
import * as contracts from '../src/index.ts';
import { docstrings } from './docstrings.ts';
import type { Json } from './json-text.ts';

export type JsonSchema = { [key: string]: Json };
/** A schema with a name of its own: `id` names it on the wire and in the pages, `description` is its docstring. */
export type NamedSchema = { id: string; name: string; schema: z.ZodType; description: string };

/** Every exported schema that has an id, in alphabetical order of the ids. */
export function namedSchemas(): NamedSchema[] {
  const notes = docstrings();
  return Object.entries(contracts)
    .flatMap(([name, value]) => {
      const id = value instanceof z.ZodType ? value.meta()?.id : undefined;
      return id === undefined ? [] : [{ id, name, schema: value as z.ZodType, description: notes.get(name) ?? '' }];
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

const anyJson = (self: string): Json => ({
  anyOf: [
    { type: 'string' },
    { type: 'number' },
    { type: 'boolean' },
    { type: 'null' },
    { type: 'array', items: { $ref: self } },
    { type: 'object', propertyNames: { type: 'string' }, additionalProperties: { $ref: self } },
  ],
});

/**
 * A zod schema as JSON Schema with all its named parts beside it. What JSON Schema cannot say throws: wire types are pure
 * JSON. `io: input` keeps answers open, so that members may be added to them.
 */
export function convert(
  schema: z.ZodType,
  target: 'draft-2020-12' | 'draft-07',
): { root: JsonSchema; parts: Record<string, JsonSchema> } {
  const made = z.toJSONSchema(schema, { target, io: 'input', unrepresentable: 'throw' });
  const { $schema: _dialect, $defs, definitions, ...root } = JSON.parse(JSON.stringify(made)) as JsonSchema;
  const defs = (($defs ?? definitions) as Record<string, JsonSchema> | undefined) ?? {};
  const prefix = target === 'draft-07' ? '#/definitions/' : '#/$defs/';
  const parts: Record<string, JsonSchema> = {};
  const renamed = new Map<string, string>();
  for (const [name, part] of Object.entries(defs)) {
    const loose = name.startsWith('__');
    if (loose && JSON.stringify(part) !== JSON.stringify(anyJson(prefix + name)))
      throw new Error(`a shared schema without an id: ${JSON.stringify(part)}`);
    renamed.set(prefix + name, loose ? 'Json' : name);
    parts[loose ? 'Json' : name] = part;
  }
  const local = (ref: string): string => `#/$defs/${renamed.get(ref) ?? ref}`;
  return {
    root: mapRefs(root, local) as JsonSchema,
    parts: Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, mapRefs(part, local) as JsonSchema])),
  };
}

/** The value with every `$ref` rewritten. */
export function mapRefs(value: Json, rename: (ref: string) => string): Json {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => mapRefs(item, rename));
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      key === '$ref' && typeof member === 'string' ? rename(member) : mapRefs(member, rename),
    ]),
  );
}

const sorted = (parts: Record<string, JsonSchema>): [string, JsonSchema][] =>
  Object.entries(parts).sort(([a], [b]) => (a < b ? -1 : 1));

/** File name of a schema: `BuildRecord` → `build-record`. */
export const kebab = (id: string): string => id.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase();

/** The self-contained JSON Schema document of a named schema, or undefined for what is only a part of others (a string). */
export function documentOf({ id, schema, description }: NamedSchema): JsonSchema | undefined {
  const { root, parts } = convert(schema, 'draft-2020-12');
  const own = root.$ref === `#/$defs/${id}` ? parts[id] : root;
  if (own?.type !== 'object') return undefined;
  delete parts[id];
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:orgo:schema:${kebab(id)}:${id === 'BuildRecord' ? 2 : 1}`,
    title: id,
    ...(description === '' ? {} : { description }),
    ...own,
    ...(Object.keys(parts).length === 0 ? {} : { $defs: Object.fromEntries(sorted(parts)) }),
  };
}

/** Collects the parts of many schemas into one table, as the `components` of an API document want it. */
export class Components {
  readonly #parts: Record<string, JsonSchema> = {};
  readonly #target: 'draft-2020-12' | 'draft-07';

  constructor(target: 'draft-2020-12' | 'draft-07') {
    this.#target = target;
  }

  /** The schema, with its named parts moved to the components. */
  use(schema: z.ZodType): Json {
    const point = (ref: string): string => ref.replace('#/$defs/', '#/components/schemas/');
    const { root, parts } = convert(schema, this.#target);
    for (const [name, part] of Object.entries(parts)) {
      const moved = mapRefs(part, point) as JsonSchema;
      const known = this.#parts[name];
      if (known !== undefined && JSON.stringify(known) !== JSON.stringify(moved))
        throw new Error(`two schemas are named ${name}`);
      this.#parts[name] = moved;
    }
    return mapRefs(root, point);
  }

  get schemas(): Record<string, JsonSchema> {
    return Object.fromEntries(sorted(this.#parts));
  }
}
