import * as contracts from '../src/index.ts';
import type { Json } from './json-text.ts';
import { code, page, table } from './markdown.ts';
import { convert, documentOf, type JsonSchema, kebab, namedSchemas } from './schema-documents.ts';

const bounds = (schema: JsonSchema): string => {
  const of = (low: Json | undefined, high: Json | undefined): string =>
    high === undefined || high === Number.MAX_SAFE_INTEGER
      ? low === undefined
        ? ''
        : ` ≥ ${low}`
      : ` ${low ?? 0}..${high}`;
  return of(
    schema.minimum ?? schema.minLength ?? schema.minItems,
    schema.maximum ?? schema.maxLength ?? schema.maxItems,
  );
};

/** A schema in a few words: `ArtifactRef[] 0..256`, `Digest or null`. */
function shape(schema: JsonSchema): string {
  if (typeof schema.$ref === 'string') return schema.$ref.split('/').at(-1) as string;
  if (Array.isArray(schema.anyOf)) return (schema.anyOf as JsonSchema[]).map(shape).join(' or ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(', ');
  if (schema.type === 'array') return `${shape(schema.items as JsonSchema)}[]${bounds(schema)}`;
  if (
    schema.type === 'object' &&
    schema.additionalProperties !== null &&
    typeof schema.additionalProperties === 'object'
  )
    return `map of ${shape(schema.additionalProperties as JsonSchema)}`;
  if (schema.type === 'object')
    return `{ ${Object.keys((schema.properties as JsonSchema | undefined) ?? {}).join(', ')} }`;
  if (typeof schema.pattern === 'string') return `string ${schema.pattern}`;
  return `${String(schema.type)}${bounds(schema)}`;
}

const signedAs = new Map<string, string>(
  Object.entries({
    StageCommand: contracts.payloadTypes.command,
    StageReply: contracts.payloadTypes.reply,
    GateClaim: contracts.payloadTypes.claim,
    Authorization: contracts.payloadTypes.authorization,
    GateDecision: contracts.payloadTypes.decision,
    TrustRoot: contracts.payloadTypes.trustRoot,
  }),
);

/** Every message and record, member by member. */
export function messagesPage(): string {
  const named = namedSchemas();
  const documents = named.flatMap((entry) => {
    const document = documentOf(entry);
    return document === undefined ? [] : [{ ...entry, document }];
  });
  const primitives = named.filter(({ id }) => !documents.some((entry) => entry.id === id));
  const blocks = documents.flatMap(({ id, description, document }) => {
    const required = new Set(document.required as string[] | undefined);
    const rows = Object.entries(document.properties as Record<string, JsonSchema>).map(([name, schema]) => [
      code(name),
      shape(schema),
      required.has(name) ? '' : 'may be absent',
      typeof schema.description === 'string' ? schema.description : '',
    ]);
    return [
      `## ${id}`,
      ...(description === '' ? [] : [description]),
      ...(signedAs.has(id) ? [`Signed as ${code(signedAs.get(id) as string)}.`] : []),
      `Schema: \`packages/contracts/generated/${kebab(id)}.schema.json\`${document.additionalProperties === false ? '; no other members' : '; members may be added'}.`,
      table(['member', 'is', '', 'note'], rows),
    ];
  });
  return page(
    'Messages and records',
    'packages/contracts/src',
    'What is hashed or signed is read strictly (I-JSON) and written as RFC 8785.',
    '## Primitives',
    table(
      ['name', 'is', 'note'],
      primitives.map((entry) => [
        code(entry.id),
        shape(convert(entry.schema, 'draft-2020-12').parts[entry.id] as JsonSchema),
        entry.description,
      ]),
    ),
    ...blocks,
  );
}
