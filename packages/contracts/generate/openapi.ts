import { z } from 'zod';
import * as contracts from '../src/index.ts';
import type { Json } from './json-text.ts';
import { Components, type JsonSchema } from './schema-documents.ts';

const params: Record<string, z.ZodType> = {
  tenant: contracts.tenantIdSchema,
  build: contracts.buildIdSchema,
  release: contracts.releaseIdSchema,
  digest: contracts.digestSchema,
  letter: contracts.digestSchema,
  node: contracts.nameSchema,
  index: z.int().min(0),
};

const isPage = (schema: contracts.Route['response']): boolean =>
  schema instanceof z.ZodObject && 'next_cursor' in schema.shape;

function parametersOf(route: contracts.Route, name: string, components: Components): Json[] {
  const inPath = [...route.path.matchAll(/:(\w+)|\*/g)].map(([, param]) => param ?? 'path');
  const list: Json[] = inPath.map((param) => ({
    name: param,
    in: 'path',
    required: true,
    schema: components.use(params[param] ?? z.string()),
  }));
  const header = (key: string, description: string, required = false): Json => ({
    name: key,
    in: 'header',
    required,
    description,
    schema: { type: 'string' },
  });
  if (isPage(route.response)) {
    list.push({
      name: 'cursor',
      in: 'query',
      required: false,
      description: '`next_cursor` of the page before',
      schema: { type: 'string' },
    });
    list.push({
      name: 'limit',
      in: 'query',
      required: false,
      description: 'Items of a page',
      schema: { type: 'integer', minimum: 1, maximum: 200 },
    });
  }
  if (name === 'putArtifact') list.push(header('x-artifact-kind', 'Kind of the artifact, such as `document`', true));
  if (route.response === 'stream') list.push(header('last-event-id', 'Version after which to go on'));
  if (route.request instanceof z.ZodType) list.push(header('idempotency-key', 'Same key and body: same answer, once'));
  return list;
}

function contentOf(side: contracts.Route['response'] | undefined, components: Components): JsonSchema {
  if (side === undefined || side === 'empty') return {};
  if (side === 'bytes')
    return { content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } } };
  if (side === 'stream') return { content: { 'text/event-stream': { schema: { type: 'string' } } } };
  return { content: { 'application/json': { schema: components.use(side) } } };
}

function operationOf(name: string, route: contracts.Route, components: Components): JsonSchema {
  const problem = {
    description: 'Refused or failed',
    content: { 'application/problem+json': { schema: components.use(contracts.problemSchema) } },
  };
  return {
    operationId: name,
    summary: route.summary,
    tags: [route.service],
    ...(route.open ? { security: [] } : {}),
    parameters: parametersOf(route, name, components),
    ...(route.request === undefined
      ? {}
      : { requestBody: { required: true, ...contentOf(route.request, components) } }),
    responses: {
      [String(route.status)]: { description: route.summary, ...contentOf(route.response, components) },
      default: problem,
    },
  };
}

/** OpenAPI 3.1 of the routes table. */
export function openapi(): Json {
  const components = new Components('draft-2020-12');
  const paths: Record<string, JsonSchema> = {};
  for (const [name, route] of Object.entries(contracts.routes as Record<string, contracts.Route>)) {
    const at = route.path.replace(/:(\w+)/g, '{$1}').replace('*', '{path}');
    paths[at] = { ...paths[at], [route.method.toLowerCase()]: operationOf(name, route, components) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Orgo',
      version: '1',
      description:
        'Builds, records, releases and the sealed log of a tenant. Errors are problem documents with a reason code.',
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    paths,
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } }, schemas: components.schemas },
  };
}
