import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { canonicalBytes, digestOfBytes, digestOfNothing, utf8 } from '@orgo/core';
import { schemaSetId } from '@orgo/kristal';
import { afterAll, describe, expect, test } from 'vitest';
import { createJudge } from '../facts/judge.ts';
import { readSchemaFolder } from './folder.ts';
import { compileSchemas, type Official } from './official.ts';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-schemas-'));
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

type Files = Readonly<Record<string, string>>;
let made = 0;

function folder(files: Files): string {
  const dir = path.join(root, `${made++}`);
  fs.mkdirSync(dir);
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    fs.writeFileSync(path.join(dir, name), text);
  }
  return dir;
}
const idOf = (files: Files) =>
  schemaSetId(Object.entries(files).map(([name, text]) => ({ path: name, digest: digestOfBytes(utf8(text)) })));
const load = (files: Files, dir = folder(files)): Official => compileSchemas(readSchemaFolder(dir, idOf(files)));
const codeOf = (work: () => unknown): unknown => {
  try {
    work();
    return null;
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

const demands = (...required: string[]) => JSON.stringify({ type: 'object', required });
/** Two folders deep, one schema by a relative name and one by id. */
const whole: Files = {
  'v3/claim-ir.schema.json': demands('claims'),
  'v3/resolved-claim-ir.schema.json': JSON.stringify({ $ref: 'urn:test:common#/$defs/named' }),
  'v3/parts/common.json': JSON.stringify({ $id: 'urn:test:common', $defs: { named: { required: ['name'] } } }),
};

describe('a folder of official schemas', () => {
  test('is read by content: one id wherever it lies, and a schema for each kind that a file is named for', () => {
    const { set_id, kinds } = load(whole);
    expect(load(whole)).toMatchObject({ set_id, kinds });
    expect(kinds).toEqual(['claim-ir-lines', 'resolved-lines']);
    expect(load({ ...whole, 'v3/claim-ir.schema.json': demands() }).set_id).not.toBe(set_id);
    expect(load({ ...whole, 'v3/parts/other.json': '{}' }).set_id).not.toBe(set_id);
  });

  test('with another content id than the pinned one is refused, and the id that it has is told', () => {
    const dir = folder(whole);
    expect(() => readSchemaFolder(dir, digestOfNothing)).toThrow(
      expect.objectContaining({ code: 'SCHEMA_SET_MISMATCH', detail: expect.stringContaining(idOf(whole)) }),
    );
  });

  test.each<[string, Files]>([
    ['nothing', {}],
    ['a file that is no JSON', { 'claim-ir.schema.json': '{' }],
    ['a key that is there twice', { 'claim-ir.schema.json': '{"type":"object","type":"array"}' }],
    ['a schema that is no object', { 'claim-ir.schema.json': '[]' }],
    ['a schema that is none', { 'claim-ir.schema.json': '{"type":"colour"}' }],
    ['a schema of another draft', { 'claim-ir.schema.json': '{"$schema":"http://json-schema.org/draft-07/schema#"}' }],
    ['a keyword that nothing checks', { 'claim-ir.schema.json': '{"requierd":["x"]}' }],
    ['a reference to nothing', { 'claim-ir.schema.json': '{"$ref":"https://example.org/other.json"}' }],
    ['one in a file for no kind', { ...whole, 'else.json': '{"$ref":"gone.json"}' }],
    ['two schemas for one kind', { ...whole, 'v4/claim-ir.schema.json': '{}' }],
    ['no schema for any kind', { 'common.json': '{}' }],
    ['something else than schemas', { ...whole, 'LICENSE.txt': 'text' }],
    ['a hidden file', { ...whole, '.json': '{}' }],
    ['a name that is spelled otherwise elsewhere', { ...whole, 'é.json': '{}' }],
  ])('with %s is refused', (_, files) => {
    expect(codeOf(() => load(files))).toBe('SCHEMA_SET_INVALID');
  });

  test('with a link in it, or that is not there, is refused', () => {
    const dir = folder(whole);
    fs.symlinkSync(path.join(dir, 'v3/claim-ir.schema.json'), path.join(dir, 'link.json'));
    expect(codeOf(() => load(whole, dir))).toBe('SCHEMA_SET_INVALID');
    const linked = folder(whole);
    fs.symlinkSync(path.join(linked, 'v3'), path.join(linked, 'v4'));
    expect(codeOf(() => load(whole, linked))).toBe('SCHEMA_SET_INVALID');
    expect(codeOf(() => load(whole, path.join(root, 'gone')))).toBe('SCHEMA_SET_INVALID');
  });

  test('that is too large is refused', () => {
    const many = Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`${i}.json`, '{}']));
    expect(codeOf(() => load({ ...whole, ...many }))).toBe('SCHEMA_SET_INVALID');
    const long = JSON.stringify({ $comment: 'x'.repeat(8 * 1024 * 1024) });
    expect(codeOf(() => load({ ...whole, 'long.json': long }))).toBe('SCHEMA_SET_INVALID');
  });
});

describe('an official schema', () => {
  const official = load(whole);

  test('is held against every document of an artifact, and says where the first one differs', () => {
    expect(official.judge('claim-ir-lines', utf8('{"claims":[]}\n{"claims":[]}\n'))).toBeNull();
    expect(official.judge('claim-ir-lines', utf8('{"claims":[]}\n{"claim":[]}\n'))).toEqual({
      code: 'SCHEMA_OFFICIAL_MISMATCH',
      detail: expect.stringMatching(/^document 2 \/ required: /),
    });
    expect(official.judge('resolved-lines', utf8('{"name":1}\n'))).toBeNull();
    expect(official.judge('claim-ir-lines', utf8('{'))?.code).toBe('SCHEMA_OFFICIAL_MISMATCH');
  });

  test('is not met by what every object inherits', () => {
    const inherits = load({ 'claim-ir.schema.json': demands('constructor') });
    expect(inherits.judge('claim-ir-lines', utf8('{}\n'))?.code).toBe('SCHEMA_OFFICIAL_MISMATCH');
  });

  test('of a kind that the folder has none for demands nothing', () => {
    expect(official.judge('pack-manifest', utf8('{}'))).toBeNull();
  });
});

describe('the judge with official schemas', () => {
  const claim = (pad: string) => ({ schema_version: '3.0', subject: { surface: `x${pad}` }, claims: [] });
  const lines = (count: number) =>
    Buffer.concat(Array.from({ length: count }, (_, i) => [canonicalBytes(claim(`${i}`)), utf8('\n')]).flat());

  test('holds both against an artifact, in the thread for large ones too', async () => {
    const files: Files = { 'claim-ir.schema.json': demands('seal') };
    const judge = createJudge(readSchemaFolder(folder(files), idOf(files)));
    expect(judge.schemas).toEqual({ set_id: idOf(files), kinds: ['claim-ir-lines'] });
    for (const bytes of [lines(2), lines(20_000)])
      expect(await judge.judge('claim-ir-lines', 'application/jsonl', bytes)).toMatchObject({
        contract: null,
        official: { code: 'SCHEMA_OFFICIAL_MISMATCH' },
      });
    // What breaks our own contract is told by that alone.
    expect(await judge.judge('claim-ir-lines', 'application/jsonl', utf8('{"a":1}\n'))).toMatchObject({
      contract: { code: 'GATE_CONTRACT_INVALID' },
      official: null,
    });
    await judge.close();
  });
});
