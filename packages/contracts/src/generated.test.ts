import fs from 'node:fs';
import path from 'node:path';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { driftedFiles } from '../generate/files.ts';
import { channels, reasonAreas, reasonCodes, routes } from './index.ts';

const read = (file: string): string => fs.readFileSync(path.join(import.meta.dirname, file), 'utf8');
const json = (file: string) => JSON.parse(read(file));
const folder = path.join(import.meta.dirname, '../generated');
const schemaFiles = fs.readdirSync(folder).filter((name) => name.endsWith('.schema.json'));

const refsOf = (value: unknown): string[] => {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, member]) =>
    key === '$ref' && typeof member === 'string' ? [member] : refsOf(member),
  );
};
const at = (document: unknown, ref: string): unknown =>
  ref
    .slice(2)
    .split('/')
    .reduce<unknown>(
      (value, part) => (value as Record<string, unknown> | undefined)?.[part.replaceAll('~1', '/')],
      document,
    );

describe('generated files', () => {
  it('are what the tables print', () => {
    expect(driftedFiles()).toEqual([]);
  });

  it.each(schemaFiles)('%s compiles in strict draft 2020-12', (file) => {
    const schema = json(`../generated/${file}`);
    expect(schema.$id).toMatch(/^urn:orgo:schema:[a-z-]+:\d$/);
    expect(() => new Ajv2020({ strict: true }).compile(schema)).not.toThrow();
  });

  it.each(['openapi.json', 'asyncapi.json'])('%s points at nothing that is not there', (file) => {
    const document = json(`../generated/${file}`);
    const refs = refsOf(document);
    expect(refs.length).toBeGreaterThan(20);
    expect(refs.filter((ref) => at(document, ref) === undefined)).toEqual([]);
  });

  it('openapi.json has every route, and its schemas compile', () => {
    const document = json('../generated/openapi.json');
    const operations = Object.values(document.paths).flatMap((item) =>
      Object.values(item as object).map((operation) => operation.operationId),
    );
    expect(operations.sort()).toEqual(Object.keys(routes).sort());
    const parts = JSON.parse(
      JSON.stringify(document.components.schemas).replaceAll('#/components/schemas/', '#/$defs/'),
    );
    for (const name of Object.keys(parts))
      expect(() => new Ajv2020({ strict: true }).compile({ $ref: `#/$defs/${name}`, $defs: parts })).not.toThrow();
  });

  it('asyncapi.json has every channel, and its payloads compile in draft-07', () => {
    const document = json('../generated/asyncapi.json');
    for (const [name, channel] of Object.entries(channels)) {
      expect(document.channels[name].address).toBe(channel.subject);
      const payload = document.channels[name].messages[name].payload;
      const inlined = JSON.parse(
        JSON.stringify({ ...payload, definitions: document.components.schemas }).replaceAll(
          '#/components/schemas/',
          '#/definitions/',
        ),
      );
      expect(() => new Ajv({ strict: true }).compile(inlined)).not.toThrow();
    }
  });
});

describe('reason codes', () => {
  const page = read('../../../docs/reference/reasons.md');
  const documented = [...page.matchAll(/^\| `([A-Z0-9_]+)`/gm)].map(([, code]) => code);

  it('are all on the page, and the page has no other', () => {
    expect([...documented].sort()).toEqual([...reasonCodes].sort());
  });

  it('are in one area each', () => {
    const all = Object.values(reasonAreas).flatMap((rows) => Object.keys(rows));
    expect(all.length).toBe(new Set(all).size);
  });

  it.each(reasonCodes)('%s has the form AREA_NOUN_STATE and a next step', (code) => {
    const row = Object.values(reasonAreas)
      .map((rows) => (rows as Record<string, { title: string; help: string; exit: number; class: string }>)[code])
      .find((found) => found !== undefined);
    expect(code).toMatch(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/);
    expect(row?.title).not.toBe('');
    expect(row?.help).not.toBe('');
    expect(row?.class === 'fault' ? row.exit : 4).toBe(4);
    expect(row?.class === 'breach' ? row.exit : 5).toBe(5);
  });

  it('are never removed', () => {
    const given: string[] = json('../vectors/reason-codes.json');
    expect(given.filter((code) => !reasonCodes.includes(code as never))).toEqual([]);
    expect(given.length).toBe(new Set(given).size);
  });
});
